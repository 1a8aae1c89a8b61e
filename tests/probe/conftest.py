"""A probe, and servers that behave in every way a server can."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from serving import Servers

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
    servers = Servers()
    yield servers.listen
    await servers.close()


@pytest.fixture
def refusing() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
