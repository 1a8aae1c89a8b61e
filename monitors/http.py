"""Fetch a page by HTTP or HTTPS and judge its status and its content.

The letters are those of the classic http.monitor.  As there, ``-m`` alone decides when it is given:
statuses count beside it only where ``--status`` is written too.  A redirect is not followed (``url`` does).
"""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Unpack
from urllib.parse import quote

from mon.plugin import (
    FALSE,
    BadOption,
    Bind,
    Cause,
    Down,
    LaxTlsOptions,
    Option,
    Probe,
    ProxyProtocol,
    Unknown,
    ascii_name,
    decoded,
    numbers,
    numeric,
    regex,
    statuses,
    tls_settings,
    verify_tls,
)

USUAL = "200-399,401"
LIMIT = 1 << 20
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?:[ \t]([^\r\n]*))?\r?\n")
SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
DIGITS = re.compile(rb"[0-9]{1,18}")
CHARSET = re.compile(rb";[ \t]*charset=\"?([^\";, \t]{1,40})")
LONE = re.compile("%(?![0-9a-fA-F]{2})")
RESERVED = "!#$%&'()*+,/:;=?@[]~"
LONGEST = 1024
"""Bytes of the line before a chunk: its size, and extensions that nobody sends (RFC 9112, 7.1.1)."""

HEAD = 1 << 17
"""Bytes of a head: HAProxy takes 16,384 and curl 307,200."""

INTERIM = 100
"""Interim answers before the real one; a proxy passes on a few."""


