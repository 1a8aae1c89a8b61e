"""Servers for tests whose end is also that of their connections, wherever in their beginning those are.

A connection that outlives its event loop is found by the garbage collector, in whatever test runs by then:
``asyncio.Server.close`` and aiosmtpd's ``Controller.stop`` leave those alone which were only just accepted.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HUNG_UP = (OSError, asyncio.IncompleteReadError)


class Servers:
    """Listens in the running loop; each connection is given to a coroutine, and closed after it."""

    def __init__(self) -> None:
        self._listening: list[socket.socket] = []
        self._connections: dict[asyncio.Task[None], socket.socket] = {}

    async def listen(
        self, serve: Serve, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> int:
        """Begin; -> the port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=1024)
        listener.setblocking(False)
        self._listening.append(listener)
        asyncio.get_running_loop().add_reader(listener, self._accept, listener, serve, tls)
        return int(listener.getsockname()[1])

    async def close(self) -> None:
        """End; raises what a ``serve`` failed with."""
        for listener in self._listening:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for task, sock in self._connections.items():
            sock.close()  # of one that never began; the others have done it
            if not task.cancelled():
                task.result()

    def _accept(self, listener: socket.socket, serve: Serve, tls: ssl.SSLContext | None) -> None:
        with suppress(BlockingIOError):  # it has gone again
            sock, _ = listener.accept()
            sock.setblocking(False)
            self._connections[asyncio.create_task(_connection(sock, serve, tls))] = sock


async def _connection(sock: socket.socket, serve: Serve, tls: ssl.SSLContext | None) -> None:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    writers: list[asyncio.StreamWriter] = []
    protocol = asyncio.StreamReaderProtocol(reader, lambda _, writer: writers.append(writer))
    try:
        await loop.connect_accepted_socket(lambda: protocol, sock, ssl=tls)
        (writer,) = writers
        try:
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()
        finally:
            _abort(writer.transport)  # another one after start_tls()
    except HUNG_UP:
        pass
    finally:
        await asyncio.sleep(0)  # a transport closes its socket in the next turn


def _abort(transport: asyncio.WriteTransport) -> None:
    """At once; of TLS it may have ended already, which Python 3.11.2 takes ill."""
    with suppress(AttributeError):
        transport.abort()


class MailServer(Controller):
    """aiosmtpd's server in a thread; its stop closes the connections, too."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, **options)
        self._conversations: WeakSet[SMTP] = WeakSet()

    def factory(self) -> SMTP:
        """One conversation."""
        made = super().factory()
        self._conversations.add(made)
        return made

    def stop(self, no_assert: bool = False) -> None:
        """Stop listening, hang up, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result()
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        """Those that are just being accepted are let begin first: a closed Server leaves them half made."""
        assert isinstance(self.server, asyncio.Server)
        for listener in self.server.sockets:
            self.loop.remove_reader(listener.fileno())
        while True:
            for each in self._conversations:
                if each.transport is not None:
                    _abort(each.transport)
            await asyncio.sleep(0)  # a transport closes its socket in the next turn
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if not others:
                break
            await asyncio.wait(others, timeout=0.05)
