"""Fetch a URL as a browser would: redirects, login, proxy, any headers.

For checks that ``http`` cannot make.  It is some ten times dearer and runs in a thread.
"""

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from mon.plugin import (
    BadOption,
    Cause,
    Down,
    Finding,
    Option,
    Probe,
    Tls,
    Unknown,
    finding_under,
    numbers,
    regex,
    statuses,
)

urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # --insecure is the operator's word
USUAL = "200-399"
LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """One request; ``name`` is what its host is called when its URL has an address."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    auth: AuthBase | None
    proxy: str
    redirects: int
    timeout: float
    name: str
    context: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Page:
    """What came back in the end."""

    status: int
    redirects: int
    body: bytes


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
    header: Annotated[
        list[str] | None, Option("--header", help="header to send", metavar="NAME:VALUE")
    ] = None,
    data: Annotated[str, Option("--data", help="body to send")] = "",
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password_file: Annotated[str, Option("--password-file", help="its first line is the password")] = "",
    digest: Annotated[bool, Option("--digest", help="log in by digest")] = False,
    proxy: Annotated[str, Option("--proxy", help="ask this proxy", metavar="URL")] = "",
    redirects: Annotated[
        int, Option("--redirects", help="redirects to follow; 0: take the first answer")
    ] = 10,
    tls: Annotated[bool, Option("--tls", help="HTTPS, where -u is a path")] = False,
    insecure: Annotated[bool, Option("--insecure", help="accept any certificate")] = False,
    ca: Annotated[str, Option("--ca", help="file of the authorities to trust", metavar="FILE")] = "",
    probe: Probe,
) -> str:
    """``HTTP 200 in 30 ms, 512 bytes, 1 redirect``."""
    if not proxy and ("://" not in url or "{host}" in url):
        await probe.resolve(host, timeout=timeout)  # the library looks again, but without a time limit
    wish = Wish(
        method=method,
        url=whole(url, host, port, tls=tls),
        headers={"User-Agent": agent, **({"Host": name} if name else {}), **split(header or ())},
        body=data,
        auth=await probe.in_thread(login, user, password_file, digest, timeout=timeout) if user else None,
        proxy=proxy,
        redirects=redirects,
        timeout=timeout,
        name=name,
        context=probe.context(Tls(not insecure, ca=ca)),
    )
    start = time.monotonic()
    try:
        page = await probe.in_thread(fetch, wish, timeout=timeout)
    except TimeoutError as error:
        raise Down(f"no whole answer within {timeout:g} s", cause=Cause.TIMEOUT) from error
    said = f"HTTP {page.status} in {(time.monotonic() - start) * 1000:.0f} ms, {len(page.body)} bytes"
    if page.redirects:
        said += f", {page.redirects} redirect{'s' if page.redirects > 1 else ''}"
    if page.status not in statuses(status):
        raise Down(f"{said}: expected {status}", cause=Cause.WRONG)
    if match and not regex(match).matches(page.body):
        raise Down(f"{said}: no match for {match}", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    statuses(str(options.get("status") or USUAL))
    regex(str(options.get("match") or ""))
    header = options.get("header")
    split(header if isinstance(header, list) else ())


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


class Adapter(HTTPAdapter):
    """Connections with the shared context: to load the authorities for each would cost 30 ms."""

    def __init__(self, context: ssl.SSLContext, name: str = "") -> None:
        self._context = context
        self._named = {"server_hostname": name} if name else {}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        """As the library calls it, with our context."""
        keywords |= {"ssl_context": self._context, **self._named}
        super().init_poolmanager(*arguments, **keywords)

    def proxy_manager_for(self, proxy: Any, **keywords: Any) -> Any:
        """As the library calls it, with our context."""
        keywords |= {"ssl_context": self._context, **self._named}
        return super().proxy_manager_for(proxy, **keywords)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing is left to load: the context knows its authorities."""
        conn.cert_reqs = self._context.verify_mode


class Session(requests.Session):
    """A session whose Host header stays behind when a redirect leads to another host."""

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Called by the library for each redirect."""
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Host", None)
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]


def fetch(wish: Wish) -> Page:
    """Make the request and read its page, LIMIT bytes at most.  Blocks; raises Down."""
    until = time.monotonic() + wish.timeout
    with Session() as session:
        session.trust_env = False
        session.max_redirects = max(1, wish.redirects)
        session.mount("https://", Adapter(wish.context))
        if wish.name:
            session.mount("/".join(wish.url.split("/")[:3]), Adapter(wish.context, wish.name))
        try:
            answer = session.request(
                wish.method,
                wish.url,
                headers=dict(wish.headers),
                data=wish.body or None,
                auth=wish.auth,
                proxies={"http": wish.proxy, "https": wish.proxy} if wish.proxy else None,
                timeout=wish.timeout,
                allow_redirects=wish.redirects > 0,
                verify=wish.context.verify_mode is not ssl.CERT_NONE,
                stream=True,
            )
            return Page(answer.status_code, len(answer.history), read(answer, until))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise found(error, wish) from error


def read(answer: requests.Response, until: float) -> bytes:
    """The body, as far as it comes before ``until`` and LIMIT."""
    body = bytearray()
    some = getattr(answer.raw, "read1", answer.raw.read)  # read1 returns what there is
    while len(body) < LIMIT and (part := some(65536, decode_content=True)):
        body += part
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(body)


def found(error: Exception, wish: Wish) -> Finding:
    """What the library's exception says about the host, or about us."""
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return Down(f"more than {wish.redirects} redirects", cause=Cause.WRONG)
    if isinstance(error, requests.exceptions.Timeout | TimeoutError):
        return Down(f"no whole answer within {wish.timeout:g} s", cause=Cause.TIMEOUT)
    return finding_under(error) or Down(f"no proper answer: {error}", cause=Cause.WRONG)
