"""A conversation in lines over one connection (FTP, and later SMTP, POP3, IMAP …)."""

import re

from mon.errors import Down
from mon.model.result import Cause
from mon.probe.stream import Complete, Stream, anything

LINE_END = re.compile(rb"\r?\n")


class Talk:
    """What ``Probe.talk`` gives.  Every method raises Down or Unknown; all share the one time limit."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def write(self, data: bytes) -> None:
        """Write all of ``data``."""
        await self._ask(data, anything)

    async def read_line(self) -> str:
        """The next line, without its line end; bytes that are not UTF-8 are shown as ``\\xNN``."""
        return (await self.read_until(LINE_END)).rstrip(b"\r\n").decode(errors="backslashreplace")

    async def read_until(self, mark: bytes | re.Pattern[bytes]) -> bytes:
        """Everything up to and with ``mark``."""
        wanted = re.compile(re.escape(mark)) if isinstance(mark, bytes) else mark
        buffer = self._stream.buffer
        await self._ask(b"", lambda received: wanted.search(received) is not None)
        found = wanted.search(buffer)
        if found is None:
            raise Down(self._broken_off(), cause=Cause.WRONG)
        data = bytes(buffer[: found.end()])
        del found  # it holds the buffer, which cannot shrink meanwhile
        del buffer[: len(data)]
        return data

    async def _ask(self, data: bytes, complete: Complete) -> None:
        finding = await self._stream.ask(data, complete)
        if finding:
            raise finding

    def _broken_off(self) -> str:
        got = bytes(self._stream.buffer[:60])
        return f"connection closed after {got!r}" if got else "connection closed"
