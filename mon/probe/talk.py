"""A conversation over one connection, in lines (SMTP, POP3, IMAP …) or in counted bytes (LDAP, SSH …)."""

import asyncio

from mon.errors import Down
from mon.model.result import Cause
from mon.probe.pattern import Pattern, Seek
from mon.probe.stream import Complete, Stream, anything
from mon.probe.tls import Contexts, Tls, tls_name

AT_ONCE = 64
"""Pieces taken from what is there already before everything else in the event loop has its turn."""

LINES = 1000
"""Lines of one answer; of real ones the longest are those to EHLO, FEAT and CAPA, of some 50."""


class Talk:
    """What ``Probe.talk`` gives.  Every method raises Down or Unknown; all share the one time limit."""

    def __init__(self, stream: Stream, host: str = "", contexts: Contexts | None = None) -> None:
        self._stream = stream
        self._host = host
        self._contexts = contexts or Contexts()
        self._at_once = 0

    async def write(self, data: bytes) -> None:
        """Write all of ``data``."""
        await self._ask(data, anything)

    async def read_line(self) -> str:
        """The next line, without its line end; bytes that are not UTF-8 are shown as ``\\xNN``."""
        return (await self.read_until(b"\n")).rstrip(b"\r\n").decode(errors="backslashreplace")

    async def read_until(self, mark: bytes | Pattern) -> bytes:
        """Everything up to and with ``mark``."""
        buffer = self._stream.buffer
        seek = Seek(mark)
        await self._ask(b"", seek)
        if seek.end < 0:
            raise Down(self._broken_off(), cause=Cause.WRONG)
        data = bytes(buffer[: seek.end])
        del buffer[: len(data)]
        return data

    async def read_exactly(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        buffer = self._stream.buffer
        await self._ask(b"", lambda received: len(received) >= count)
        if len(buffer) < count:
            raise Down(self._broken_off(), cause=Cause.WRONG)
        data = bytes(buffer[:count])
        del buffer[:count]
        return data

    async def read_some(self) -> bytes:
        """Whatever comes next, b"" at the end of the stream."""
        buffer = self._stream.buffer
        await self._ask(b"", bool)
        data = bytes(buffer)
        del buffer[:]
        return data

    async def command(self, line: str, *good: str) -> str:
        """Send a line ("" sends none); the answer must begin with one of ``good``.

        The answer is one line, or as with FTP and SMTP several: ``250-…`` is followed by more (RFC 959, 4.2),
        up to ``250 …`` or a bare ``250`` (RFC 5321, 4.2.1).  They are given back joined with line ends.
        """
        if line:
            await self.write(f"{line}\r\n".encode())
        lines = [await self.read_line()]
        code = lines[0][:3]
        while code.isdecimal() and lines[0][3:4] == "-" and not _last(lines[-1], code):
            if len(lines) == LINES:
                raise Down(f"an answer of more than {LINES} lines", cause=Cause.WRONG)
            lines.append(await self.read_line())
        if not lines[-1].startswith(good):
            said = lines[-1][:80] or "an empty line"
            to = line.partition(" ")[0] or "greeting"
            raise Down(f"{to}: {said}, expected {' or '.join(good)}", cause=Cause.WRONG)
        return "\n".join(lines)

    async def start_tls(self, tls: Tls) -> None:
        """Go on over TLS, after the server agreed to it."""
        finding = await self._stream.secure(self._contexts.get(tls), tls_name(tls, self._host))
        if finding:
            raise finding

    @property
    def source(self) -> str:
        """The address of ours that it comes from; "" when it is over."""
        return self._stream.source

    @property
    def certificate(self) -> bytes:
        """The server's certificate as DER; b"" in plain text."""
        return self._stream.certificate

    async def _ask(self, data: bytes, complete: Complete) -> None:
        """Nothing waits for what is there already, so a talkative server would keep the loop for itself."""
        asked = self._stream.ask(data, complete)
        self._at_once = self._at_once + 1 if asked.done() else 0
        if self._at_once >= AT_ONCE:
            self._at_once = 0
            await asyncio.sleep(0)
        finding = await asked
        if finding:
            raise finding

    def _broken_off(self) -> str:
        got = bytes(self._stream.buffer[:60])
        return f"connection closed after {got!r}" if got else "connection closed"


def _last(line: str, code: str) -> bool:
    """Does the line end an answer of several lines that began with this code?"""
    return line[:3] == code and line[3:4] in ("", " ", "\t")
