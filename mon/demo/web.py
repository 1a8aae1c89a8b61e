"""A small HTTP/1.1 server that can fail as real ones do: refuse, hang, answer 500."""

import asyncio
import contextlib
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus


class Fault(StrEnum):
    """What is wrong with a server."""

    NONE = "is well"
    DEAD = "is dead (connections are refused)"
    HUNG = "hangs (accepts, never answers)"
    BROKEN = "answers 500"


Answer = Callable[[bytes], tuple[int, str]]
"""The body of a request -> status and body of the answer."""


class Web:
    """One server on ``host:port``; ``fault`` is what is wrong with it at present."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self.host, self.port = host, port
        self.fault = Fault.NONE
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen.  Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)

    async def close(self) -> None:
        """Stop listening; conversations under way end by themselves."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def fail(self, fault: Fault) -> None:
        """Be ill in this way from now on, or well again."""
        self.fault = fault
        if fault is Fault.DEAD:
            await self.close()
        elif self._server is None:
            await self.open()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        if self.fault is Fault.HUNG:
            await reader.read()  # until the client has had enough
            return
        status, text = (500, "out of order\n") if self.fault is Fault.BROKEN else self._answer(body)
        writer.write(_reply(status, text.encode()))
        await writer.drain()


def _length(head: bytes) -> int:
    """What Content-Length says."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _reply(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
