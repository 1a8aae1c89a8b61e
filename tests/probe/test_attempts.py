"""Names with several addresses, of which some drop packets, refuse or cannot be reached."""

import asyncio
import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from mon.errors import Down, Unknown
from mon.probe import Probe
from mon.probe.address import endpoint
from mon.probe.attempts import delay, interleaved, race, reach


@contextmanager
def dropping(address="127.0.0.9", port=0):
    """A port whose backlog is full: it answers no attempt to connect."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind((address, port))
        full.listen(0)
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        yield full.getsockname()[1]


@contextmanager
def answering(port):
    """Says hello on 127.0.0.1, and waits to be left."""
    listener = socket.create_server(("127.0.0.1", port))

    def serve():
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):  # it may be left with the greeting unread: a reset
                    client.sendall(b"220 hello\r\n")
                    client.recv(1)  # until it is left

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
async def both():
    """A probe for which every name has an address that drops packets and one that answers; their port."""
    probe = Probe()
    probe._resolver._look_up = lambda name: ("127.0.0.9", "127.0.0.1")
    with dropping() as port, answering(port):
        yield probe, port
    await probe.close()


async def test_every_way_to_connect_goes_on_past_an_address_that_drops_packets(both):
    probe, port = both
    assert await probe.exchange("web.example", port, b"", lambda got: b"hello" in got, timeout=20)
    async with probe.talk("web.example", port, timeout=20) as talk:
        assert await talk.read_line() == "220 hello"
    (await probe.hold("web.example", port, timeout=20)).close()
    assert await probe.lend("web.example", port, lambda sock: sock.recv(3), timeout=20) == b"220"


async def test_a_short_time_is_shared_too(both):
    probe, port = both
    assert await probe.exchange("web.example", port, b"", lambda got: b"hello" in got, timeout=0.5)


async def test_nobody_answering_is_down_when_the_time_is_over():
    probe = Probe()
    probe._resolver._look_up = lambda name: ("127.0.0.9", "127.0.0.8")
    with dropping() as port, dropping("127.0.0.8", port):
        for ask in (
            probe.exchange("web.example", port, b"", bool, timeout=0.4),
            probe.lend("web.example", port, lambda sock: sock.recv(3), timeout=0.4),
            probe.hold("web.example", port, timeout=0.4),
        ):
            with pytest.raises(Down, match=r"within 0\.4 s"):
                await ask
    await probe.close()


def test_the_families_take_turns_and_the_first_stays_first():
    assert interleaved(("::1", "::2", "::3", "192.0.2.1")) == ("::1", "192.0.2.1", "::2", "::3")
    assert interleaved(("192.0.2.1",)) == ("192.0.2.1",)


@pytest.mark.parametrize(("seconds", "attempts"), [(30, 2), (1, 2), (0.1, 2), (1, 40)])
def test_the_last_attempt_begins_in_time(seconds, attempts):
    assert delay(seconds, attempts) <= 0.25
    assert delay(seconds, attempts) * (attempts - 1) < seconds


async def test_the_first_to_succeed_wins_and_the_others_are_closed():
    closed = []

    async def attempt(name, seconds, finding=None):
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            closed.append(name)
            raise
        if finding:
            raise finding
        return name

    refused = lambda: attempt("a", 0, Down("refused"))  # noqa: E731
    slow, quick = lambda: attempt("b", 60), lambda: attempt("c", 0)
    assert await race([refused, slow, quick], 60, closed.append) == "c"
    await asyncio.sleep(0)
    assert closed == ["b"]
    with pytest.raises(Down, match="refused"):
        await race([lambda: attempt("x", 0, Unknown("ours")), refused], 60, closed.append)


def test_a_thread_gets_the_address_that_answers_too(refusing):
    with dropping() as port, answering(port):
        places = [endpoint(address, port) for address in ("127.0.0.9", "127.0.0.1")]
        with reach(places, 20) as sock:
            assert sock.recv(3) == b"220"
    with pytest.raises(OSError, match="refused"):
        reach([endpoint("127.0.0.1", refusing)], 5)
    with dropping() as port, pytest.raises(TimeoutError, match="no connection"):
        reach([endpoint("127.0.0.9", port)], 0.2)
