"""Post the notice as JSON to a URL: to Slack, Teams, PagerDuty and others by ready templates.

--template NAME takes NAME.json.j2: slack, teams, discord, mattermost, googlechat, telegram, ntfy, pushover,
pagerduty, opsgenie, opsgenie-close, alertmanager; without it the body is webhook.json.j2, which says all
there is.  --set NAME=VALUE and --secret NAME=@FILE give a template what it needs besides.  A URL that is
itself a secret is @FILE or env:NAME; {thread} in it is the name of the outage.  Header Idempotency-Key is the
same at each attempt; --sign @FILE adds X-Mon-Signature: sha256=HEX, the HMAC of the body.  Redirects are not
followed.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Unpack
from urllib.parse import quote

from mon.plugin import (
    BadOption,
    Hidden,
    Notice,
    Option,
    Render,
    RenderError,
    Request,
    TlsOptions,
    Undeliverable,
    Zone,
    brief,
    exposed,
    post,
    secret,
    secret_parts,
    tls_settings,
    verify_tls,
    verify_zone,
)

OWN_HEADERS = frozenset(("Content-Type", "User-Agent", "Idempotency-Key"))


def send(
    notice: Notice,
    url: Annotated[list[str], Option(positional=True, metavar="URL", help="where to: or @FILE, or env:NAME")],
    *,
    template: Annotated[str, Option("--template", metavar="NAME", help="of the body")] = "webhook",
    value: Annotated[list[str], Option("--set", metavar="NAME=VALUE", help="for the template")] = [],  # noqa: B006 - never changed
    secrets: Annotated[list[str], Option("--secret", metavar="NAME=@FILE", help="for the template")] = [],  # noqa: B006
    header: Annotated[list[str], Option("--header", metavar="NAME:VALUE")] = [],  # noqa: B006
    secret_header: Annotated[list[str], Option("--secret-header", metavar="NAME=@FILE")] = [],  # noqa: B006
    sign: Annotated[str, Option("--sign", metavar="@FILE", help="sign the body with this key")] = "",
    sign_header: Annotated[str, Option("--sign-header", metavar="NAME")] = "X-Mon-Signature",
    method: Annotated[str, Option("--method")] = "POST",
    proxy: Annotated[str, Option("--proxy", metavar="URL", help="else as https_proxy says; or @FILE")] = "",
    zone: Zone = "",
    timeout: Annotated[float, Option("--timeout", help="seconds for each step")] = 10.0,
    render: Render,
    **tls: Unpack[TlsOptions],
) -> str:
    """Post it; every answer from 200 to 299 is good, and is returned."""
    if len(url) != 1:
        raise Undeliverable("exactly one URL is needed", permanent=True)
    target = secret(url[0]).replace("{thread}", quote(notice.incident, safe=""))
    given = {name: secret(word) for name, word in _pairs(secrets, "=").items()}
    text, trouble = compose(notice, template, render, zone=zone, value=_pairs(value, "="), secrets=given)
    body = text.encode()
    headers = _headers(notice, header, secret_header)
    if sign:
        digest = hmac.new(secret(sign).encode(), body, hashlib.sha256).hexdigest()
        headers[sign_header] = f"sha256={digest}"
    through = secret(proxy)
    private = (text for name, text in headers.items() if name not in OWN_HEADERS)
    hidden = Hidden([*secret_parts(target), *secret_parts(through), *given.values(), *private])
    return post(Request(target, body, headers, method, through, tls_settings(tls), timeout), hidden, trouble)


def verify(options: Mapping[str, Any]) -> list[str]:
    """Refuse what can never be sent; warn of secrets that others may read."""
    verify_zone(options)
    words = {name: list(options.get(name) or ()) for name in ("url", "secrets", "secret_header")}
    try:
        _pairs(options.get("value") or (), "=")
        _pairs(options.get("header") or (), ":")
        hidden = {**_pairs(words["secrets"], "="), **_pairs(words["secret_header"], "=")}
    except Undeliverable as error:
        raise BadOption(f"{error}: see mon plugins webhook") from error
    for name, word in {**hidden, "the key": str(options.get("sign") or "@")}.items():
        if not word.startswith(("@", "env:")):
            raise BadOption(f"{name} is a secret and stands here: write it to FILE, and @FILE here")
    url = next(iter(words["url"]), "")
    if url and not url.startswith(("@", "env:", "http://", "https://")):
        raise BadOption("the URL is not one of http or https: write https://... or @FILE")
    keys = [*hidden.values(), str(options.get("sign") or ""), str(options.get("proxy") or "")]
    return [*exposed(url, *keys), *verify_tls(options)]


def preview(notice: Notice, options: Mapping[str, Any], render: Render) -> str:
    """The body as it would be posted, without the secrets."""
    given = dict.fromkeys(_pairs(options.get("secrets") or (), "="), "***")
    value = _pairs(options.get("value") or (), "=")
    zone = str(options.get("zone") or "")
    body, trouble = compose(
        notice, str(options.get("template")), render, zone=zone, value=value, secrets=given
    )
    with suppress(ValueError):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return f"{body}\n\n{trouble}" if trouble else body


def compose(
    notice: Notice,
    template: str,
    render: Render,
    *,
    zone: str = "",
    value: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The body, and what is wrong with it: a template that fails, or makes no JSON, is replaced."""
    name = template if "." in template else f"{template}.json.j2"
    said = brief(notice, render, zone)
    values = {"value": value or {}, "secret": secrets or {}, "zone": zone}
    try:
        body = render.render(name, notice=notice, subject=said.subject, text=said.text, **values)
        if ".json" in name:
            json.loads(body)
    except (RenderError, ValueError) as error:
        plainly = {
            "id": notice.id,
            "text": said.subject,
            "summary": notice.summary,
            "template_error": str(error),
        }
        return json.dumps(plainly), f"template {name} made no good body: {error}"
    return body, ""


def _pairs(words: Sequence[str], mark: str) -> dict[str, str]:
    """``NAME=VALUE`` or ``NAME:VALUE`` to a mapping; no error repeats the word, which may be a secret."""
    pairs = {}
    for word in words:
        name, found, value = word.partition(mark)
        if not (found and name.strip()):
            raise Undeliverable(f"an option is not of the form NAME{mark}VALUE", permanent=True)
        pairs[name.strip()] = value.strip()
    return pairs


def _headers(notice: Notice, plain: Sequence[str], hidden: Sequence[str]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "mon"}
    if notice.id:
        headers["Idempotency-Key"] = notice.id
    headers |= _pairs(plain, ":")
    for name, word in _pairs(hidden, "=").items():
        if not word.startswith(("@", "env:")):
            raise Undeliverable("--secret-header: not NAME=@FILE", permanent=True)
        headers[name] = secret(word)
    return headers
