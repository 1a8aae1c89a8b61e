"""Fetch a URL as a browser would: redirects, login, proxy, any headers.

For checks that ``http`` cannot make.  It is some ten times dearer and runs in a thread.

A redirect to the host itself, or to the name that ``--host`` gives it, stays on the address under test (as
check_http's sticky).  One to another host is followed and said; where the service votes on a pool, or with
``--follow here``, it is down: the answer of another server says nothing about this one.
"""

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Unpack
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from mon.plugin import (
    BadOption,
    Cause,
    Down,
    Finding,
    LaxTlsOptions,
    Limit,
    Option,
    Probe,
    Unknown,
    ascii_name,
    finding_under,
    numbers,
    pool_classes,
    regex,
    statuses,
    tls_settings,
    verify_tls,
)

urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # --insecure is the operator's word
USUAL = "200-399"
USUAL_PORTS = {"http": 80, "https": 443}
CHARSET = re.compile(r";[ \t]*charset=\"?([^\";, \t]{1,40})", re.IGNORECASE)
LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Home:
    """The server under test: what it is called in URLs, and where it is.

    ``hosts`` are the host of the first URL and ``name``, both mean ``addresses`` (none: look them up).
    """

    url: str
    name: str
    addresses: tuple[str, ...]

    @property
    def host(self) -> str:
        """The host of the first URL."""
        return host_of(self.url)

    def __contains__(self, url: str) -> bool:
        return host_of(url) in (self.host, self.name)

    def place(self, scheme: str, host: str, port: int) -> tuple[tuple[str, ...], int]:
        """Where to connect to for a URL.

        The port that its scheme has by itself is, with the name, the one that was asked first: the header
        Host named no other.
        """
        if called(host) not in (self.host, self.name):
            return (), port
        first = urlsplit(self.url)
        if called(host) == self.name and (scheme, port) == (first.scheme, USUAL_PORTS[scheme]):
            port = first.port or port
        return self.addresses, port


@dataclass(frozen=True, slots=True)
class Wish:
    """One request."""

    method: str
    home: Home
    headers: Mapping[str, str]
    body: str
    auth: AuthBase | None
    proxy: str
    redirects: int
    away: bool
    timeout: float
    context: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Page:
    """What came back in the end; ``away`` is the other host that it is from, or passed by, "" without one."""

    status: int
    redirects: int
    body: bytes
    charset: str
    away: str


async def check(
    host: str,
    *,
    url: Annotated[str, Option("-u", help="path, or a whole URL with {host} in it", metavar="URL")] = "/",
    port: Annotated[int | None, Option("-p", help="port, where -u is a path")] = None,
    timeout: Annotated[float, Option("-t", help="seconds for everything")] = 30,
    agent: Annotated[str, Option("-a", help="User-Agent")] = "mon/url",
    match: Annotated[str, Option("-m", help="regular expression that the page must match")] = "",
    name: Annotated[str, Option("--host", help="name for the Host header, SNI and the certificate")] = "",
    status: Annotated[str, Option("--status", help="good statuses, after redirects")] = USUAL,
    method: Annotated[str, Option("--method", help="request method")] = "GET",
    header: Annotated[list[str] | None, Option("--header", help="to send", metavar="NAME:VALUE")] = None,
    data: Annotated[str, Option("--data", help="body to send")] = "",
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password_file: Annotated[str, Option("--password-file", help="its first line is the password")] = "",
    digest: Annotated[bool, Option("--digest", help="log in by digest")] = False,
    proxy: Annotated[str, Option("--proxy", help="ask this proxy", metavar="URL")] = "",
    redirects: Annotated[int, Option("--redirects", help="to follow; 0: take the first answer")] = 10,
    follow: Annotated[
        str,
        Option("--follow", help="here: one to another host is down; anywhere: it is not", metavar="WHERE"),
    ] = "",
    tls: Annotated[bool, Option("--tls", help="HTTPS, where -u is a path")] = False,
    probe: Probe,
    **given: Unpack[LaxTlsOptions],
) -> str:
    """``HTTP 200 in 30 ms, 512 bytes, 1 redirect``."""
    ours = "://" not in url or "{host}" in url
    known = await probe.resolve(host, timeout=timeout) if ours and not proxy else ()
    named = {"Host": ascii_name(name)} if name else {}
    wish = Wish(
        method=method,
        home=Home(whole(url, host, port, tls=tls), called(name), known),
        headers={"User-Agent": agent, **named, **split(header or ())},
        body=data,
        auth=await probe.in_thread(login, user, password_file, digest, timeout=timeout) if user else None,
        proxy=proxy,
        redirects=redirects,
        away=follow != "here",
        timeout=timeout,
        context=probe.context(tls_settings(given)),
    )
    start = time.monotonic()
    try:
        page = await probe.in_thread(fetch, wish, timeout=timeout)
    except TimeoutError as error:
        raise Down(f"no whole answer within {timeout:g} s", cause=Cause.TIMEOUT) from error
    said = f"HTTP {page.status} in {(time.monotonic() - start) * 1000:.0f} ms, {len(page.body)} bytes"
    if page.redirects:
        said += f", {page.redirects} redirect{'s' if page.redirects > 1 else ''}"
    said += f", away to {page.away}" if page.away else ""
    if page.status not in statuses(status):
        raise Down(f"{said}: expected {status}", cause=Cause.WRONG)
    if match and not regex(match).matches(page.body, page.charset):
        raise Down(f"{said}: no match for {match}", cause=Cause.WRONG)
    return said


