"""Post the notice as JSON to a URL: to Slack, Teams, PagerDuty and others by ready templates.

--template NAME takes NAME.json.j2: slack, teams, discord, mattermost, googlechat, telegram, ntfy, pushover,
pagerduty, opsgenie, opsgenie-close, alertmanager; without it the body is webhook.json.j2, which says all
there is.  --set NAME=VALUE and --secret NAME=@FILE give a template what it needs besides.  A URL that is
itself a secret is @FILE or env:NAME; {thread} in it is the name of the outage.  Header Idempotency-Key is the
same at each attempt; --sign @FILE adds X-Mon-Signature: sha256=HEX, the HMAC of the body.  Redirects are not
followed.
"""

import functools
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidProxyURL, InvalidSchema, InvalidURL, MissingSchema
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager

from mon.plugin import (
    BadOption,
    Hidden,
    Notice,
    Option,
    Render,
    RenderError,
    Undeliverable,
    exposed,
    secret,
    secret_parts,
    zone_named,
)

AGAIN = frozenset((408, 425, 429))
"""Refusals that are about time, not about us (RFC 9110 15.5.9, RFC 8470, RFC 6585)."""

OWN_HEADERS = frozenset(("Content-Type", "User-Agent", "Idempotency-Key"))

SHOWN, READ = 200, 4096
"""So many characters of an answer are shown; so many bytes are read."""

LONGEST = 40.0
"""Seconds that a call may take, whatever the receiver does: less than a message gets."""


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
    ca: Annotated[str, Option("--ca", metavar="FILE", help="trust these certificates only")] = "",
    zone: Annotated[str, Option("--zone", help="time zone of the reader, as Europe/Berlin")] = "",
    timeout: Annotated[float, Option("--timeout", help="seconds for each step")] = 10.0,
    render: Render,
) -> str:
    """Post it; every answer from 200 to 299 is good, and is returned."""
    if len(url) != 1:
        raise Undeliverable("exactly one URL is needed", permanent=True)
    target = secret(url[0]).replace("{thread}", quote(notice.thread, safe=""))
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
    with _translated(target, hidden), _session(ca) as session:
        session.proxies = {"http": through, "https": through} if through else _environment(target)
        with session.request(
            *(method, target),
            data=body,
            headers=headers,
            timeout=min(timeout, LONGEST),
            allow_redirects=False,
            stream=True,
        ) as response:
            return _judge(response, hidden, trouble)


def verify(options: Mapping[str, Any]) -> list[str]:
    """Refuse what can never be sent; warn of secrets that others may read."""
    words = {name: list(options.get(name) or ()) for name in ("url", "secrets", "secret_header")}
    try:
        zone_named(str(options.get("zone") or ""))
        _pairs(options.get("value") or (), "=")
        _pairs(options.get("header") or (), ":")
        hidden = {**_pairs(words["secrets"], "="), **_pairs(words["secret_header"], "=")}
    except (Undeliverable, ValueError) as error:
        raise BadOption(f"{error}: see mon plugins webhook") from error
    for name, word in {**hidden, "the key": str(options.get("sign") or "@")}.items():
        if not word.startswith(("@", "env:")):
            raise BadOption(f"{name} is a secret and stands here: write it to FILE, and @FILE here")
    url = next(iter(words["url"]), "")
    if url and not url.startswith(("@", "env:", "http://", "https://")):
        raise BadOption("the URL is not one of http or https: write https://... or @FILE")
    keys = [*hidden.values(), str(options.get("sign") or ""), str(options.get("proxy") or "")]
    return exposed(url, *keys)


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
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    subject = " ".join(render.text("mail.subject.j2", plain, notice=notice, zone=zone).split())
    text = render.text("chat.txt.j2", notice.summary, notice=notice, zone=zone).strip()
    values = {"value": value or {}, "secret": secrets or {}, "zone": zone}
    try:
        body = render.render(name, notice=notice, subject=subject, text=text, **values)
        if ".json" in name:
            json.loads(body)
    except (RenderError, ValueError) as error:
        plainly = {"id": notice.id, "text": subject, "summary": notice.summary, "template_error": str(error)}
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


# -- the connection -------------------------------------------------------------------------------


