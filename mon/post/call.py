"""One HTTP request by the library requests, cut off in time, its answer judged."""

import functools
import json
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidProxyURL, InvalidSchema, InvalidURL, MissingSchema
from urllib3 import PoolManager

from mon.errors import Undeliverable, Unknown
from mon.post import LONGEST, Request
from mon.post.limit import Limit
from mon.post.pools import pool_classes
from mon.probe.tls import Contexts, Tls
from mon.secret import Hidden
from mon.structs import replace

AGAIN = frozenset((408, 425, 429))
"""Refusals that are about time, not about us (RFC 9110 15.5.9, RFC 8470, RFC 6585)."""

WORD, LATEST = 64, 86400.0
"""Characters of a Retry-After that are read, and the most seconds that it may say."""

SHOWN, READ = 200, 4096
"""So many characters of an answer are shown; so many bytes are read."""


def call(request: Request, hidden: Hidden, remark: str) -> str:
    """See ``mon.post.post``."""
    with _translated(request.url, hidden), _session(request.tls, min(request.timeout, LONGEST)) as session:
        through = request.proxy
        session.proxies = {"http": through, "https": through} if through else _environment(request.url)
        with session.request(
            *(request.method, request.url),
            data=request.body,
            headers=dict(request.headers),
            timeout=min(request.timeout, LONGEST),
            allow_redirects=False,
            stream=True,
        ) as response:
            return _judge(response, hidden, remark)


class _Adapter(HTTPAdapter):
    """One SSL context for all, and connections that end with the limit."""

    def __init__(self, context: ssl.SSLContext, seconds: float, limit: Limit) -> None:
        self._context = context
        self._seconds = seconds
        self._limit = limit
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

    def _watch(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = pool_classes(self._seconds, opened=self._limit.opened)


@contextmanager
def _session(tls: Tls, seconds: float) -> Iterator[requests.Session]:
    """A session of one call, cut when its time is over: the timeout of requests is for each piece."""
    limit = Limit(LONGEST)
    adapter = _Adapter(_context(tls), seconds, limit)
    with limit, requests.Session() as session:
        session.trust_env = False  # no passwords from ~/.netrc
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            yield session
        except requests.RequestException:
            if limit.struck:
                raise requests.Timeout from None
            raise


@functools.lru_cache(maxsize=1)
def _contexts() -> Contexts:
    """Shared by all calls: the system's authorities take 30 ms to load."""
    return Contexts()


def _context(tls: Tls) -> ssl.SSLContext:
    if not tls.ca and not any(ssl.get_default_verify_paths()[:2]):
        tls = replace(tls, ca=requests.utils.DEFAULT_CA_BUNDLE_PATH)  # a machine without ca-certificates
    try:
        return _contexts().get(tls)
    except Unknown as error:
        raise Undeliverable(error.detail) from None


def _environment(url: str) -> dict[str, str]:
    """The proxy that the environment names for this URL (https_proxy, no_proxy)."""
    return dict(requests.utils.get_environ_proxies(url))


def _judge(response: requests.Response, hidden: Hidden, remark: str) -> str:
    status = response.status_code
    reply = _read(response)
    said = hidden(" ".join(reply.decode("utf-8", "backslashreplace").split()))[:SHOWN]
    reason = " ".join((response.reason or "")[:SHOWN].split())
    text = f"{status} {reason}".strip() + (f": {said}" if said else "")
    if remark:
        text += f" ({hidden(remark)})"
    if 200 <= status < 300:
        return text
    text = f"{_where(response.url)} answers {text}"
    if 300 <= status < 400:
        text += " (redirects are not followed)"
    permanent = 300 <= status < 500 and status not in AGAIN
    raise Undeliverable(text, permanent=permanent, retry_after=_retry_after(response, reply))


def _read(response: requests.Response) -> bytes:
    """What it says; it has answered, so that nothing is posted twice for a connection that breaks then."""
    with suppress(requests.RequestException, OSError):
        return next(response.iter_content(READ), b"")
    return b""


def _retry_after(response: requests.Response, reply: bytes) -> float | None:
    """Seconds: header Retry-After (RFC 9110 10.2.3); Telegram says it in the body."""
    word = response.headers.get("Retry-After", "")
    if not word:
        with suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError):
            word = str(json.loads(reply)["parameters"]["retry_after"])
    with suppress(ValueError):
        return _bounded(float(word[:WORD]))
    with suppress(ValueError, TypeError, OverflowError):
        return _bounded(parsedate_to_datetime(word[:WORD]).timestamp() - time.time())
    return None


def _bounded(seconds: float) -> float:
    """Not a number, or beyond a day: nobody may put an alert off for ever."""
    return min(max(0.0, seconds), LATEST) if seconds == seconds else 0.0


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