def voting(options: Mapping[str, object]) -> Mapping[str, str]:
    """What another server answers is no vote on this one."""
    return {"follow": "here"}


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    statuses(str(options.get("status") or USUAL))
    regex(str(options.get("match") or ""))
    header = options.get("header")
    split(header if isinstance(header, list) else ())
    follow = str(options.get("follow") or "")
    if follow not in ("", "here", "anywhere"):
        raise BadOption(f"--follow is given {follow}: it takes here or anywhere")
    spoken = bool(options.get("tls")) or str(options.get("url") or "").startswith("https:")
    return verify_tls(options, used=spoken)


def whole(url: str, host: str, port: int | None, *, tls: bool) -> str:
    """The URL that is meant by ``-u`` for this host."""
    bare = host.replace("%", "%25")
    literal = f"[{bare}]" if ":" in host else bare
    if "://" in url:
        return url.replace("{host}", literal)
    return f"{'https' if tls else 'http'}://{literal}{f':{port}' if port else ''}/{url.removeprefix('/')}"


def split(headers: Sequence[str]) -> dict[str, str]:
    """``NAME:VALUE`` each.  Raises BadOption."""
    for header in headers:
        if not re.fullmatch(r"[!-9;-~]+:[^\x00-\x1f]*", header):
            raise BadOption(f"--header is given {header!r}: write NAME:VALUE")
    return {name: value.strip() for name, _, value in (header.partition(":") for header in headers)}


def login(user: str, password_file: str, digest: bool) -> AuthBase:
    """The login of a request.  Blocks; raises Unknown."""
    try:
        password = Path(password_file).read_text().partition("\n")[0] if password_file else ""
    except (OSError, ValueError) as error:
        raise Unknown(f"cannot read the password: {error}", cause=Cause.NONE) from error
    return HTTPDigestAuth(user, password) if digest else HTTPBasicAuth(user, password)