class Answer:
    """An HTTP answer while it arrives; ``bare`` is one that has no body (HEAD).

    Each byte is looked at once, however the answer comes.  ``odd`` says what is no HTTP in it.
    """

    __slots__ = (
        "_at",
        "_bare",
        "_chunked",
        "_interim",
        "_length",
        "_seen",
        "body",
        "head",
        "odd",
        "reason",
        "status",
        "whole",
    )

    def __init__(self, *, bare: bool) -> None:
        self.status = 0
        self.reason = ""
        self.head = b""
        self.body = bytearray()  # of a chunked answer, as far as it is decoded
        self.whole = False
        self.odd = ""
        self._bare = bare
        self._at = 0  # where the head, the body, or its next chunk, begins
        self._seen = 0  # up to here there is no end of the head, or of the line before a chunk
        self._interim = 0
        self._length = -1
        self._chunked = False

    def complete(self, buffer: bytearray) -> bool:
        """Is nothing more to be waited for?"""
        if not buffer:
            return False
        while not self.status:
            if not b"HTTP/".startswith(buffer[self._at : self._at + 5]):
                return self._is_odd("not an HTTP answer", buffer[self._at : self._at + 40])
            if not (after := self._head_end(buffer)):
                return len(buffer) - self._at > HEAD and self._is_odd(f"a head of more than {HEAD} bytes")
            if self._read_head(buffer, after):
                return True
        self.whole = self._bare or self._has_body(buffer)
        return self.whole or bool(self.odd)

    def content(self, data: bytes) -> bytes:
        """The body as it was meant."""
        return bytes(self.body) if self._chunked else data[self._at :]

    def shows(self, match: str, content: bytes) -> bool:
        """Is there a match in the head and the body, as the text that they are, or that they look like?"""
        wanted = regex(match)
        if wanted.matches(decoded(self.head) + decoded(content, self._charset())):
            return True
        return wanted.matches(self.head + content)

    def _charset(self) -> str:
        """What Content-Type says of it (RFC 9110, 8.3.2), "" if nothing."""
        kinds = values(self.head.lower(), b"content-type")
        found = CHARSET.search(kinds[-1]) if kinds else None
        return found[1].decode() if found else ""

    @property
    def expects_more(self) -> bool:
        """Did the server announce more than has come?"""
        return not self.whole and (not self.status or self._chunked or self._length >= 0)

    def _is_odd(self, what: str, data: bytes | bytearray = b"") -> bool:
        self.odd = f"{what}: {bytes(data)!r}" if data else what
        return True

    def _head_end(self, buffer: bytearray) -> int:
        """Where the head ends, whichever line ends it has; 0 before it does."""
        strict = buffer.find(b"\n\r\n", self._seen)
        bare = buffer.find(b"\n\n", self._seen, len(buffer) if strict < 0 else strict)
        self._seen = max(self._at, len(buffer) - 2)
        if bare >= 0:
            return bare + 2
        return strict + 3 if strict >= 0 else 0

    def _read_head(self, buffer: bytearray, after: int) -> bool:
        """Take over a whole head; True if there is no answer to expect.  An interim one is passed over."""
        head = bytes(buffer[self._at : after])
        self._at = self._seen = after
        line = STATUS_LINE.match(head)
        if line is None:
            return self._is_odd("not an HTTP answer", head[:40])
        if line[1].startswith(b"1") and line[1] != b"101":  # the real one follows
            self._interim += 1
            return self._interim > INTERIM and self._is_odd(f"more than {INTERIM} interim answers")
        self.status, self.reason = int(line[1]), (line[2] or b"")[:200].decode("latin-1").strip()
        self.head = head
        self._bare = self._bare or self.status in (204, 304)
        lower = head.lower()  # a search that minds no case takes five times as long
        codings = values(lower, b"transfer-encoding")
        self._chunked = bool(codings) and codings[-1] == b"chunked"
        return not (self._chunked or self._bare) and self._read_length(values(lower, b"content-length"))

    def _read_length(self, lengths: list[bytes]) -> bool:
        """Take over Content-Length; True if it is none (RFC 9110, 8.6: the same one may stand twice)."""
        if not lengths:
            return False
        if len(set(lengths)) > 1 or not DIGITS.fullmatch(lengths[0]):
            return self._is_odd("Content-Length is not one number", b", ".join(sorted(set(lengths[:4])))[:40])
        self._length = int(lengths[0])
        return False

    def _has_body(self, buffer: bytearray) -> bool:
        if self._chunked:
            return self._has_chunks(buffer)
        return self._length >= 0 and len(buffer) - self._at >= self._length

    def _has_chunks(self, buffer: bytearray) -> bool:
        """Take over the chunks that have come; True after the last (trailers are not waited for)."""
        while (end := buffer.find(b"\n", self._seen, self._at + LONGEST)) >= 0:
            self._seen = end
            size = chunk_size(buffer[self._at : end])
            if size <= 0:
                return size == 0 or not self._is_odd("not the size of a chunk", buffer[self._at : end][:40])
            past = end + 1 + size
            if len(buffer) < past + 2:
                return False
            if buffer[past] not in b"\r\n":
                return not self._is_odd("a chunk is longer than its size", buffer[past : past + 40])
            self.body += buffer[end + 1 : past]
            self._at = self._seen = past + (2 if buffer[past] == 13 else 1)
        self._seen = max(self._at, len(buffer))
        if self._seen - self._at >= LONGEST:
            self._is_odd("not the size of a chunk", buffer[self._at : self._at + 40])
        return False


def values(head: bytes, name: bytes) -> list[bytes]:
    """The values of a header in a head of lower case, with commas or in several lines."""
    found = []
    at = head.find(b"\n" + name + b":")
    while at >= 0:
        start = at + len(name) + 2
        end = head.find(b"\n", start)
        found += [value.strip() for value in head[start:end].split(b",")]
        at = head.find(b"\n" + name + b":", end)
    return found


def chunk_size(line: bytes | bytearray) -> int:
    """What the line before a chunk says, without its extensions; -1 if it is none."""
    digits = line.partition(b";")[0].strip()
    short = digits.lstrip(b"0") or digits[:1]  # some servers fill them up with zeros
    return int(short, 16) if SIZE.fullmatch(short) else -1


