"""Post the notice as JSON to a URL.

The body is the template webhook.json.j2.  Header Idempotency-Key is the same at each attempt.  A URL that
is itself a secret can be kept in a file: @FILE instead of the URL.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema

from mon.plugin import Notice, Option, Render, RenderError, Undeliverable

AGAIN = frozenset((408, 425, 429))
"""Refusals that are about time, not about us (RFC 9110 15.5.9, RFC 8470, RFC 6585)."""

PUBLIC = frozenset(("Content-Type", "User-Agent", "Idempotency-Key"))

LONG = 8
"""Characters from which on a piece of a URL or a header may be a secret."""

REPLY = 200
"""So many bytes of a refusal are shown."""


def send(
    notice: Notice,
    url: Annotated[list[str], Option(positional=True, metavar="URL", help="where to, or @FILE")],
    *,
    header: Annotated[list[str], Option("--header", metavar="NAME:VALUE")] = [],  # noqa: B006 - never changed
    secret_header: Annotated[list[str], Option("--secret-header", metavar="NAME=@FILE")] = [],  # noqa: B006
    template: Annotated[str, Option("--template", help="of the body")] = "webhook.json.j2",
    method: Annotated[str, Option("--method")] = "POST",
    ca: Annotated[str, Option("--ca", metavar="FILE", help="trust these certificates only")] = "",
    timeout: Annotated[float, Option("--timeout", help="seconds for each step")] = 10.0,
    render: Render,
) -> None:
    """Post it; every answer from 200 to 299 is good."""
    if len(url) != 1:
        raise Undeliverable("exactly one URL is needed", permanent=True)
    target = _secret(url[0][1:]) if url[0].startswith("@") else url[0]
    headers = _headers(notice, header, secret_header)
    body = compose(notice, template, render)
    try:
        with requests.request(
            *(method, target),
            data=body.encode(),
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
            verify=ca or True,
        ) as response:
            _judge(response, _hidden(target, headers))
    except (InvalidURL, InvalidSchema, MissingSchema):
        raise Undeliverable("the URL is not one of http or https", permanent=True) from None
    except (InvalidHeader, UnicodeEncodeError):
        raise Undeliverable("a header has characters that no header may have", permanent=True) from None
    except (requests.RequestException, OSError, ValueError) as error:
        # Without the text of requests, which repeats the URL, and the URL may be the secret.
        raise Undeliverable(f"{_where(target)}: {_reason(error)}") from None


def compose(notice: Notice, template: str, render: Render) -> str:
    """The body; a template that fails, or makes what is not JSON, is replaced, and that is said."""
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    subject = " ".join(render.text("mail.subject.j2", plain, notice=notice).split())
    try:
        body = render.render(template, notice=notice, subject=subject)
        if ".json" in template:
            json.loads(body)
    except (RenderError, ValueError) as error:
        return json.dumps(
            {"id": notice.id, "text": subject, "summary": notice.summary, "template_error": str(error)}
        )
    return body


def _headers(notice: Notice, plain: list[str], secret: list[str]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "mon"}
    if notice.id:
        headers["Idempotency-Key"] = notice.id
    for word in plain:
        name, colon, value = word.partition(":")
        if not colon:
            raise Undeliverable(f"--header {word}: not NAME:VALUE", permanent=True)
        headers[name.strip()] = value.strip()
    for word in secret:
        name, mark, file = word.partition("=@")
        if not mark:
            raise Undeliverable("--secret-header: not NAME=@FILE", permanent=True)
        headers[name.strip()] = _secret(file)
    return headers


def _secret(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Undeliverable(f"{file}: {getattr(error, 'strerror', '') or 'not text'}") from None


def _hidden(url: str, headers: Mapping[str, str]) -> list[str]:
    """What a refusal may repeat and nobody should read: the path of the URL, the headers' values."""
    parts = urlsplit(url)
    words = [parts.path, parts.query, *parts.path.split("/")]
    values = [value for name, value in headers.items() if name not in PUBLIC]
    words += [word for value in values for word in (value, *value.split())]
    return sorted((word for word in words if len(word) >= LONG), key=len, reverse=True)


def _judge(response: requests.Response, hidden: list[str]) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    said = next(response.iter_content(REPLY), b"").decode("utf-8", "backslashreplace")
    for word in hidden:
        said = said.replace(word, "***")
    text = f"{_where(response.url)} answers {status} {' '.join((response.reason or '').split())}"
    if 300 <= status < 400:
        text += ": redirects are not followed, give the final URL"
    elif said:
        text += f": {' '.join(said.split())}"
    raise Undeliverable(text, permanent=300 <= status < 500 and status not in AGAIN)


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _reason(error: BaseException) -> str:
    """What the system said at the bottom of it: "Connection refused", "timed out"."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    bottom: BaseException = error
    while isinstance(inner := bottom.__cause__ or bottom.__context__, BaseException):
        bottom = inner
    text = getattr(bottom, "strerror", None) or str(bottom)
    return re.sub(r"https?://\S+|url: \S+", "...", text)[:REPLY] or type(error).__name__