def host_of(url: str) -> str:
    """The host that a URL names, as ``called`` has it; "" without one."""
    try:
        return called(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def called(host: str) -> str:
    """One spelling for each host name."""
    try:
        return ascii_name(host).lower().rstrip(".")
    except UnicodeError:
        return host


class Adapter(HTTPAdapter):
    """Connections to where the home is, with the shared context: to load the authorities takes 30 ms.

    No answer is left for the library to read: of a redirect, or a login refused, it would read all there is.
    """

    def __init__(self, wish: Wish, limit: Limit, name: str = "") -> None:
        self._wish = wish
        self._limit = limit
        self._named = {"server_hostname": name} if name else {}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        """As the library calls it, with our context and connections."""
        keywords |= {"ssl_context": self._wish.context, **self._named}
        super().init_poolmanager(*arguments, **keywords)
        pools = pool_classes(self._wish.timeout, self._wish.home.place, self._limit)
        self.poolmanager.pool_classes_by_scheme = pools

    def proxy_manager_for(self, proxy: Any, **keywords: Any) -> Any:
        """As the library calls it, with our context."""
        keywords |= {"ssl_context": self._wish.context, **self._named}
        return super().proxy_manager_for(proxy, **keywords)

    def send(self, request: Any, *arguments: Any, **keywords: Any) -> Any:
        """As the library calls it, with the body read: LIMIT bytes of it at most."""
        answer: Any = super().send(request, *arguments, **keywords)
        try:
            answer._content = self._limit.body(answer.raw, LIMIT)
        except (urllib3.exceptions.HTTPError, OSError):
            answer.raw.close()
            if self._limit.struck or not (self._wish.redirects and answer.is_redirect):
                raise
            answer._content = b""  # where it leads is told in its head
        answer._content_consumed = True
        return answer

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing is left to load: the context knows its authorities."""
        conn.cert_reqs = self._wish.context.verify_mode


class Away(Exception):
    """A redirect leads to another host."""


class Session(requests.Session):
    """A session that knows its home: what is said to it alone, and when a redirect leaves it."""

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._wish = wish
        self.away = ""

    def get_redirect_target(self, resp: Any) -> str | None:
        """Called by the library for each answer."""
        target = super().get_redirect_target(resp)
        places = (resp.url, urljoin(resp.url, target or ""))  # the first: as the library understood it
        gone = next((url for url in places if url not in self._wish.home), "")
        if gone and self._wish.redirects:
            self.away = host_of(gone) or gone
            if not self._wish.away:
                resp.close()
                raise Away
        return target

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Called by the library for each redirect."""
        home = self._wish.home
        if old_url in home and new_url in home:
            return False
        return bool(super().should_strip_auth(old_url, new_url))  # type: ignore[no-untyped-call]

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Called by the library for each redirect."""
        if host_of(prepared_request.url) != host_of(response.request.url):
            prepared_request.headers.pop("Host", None)
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]


def fetch(wish: Wish) -> Page:
    """Make the request and read its page, LIMIT bytes at most.  Blocks; raises Down."""
    with Limit(wish.timeout) as limit, Session(wish) as session:
        session.trust_env = False
        session.max_redirects = max(1, wish.redirects)
        session.mount("http://", Adapter(wish, limit))
        session.mount("https://", Adapter(wish, limit))
        if wish.home.name:
            session.mount("/".join(wish.home.url.split("/")[:3]) + "/", Adapter(wish, limit, wish.home.name))
        try:
            answer = session.request(
                wish.method,
                wish.home.url,
                headers=dict(wish.headers),
                data=wish.body or None,
                auth=wish.auth,
                proxies={"http": wish.proxy, "https": wish.proxy} if wish.proxy else None,
                timeout=wish.timeout,
                allow_redirects=wish.redirects > 0,
                verify=wish.context.verify_mode is not ssl.CERT_NONE,
                stream=True,
            )
        except Away as error:
            what = f"it leads away to {session.away}, which is not the server under test (--follow anywhere)"
            raise Down(what, cause=Cause.WRONG) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise found(TimeoutError() if limit.struck else error, wish) from error
        charset = CHARSET.search(answer.headers.get("Content-Type", ""))
        name = charset[1] if charset else ""
        return Page(answer.status_code, len(answer.history), answer.content, name, session.away)


def found(error: Exception, wish: Wish) -> Finding:
    """What the library's exception says about the host, or about us."""
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return Down(f"more than {wish.redirects} redirects", cause=Cause.WRONG)
    if isinstance(error, requests.exceptions.Timeout | TimeoutError):
        return Down(f"no whole answer within {wish.timeout:g} s", cause=Cause.TIMEOUT)
    return finding_under(error) or Down(f"no proper answer: {error}", cause=Cause.WRONG)
