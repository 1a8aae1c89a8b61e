"""A probe, and servers that behave in every way a server can."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from mon.probe import Probe

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Start = Callable[..., Awaitable[int]]


@pytest.fixture
async def probe() -> AsyncIterator[Probe]:
    """A probe that is closed afterwards."""
    made = Probe()
    yield made
    await made.close()


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """``await start(serve, tls=None, host="127.0.0.1")`` gives the port of a server that does ``serve``."""
    servers: list[asyncio.Server] = []
    connections: set[asyncio.Task[None]] = set()

    async def begin(serve: Serve, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await serve(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the check hung up, or the test is over
            finally:
                writer.close()
                connections.discard(task)

        server = await asyncio.start_server(connection, host, 0, ssl=tls, backlog=1024)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield begin
    for server in servers:
        server.close()
    for task in list(connections):
        task.cancel()
    await asyncio.sleep(0.01)


@pytest.fixture
def refusing() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
