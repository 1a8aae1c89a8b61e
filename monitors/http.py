"""Fetch a page by HTTP or HTTPS and judge its status and its content.

The letters are those of the classic http.monitor.  As there, ``-m`` alone decides when it is given:
statuses count beside it only where ``--status`` is written too.  A redirect is not followed (``url`` does).
"""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from mon.plugin import BadOption, Cause, Down, Option, Probe, Tls, numbers, regex, statuses

USUAL = "200-399,401"
LIMIT = 1 << 20
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?:[ \t]+([^\r\n]*))?\r?\n")
LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)[ \t]*\r?\n")
CHUNKED = re.compile(rb"\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*\r?\n")
"""Headers in lower case: a search that minds no case takes five times as long."""

CHUNK = re.compile(rb"([0-9a-fA-F]+)[^\r\n]*\r?\n")


class Answer:
    """An HTTP answer while it arrives; ``bare`` is one that has no body (HEAD)."""

    __slots__ = ("_at", "_bare", "_chunked", "_length", "body", "head", "reason", "status", "whole")

    def __init__(self, *, bare: bool) -> None:
        self.status = 0
        self.reason = ""
        self.head = b""
        self.body = bytearray()  # of a chunked answer, as far as it is decoded
        self.whole = False
        self._bare = bare
        self._at = 0  # where the body, or its next chunk, begins
        self._length = -1
        self._chunked = False

    def complete(self, buffer: bytearray) -> bool:
        """Is nothing more to be waited for?"""
        if not buffer:
            return False
        if not self.status:
            if not b"HTTP/".startswith(buffer[:5]):
                return True  # garbage
            if not self._read_head(buffer):
                return False
        self.whole = self._bare or self._has_body(buffer)
        return self.whole

    def content(self, data: bytes) -> bytes:
        """The body as it was meant."""
        return bytes(self.body) if self._chunked else data[self._at :]

    @property
    def expects_more(self) -> bool:
        """Did the server announce more than has come?"""
        return not self.whole and (not self.status or self._chunked or self._length >= 0)

    def _read_head(self, buffer: bytearray) -> bool:
        after = head_end(buffer)
        line = STATUS_LINE.match(buffer)
        if not after or line is None:
            return False
        if line[1].startswith(b"1") and line[1] != b"101":  # an interim answer, the real one follows
            del line  # it holds the buffer
            del buffer[:after]
            return self._read_head(buffer)
        self.status, self.reason = int(line[1]), (line[2] or b"").decode("latin-1").strip()
        self.head, self._at = bytes(buffer[:after]), after
        self._bare = self._bare or self.status in (204, 304)
        lower = self.head.lower()
        self._chunked = b"transfer-encoding" in lower and CHUNKED.search(lower) is not None
        length = LENGTH.search(lower)
        self._length = int(length[1]) if length and not self._chunked else -1
        return True

    def _has_body(self, buffer: bytearray) -> bool:
        if self._chunked:
            return self._has_chunks(buffer)
        return self._length >= 0 and len(buffer) - self._at >= self._length

    def _has_chunks(self, buffer: bytearray) -> bool:
        """Take over the chunks that have come; True after the last (trailers are not waited for)."""
        while chunk := CHUNK.match(buffer, self._at):
            start, size = chunk.end(), int(chunk[1], 16)
            if size == 0:
                return True
            if len(buffer) < start + size + 2:
                return False
            self.body += buffer[start : start + size]
            self._at = start + size + (2 if buffer[start + size] == 13 else 1)
        return False


def head_end(buffer: bytearray) -> int:
    """Where the head ends, whichever line ends it has; 0 before it does."""
    strict = buffer.find(b"\n\r\n")
    bare = buffer.find(b"\n\n", 0, None if strict < 0 else strict)
    if bare >= 0:
        return bare + 2
    return strict + 3 if strict >= 0 else 0


async def check(
    host: str,
    *,
    port: Annotated[int | None, Option("-p", help="port; without it 80, or 443 with --tls")] = None,
    timeout: Annotated[float, Option("-t", help="seconds for everything")] = 30,
    url: Annotated[str, Option("-u", help="path to get", metavar="PATH")] = "/",
    agent: Annotated[str, Option("-a", help="User-Agent")] = "mon/http",
    match: Annotated[str, Option("-m", help="regular expression that head or body must match")] = "",
    omit: Annotated[bool, Option("-o", help="accepted; headers of healthy hosts are never listed")] = False,
    name: Annotated[str, Option("--host", help="name for the Host header, SNI and the certificate")] = "",
    status: Annotated[str, Option("--status", help=f"good statuses; usually {USUAL}, with -m any")] = "",
    tls: Annotated[bool, Option("--tls", help="HTTPS")] = False,
    insecure: Annotated[bool, Option("--insecure", help="accept any certificate")] = False,
    ca: Annotated[str, Option("--ca", help="file of the authorities to trust", metavar="FILE")] = "",
    resume: Annotated[
        bool, Option("--resume", help="resume the last TLS session; its certificate is not checked again")
    ] = False,
    method: Annotated[str, Option("--method", help="request method")] = "GET",
    bind: Annotated[str, Option("--bind", help="local address to connect from", metavar="ADDRESS")] = "",
    probe: Probe,
) -> str:
    """``HTTP 200 in 3 ms, 512 bytes``."""
    port = port or (443 if tls else 80)
    loop = asyncio.get_running_loop()
    start = loop.time()
    answer = Answer(bare=method == "HEAD")
    data = await probe.exchange(
        host,
        port,
        request(method, url, name or authority(host, port, 443 if tls else 80), agent),
        answer.complete,
        timeout=timeout,
        tls=Tls(not insecure, name, ca, resume) if tls else None,
        bind=bind,
        limit=LIMIT,
    )
    return judged(answer, data, status, match, loop.time() - start)


def judged(answer: Answer, data: bytes, status: str, match: str, duration: float) -> str:
    """The line of detail of a good answer.  Raises Down for any other."""
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
    if match and not regex(match).search(answer.head + content):
        raise Down(f"{said}: no match for {match}", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
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


@lru_cache(maxsize=4096)
def request(method: str, path: str, host: str, agent: str) -> bytes:
    """The request; ``Connection: close`` because the next check tests connecting again."""
    path = path.replace(" ", "%20") or "/"
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", f"User-Agent: {agent}", "Accept: */*")
    return "\r\n".join((*lines, "Connection: close", "", "")).encode()


def authority(host: str, port: int, usual: int) -> str:
    """The Host header of an address or name: IPv6 in brackets and without scope, the port if unusual."""
    bare = host.partition("%")[0]
    bracketed = f"[{bare}]" if ":" in bare else bare
    return bracketed if port == usual else f"{bracketed}:{port}"