async def check(
    host: str,
    *,
    port: Annotated[
        int | None, Option("-p", help="port; without it 80, or 443 with --tls", unset=FALSE)
    ] = None,
    timeout: Annotated[float, Option("-t", help="seconds for everything", unset=FALSE)] = 30,
    url: Annotated[str, Option("-u", help="path to get", metavar="PATH", unset=FALSE)] = "/",
    agent: Annotated[str, Option("-a", help="User-Agent", unset=FALSE)] = "mon/http",
    match: Annotated[
        str, Option("-m", help="regular expression that head or body must match", unset=FALSE)
    ] = "",
    omit: Annotated[bool, Option("-o", help="accepted; headers of healthy hosts are never listed")] = False,
    name: Annotated[str, Option("--host", help="name for the Host header, SNI and the certificate")] = "",
    status: Annotated[str, Option("--status", help=f"good statuses; usually {USUAL}, with -m any")] = "",
    tls: Annotated[bool, Option("--tls", help="HTTPS")] = False,
    resume: Annotated[
        bool, Option("--resume", help="resume the last TLS session; its certificate is not checked again")
    ] = False,
    method: Annotated[str, Option("--method", help="request method")] = "GET",
    proxy_protocol: ProxyProtocol = None,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[LaxTlsOptions],
) -> str:
    """``HTTP 200 in 3 ms, 512 bytes``."""
    port = port or (443 if tls else 80)
    loop = asyncio.get_running_loop()
    start = loop.time()
    answer = Answer(bare=method == "HEAD")
    data = await probe.exchange(
        host,
        port,
        request(method, url, authority(name or host, 0 if name else port, 443 if tls else 80), agent),
        answer.complete,
        timeout=timeout,
        tls=tls_settings(given, name=name, resume=resume) if tls else None,
        bind=bind,
        proxy_protocol=proxy_protocol or 0,
        limit=LIMIT,
    )
    return judged(answer, data, status, match, loop.time() - start)


def judged(answer: Answer, data: bytes, status: str, match: str, duration: float) -> str:
    """The line of detail of a good answer.  Raises Down for any other."""
    if answer.odd:
        raise Down(answer.odd, cause=Cause.WRONG)
    if not answer.status:
        raise Down(f"not an HTTP answer: {data[:40]!r}" if data else "closed without an answer")
    content = answer.content(data)
    reason = f" {answer.reason}" if answer.reason and answer.status >= 400 else ""
    said = f"HTTP {answer.status}{reason} in {duration * 1000:.0f} ms, {len(content)} bytes"
    if answer.expects_more and len(data) < LIMIT:
        raise Down(f"{said}: cut short", cause=Cause.WRONG)
    good = status or ("" if match else USUAL)
    if good and answer.status not in statuses(good):
        raise Down(f"{said}: expected {good}", cause=Cause.WRONG)
    if match and not answer.shows(match, content):
        raise Down(f"{said}: no match for {match}", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    statuses(str(options.get("status") or USUAL))
    regex(str(options.get("match") or ""))
    for flag, value in (
        ("-u", options.get("url")),
        ("-a", options.get("agent")),
        ("--host", options.get("name")),
    ):
        if re.search(r"[\x00-\x1f\x7f]", str(value or "")):
            raise BadOption(f"{flag} has a control character in it: leave it out")
    return verify_tls(options)


@lru_cache(maxsize=4096)
def request(method: str, path: str, host: str, agent: str) -> bytes:
    """The request; ``Connection: close`` because the next check tests connecting again."""
    lines = (
        f"{method} {encoded(path) or '/'} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {agent}",
        "Accept: */*",
    )
    return "\r\n".join((*lines, "Connection: close", "", "")).encode()


@lru_cache(maxsize=4096)
def encoded(path: str) -> str:
    """What must not stand in a request, by its bytes in UTF-8 (RFC 3986, 2.1); what is encoded stays so."""
    return quote(LONE.sub("%25", path), safe=RESERVED)


@lru_cache(maxsize=4096)
def authority(host: str, port: int, usual: int) -> str:
    """The Host header of an address or name: IPv6 in brackets and without scope, the port if unusual.

    ``port`` 0 is not said.  Raises Unknown for what is no name.
    """
    try:
        bare = ascii_name(host.partition("%")[0])
    except UnicodeError as error:
        raise Unknown(f"{host} is no host name: {error}", cause=Cause.NONE) from error
    bracketed = f"[{bare}]" if ":" in bare and numeric(bare) else bare
    return bracketed if port in (0, usual) else f"{bracketed}:{port}"
