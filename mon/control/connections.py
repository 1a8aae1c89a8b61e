"""A server of lines that no client can stop: the part that both channels share.

Whatever one client does (sends no newline, ten megabytes of one line, one byte an hour; reads nothing;
goes away without a word) costs it its own connection and nobody else anything.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

from mon.structs import Struct, field

LONGEST = 65536
"""Bytes of one line; a longer one ends the connection."""

MOST = 200
"""Connections at a time; one more ends the one that has been silent longest, if it can be one that is not
being answered: a reload, for example, would be left half done."""

_ENDS = re.compile(rb"[\r\n]+")


class Conversation(Protocol):
    """What is said on one connection."""

    @property
    def over(self) -> bool:
        """Close the connection after the last answer?"""
        ...

    async def answer(self, line: bytes) -> bytes:
        """The whole reply to one line, which comes without its end."""
        ...

    def refuse(self, why: str) -> bytes:
        """What to say before closing because of a fault in the line itself."""
        ...


class _Connection(Struct, eq=False):
    task: asyncio.Task[None]
    heard: float
    busy: bool = field(default=False)


class LineServer:
    """Serves lines on listening sockets.  ``idle`` seconds without a byte end a connection.

    ``opened`` is given each accepted socket and returns its conversation, or None to close it at once.
    """

    def __init__(
        self,
        opened: Callable[[socket.socket], Conversation | None],
        *,
        idle: float,
        most: int = MOST,
        longest: int = LONGEST,
    ) -> None:
        self._opened = opened
        self.idle = idle
        self._most = most
        self._longest = longest
        self._servers: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()

    async def listen(self, listener: socket.socket) -> None:
        """Accept on a bound socket from now on."""
        self._servers.append(await asyncio.start_server(self._serve, sock=listener, limit=self._longest))

    async def listen_instead(self, listener: socket.socket) -> None:
        """Accept on this socket only; conversations go on."""
        before, self._servers = self._servers, []
        await self.listen(listener)
        for server in before:
            server.close()

    async def close(self, grace: float = 0.5) -> None:
        """Accept no more; let replies under way be sent for ``grace`` seconds, end the rest."""
        for server in self._servers:
            server.close()
        for connection in self._connections:
            if not connection.busy:
                connection.task.cancel()
        tasks = {connection.task for connection in self._connections} - {asyncio.current_task()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in one
        connection = _Connection(task, heard=loop.time())
        self._make_room()
        self._connections.add(connection)
        try:
            if conversation := self._opened(writer.get_extra_info("socket")):
                await self._converse(connection, conversation, reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the client left or was shown out, which is nobody's loss
        finally:
            self._connections.discard(connection)
            _part(writer)

    def _make_room(self) -> None:
        if len(self._connections) >= self._most:
            min(self._connections, key=lambda each: (each.busy, each.heard)).task.cancel()

    async def _converse(
        self,
        connection: _Connection,
        conversation: Conversation,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        async for line in self._lines(connection, reader):
            connection.busy = True
            if line is None:
                writer.write(conversation.refuse(f"a line of more than {self._longest} bytes"))
            else:
                writer.write(await conversation.answer(line))
            async with asyncio.timeout(self.idle):
                await writer.drain()
            connection.busy = False
            if line is None or conversation.over:
                return

    async def _lines(
        self, connection: _Connection, reader: asyncio.StreamReader
    ) -> AsyncIterator[bytes | None]:
        """Each line without its end; None, and no more, for one that is too long."""
        lines = Lines(self._longest)
        while True:
            async with asyncio.timeout(self.idle):
                chunk = await reader.read(self._longest)
            if not chunk:
                return
            connection.heard = asyncio.get_running_loop().time()
            for line in lines.feed(chunk):
                yield line
                if line is None:
                    return
                # An answer that is ready gives the loop no turn, and one packet may hold 30,000 lines.
                await asyncio.sleep(0)


class Lines:
    """Bytes in pieces to lines without their ends; each byte is looked at once.

    Line ends (CR and LF, in any number) in one piece are one, and so is a CR LF in two pieces.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._returned = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that are whole with this piece; None, and no more, for one that is too long."""
        first, *others = _ENDS.split(chunk.removeprefix(b"\n") if self._returned else chunk)
        self._returned = chunk.endswith(b"\r")  # then the \n of it may come with the next packet
        self._begun += first
        for piece in others:
            line, self._begun = bytes(self._begun), bytearray(piece)
            yield line if len(line) <= self._longest else None
        if len(self._begun) > self._longest:
            yield None


def _part(writer: asyncio.StreamWriter) -> None:
    """Close; what was written is still sent, unless the client does not read it."""
    writer.close()
    transport = writer.transport
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(1.0, transport.abort)
