"""Questions over UDP."""

import asyncio

import pytest

from mon.errors import Down, Unknown
from mon.model.result import Cause


class Server(asyncio.DatagramProtocol):
    """Answers the question number ``after`` and later ones."""

    def __init__(self, after=1, answer=b"answer"):
        self.after, self.answer, self.asked = after, answer, []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.asked.append(data)
        if len(self.asked) >= self.after:
            self.transport.sendto(self.answer, address)


@pytest.fixture
async def serve():
    servers = []

    async def begin(**how):
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(lambda: Server(**how), ("127.0.0.1", 0))
        servers.append(transport)
        server.port = transport.get_extra_info("sockname")[1]
        return server

    yield begin
    for transport in servers:
        transport.close()
    await asyncio.sleep(0)


def whole(data):
    return data


async def test_an_answer(probe, serve):
    server = await serve()
    assert await probe.ask("127.0.0.1", server.port, b"question", whole, timeout=5) == b"answer"
    assert server.asked == [b"question"]


async def test_it_is_asked_again_while_nothing_comes(probe, serve):
    server = await serve(after=3)
    assert await probe.ask("127.0.0.1", server.port, b"q", whole, timeout=1.5, attempts=3) == b"answer"
    assert server.asked == [b"q"] * 3


async def test_silence_is_a_timeout(probe, serve):
    server = await serve(after=99)
    with pytest.raises(Down, match=r"no answer within 0.2 s") as found:
        await probe.ask("127.0.0.1", server.port, b"q", whole, timeout=0.2, attempts=2)
    assert found.value.cause is Cause.TIMEOUT


async def test_answers_that_do_not_fit_are_wrong(probe, serve):
    server = await serve()
    with pytest.raises(Down, match="but 1 that do not fit") as found:
        await probe.ask("127.0.0.1", server.port, b"q", lambda _: None, timeout=0.2, attempts=1)
    assert found.value.cause is Cause.WRONG


async def test_a_port_that_refuses(probe, refusing):
    with pytest.raises(Down, match="refused") as found:
        await probe.ask("127.0.0.1", refusing, b"q", whole, timeout=5)
    assert found.value.cause is Cause.REFUSED


async def test_what_take_raises_is_raised(probe, serve):
    def take(data):
        raise Down("not good")

    server = await serve()
    with pytest.raises(Down, match="not good"):
        await probe.ask("127.0.0.1", server.port, b"q", take, timeout=5)

    def broken(data):
        raise TypeError("a fault of the check")

    with pytest.raises(TypeError):
        await probe.ask("127.0.0.1", server.port, b"q", broken, timeout=5)


async def test_an_answer_that_cannot_be_read_is_down(probe, serve):
    server = await serve()
    with pytest.raises(Down, match="its answer cannot be read: invalid literal for int"):
        await probe.ask("127.0.0.1", server.port, b"q", int, timeout=5)


async def test_a_local_address_that_is_not_ours_is_our_own_trouble(probe, serve):
    server = await serve()
    with pytest.raises(Unknown, match="cannot"):
        await probe.ask("127.0.0.1", server.port, b"q", whole, timeout=5, bind="192.0.2.1")


async def test_a_scope_that_names_no_interface_is_our_own_trouble(probe):
    with pytest.raises(Unknown, match="cannot connect"):
        await probe.ask("fe80::1%nowhere0", 53, b"q", whole, timeout=5)


async def test_hosts_that_are_here_and_hosts_that_are_not(probe):
    await probe.local("127.0.0.1")
    await probe.local("::1")
    with pytest.raises(Unknown, match=r"192.0.2.1 is another"):
        await probe.local("192.0.2.1")