class _Adapter(HTTPAdapter):
    """One SSL context for all; ``opened`` are the sockets, so that they can be cut."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.opened: list[socket.socket] = []
        super().__init__()

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, ssl_context=self._context, **options)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **options)
        self._watch(manager)
        return manager

    def cert_verify(self, *_: Any) -> None:
        """Nothing: requests would load its own list of authorities into the shared context."""

    def build_connection_pool_key_attributes(self, *words: Any, **options: Any) -> Any:
        """Only where to connect to: see ``cert_verify``."""
        host, _ = super().build_connection_pool_key_attributes(*words, **options)
        return host, {}

    def cut(self) -> None:
        """End every connection, whatever it waits for."""
        for each in self.opened:
            with suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)

    def _watch(self, manager: PoolManager) -> None:
        kinds = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        manager.pool_classes_by_scheme = {name: self._watched(kind) for name, kind in kinds.items()}

    def _watched(self, kind: Any) -> Any:
        opened = self.opened

        class Connection(kind.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                opened.append(self.sock)

        return type(kind.__name__, (kind,), {"ConnectionCls": Connection})


@contextmanager
def _session(ca: str) -> Iterator[requests.Session]:
    """A session of one call, cut when its time is over: the timeout of requests is for each piece."""
    adapter = _Adapter(_context(ca, _changed(ca)))
    late = threading.Event()

    def cut() -> None:
        late.set()
        adapter.cut()

    limit = threading.Timer(LONGEST, cut)
    limit.daemon = True
    with requests.Session() as session:
        session.trust_env = False  # no passwords from ~/.netrc
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        limit.start()
        try:
            yield session
        except requests.RequestException:
            if late.is_set():
                raise requests.Timeout from None
            raise
        finally:
            limit.cancel()


@functools.lru_cache(maxsize=16)
def _context(ca: str, _changed: float) -> ssl.SSLContext:
    """Shared by all calls: the system's authorities take 30 ms to load."""
    if not ca and not any(ssl.get_default_verify_paths()[:2]):
        ca = requests.utils.DEFAULT_CA_BUNDLE_PATH  # a machine without ca-certificates
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise Undeliverable(f"{ca}: {error.strerror or error}") from None


def _changed(file: str) -> float:
    try:
        return os.stat(file).st_mtime if file else 0.0
    except OSError:
        return 0.0


def _environment(url: str) -> dict[str, str]:
    """The proxy that the environment names for this URL (https_proxy, no_proxy)."""
    return dict(requests.utils.get_environ_proxies(url))


# -- the answer -----------------------------------------------------------------------------------


def _judge(response: requests.Response, hidden: Hidden, trouble: str) -> str:
    status = response.status_code
    reply = next(response.iter_content(READ), b"")
    said = hidden(" ".join(reply.decode("utf-8", "backslashreplace").split()))[:SHOWN]
    text = f"{status} {' '.join((response.reason or '').split())}".strip() + (f": {said}" if said else "")
    if trouble:
        text += f" ({hidden(trouble)})"
    if 200 <= status < 300:
        return text
    text = f"{_where(response.url)} answers {text}"
    if 300 <= status < 400:
        text += " (redirects are not followed)"
    permanent = 300 <= status < 500 and status not in AGAIN
    raise Undeliverable(text, permanent=permanent, retry_after=_retry_after(response, reply))


def _retry_after(response: requests.Response, reply: bytes) -> float | None:
    """Seconds: header Retry-After (RFC 9110 10.2.3); Telegram says it in the body."""
    word = response.headers.get("Retry-After", "")
    if not word:
        with suppress(ValueError, TypeError, LookupError, AttributeError):
            word = str(json.loads(reply)["parameters"]["retry_after"])
    with suppress(ValueError):
        return max(0.0, float(word))
    with suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(word).timestamp() - time.time())
    return None


@contextmanager
def _translated(target: str, hidden: Hidden) -> Iterator[None]:
    try:
        yield
    except (InvalidURL, InvalidSchema, MissingSchema) as error:
        what = "proxy" if isinstance(error, InvalidProxyURL) else "URL"
        raise Undeliverable(f"the {what} is not one of http or https", permanent=True) from None
    except (InvalidHeader, UnicodeEncodeError):
        raise Undeliverable("a header has characters that no header may have", permanent=True) from None
    except (requests.RequestException, OSError, ValueError) as error:
        # Without the text of requests, which repeats the URL, and the URL may be the secret.
        raise Undeliverable(f"{_where(target)}: {hidden(_reason(error))}") from None


def _where(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "the URL"


def _reason(error: BaseException) -> str:
    """What the system said at the bottom of it: "Connection refused", "timed out"."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    bottom: BaseException = error
    while isinstance(inner := bottom.__cause__ or bottom.__context__, BaseException):
        bottom = inner
    text = getattr(bottom, "strerror", None) or str(bottom)
    return re.sub(r"https?://\S+|url: \S+", "...", text)[:SHOWN] or type(error).__name__
