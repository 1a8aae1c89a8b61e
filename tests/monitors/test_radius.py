"""The radius monitor against FreeRADIUS, and against one who does not know the secret."""

import asyncio

import pytest
import servers

from mon.plugin import Cause, Down

SECRET = "shared"


@pytest.fixture(scope="module")
def server(run):
    return run(servers.freeradius, SECRET)


@pytest.fixture
def wish(server, login):
    return {"port": server, "secret": SECRET, "username": login["user"], "password": login["password"]}


@pytest.fixture
def radius(load):
    return load("radius")


async def test_who_is_let_in(radius, probe, wish):
    assert await radius.check("127.0.0.1", probe=probe, **wish) == "watcher accepted: welcome"


@pytest.mark.parametrize("password", ["wrong", "", "x" * 40])
async def test_a_server_that_refuses_the_login_is_down(radius, probe, wish, password):
    wish["password"] = password
    with pytest.raises(Down, match="watcher is refused") as found:
        await radius.check("127.0.0.1", probe=probe, **wish)
    assert found.value.cause is Cause.WRONG


async def test_another_secret_gets_no_answer(radius, probe, wish):
    wish["secret"] = "other"
    with pytest.raises(Down, match=r"no answer within 0.5 s") as found:
        await radius.check("127.0.0.1", timeout=0.5, attempts=2, probe=probe, **wish)
    assert found.value.cause is Cause.TIMEOUT


async def test_an_answer_that_is_not_signed_is_none(radius, probe):
    class Liar(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.transport.sendto(bytes((2, data[1])) + (20).to_bytes(2, "big") + bytes(16), address)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Liar, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    with pytest.raises(Down, match="that do not fit"):
        await radius.check("127.0.0.1", port=port, secret=SECRET, timeout=0.3, attempts=1, probe=probe)
    transport.close()
