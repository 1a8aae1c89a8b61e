"""A connection on which nothing is said."""

import asyncio
import socket

import pytest

from mon.errors import Down, Unknown
from mon.model.result import Cause
from mon.probe import Probe


@pytest.fixture
async def held():
    """A probe that is closed afterwards."""
    made = Probe()
    yield made
    await made.close()


async def test_it_ends_when_the_other_side_closes(held):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = await held.hold("127.0.0.1", listener.getsockname()[1], timeout=2)
        other, _ = listener.accept()
        gone = asyncio.create_task(connection.gone())
        await asyncio.sleep(0.05)
        assert not gone.done()
        other.close()
        assert str(await asyncio.wait_for(gone, 2)) == "connection closed"


async def test_it_is_kept_alive(held):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = await held.hold("127.0.0.1", listener.getsockname()[1], timeout=2)
        assert connection._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        connection.close()
        connection.close()


async def test_a_refusal_is_down_and_a_local_address_that_is_not_ours_is_our_own_trouble(held):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Down, match="connection refused") as caught:
            await held.hold("127.0.0.1", port, timeout=2)
        assert caught.value.cause is Cause.REFUSED
        with pytest.raises(Unknown, match="cannot bind to nowhere"):
            await held.hold("127.0.0.1", port, timeout=2, bind="nowhere")
        with pytest.raises(Unknown):
            await held.hold("127.0.0.1", port, timeout=2, bind="192.0.2.77")


async def test_ipv6_is_held_too(held):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        connection = await held.hold("::1", listener.getsockname()[1], timeout=2)
        listener.accept()[0].close()
        assert (await asyncio.wait_for(connection.gone(), 2)).cause is Cause.WRONG
