"""The poller: what is ready on a socket goes to whoever watches it, and only to that."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator

import pytest

from mon.probe.poller import AT_ONCE, ENDED, READABLE, SPELL, Poller


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


async def test_what_was_ready_before_it_is_watched_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    seen: list[int] = []
    poller = Poller()
    poller.watch(ours.fileno(), seen.append)
    await asyncio.sleep(0.05)
    assert any(events & READABLE for events in seen)
    poller.close()


async def test_the_end_comes_with_the_last_data(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    seen: list[int] = []
    poller = Poller()
    theirs.send(b"last words")
    theirs.close()
    poller.watch(ours.fileno(), seen.append)
    await asyncio.sleep(0.05)
    assert any(events & ENDED for events in seen)
    poller.close()


async def test_who_forgets_hears_nothing_more(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    seen: list[int] = []
    poller = Poller()
    poller.watch(ours.fileno(), seen.append)
    poller.forget(ours.fileno())
    poller.forget(ours.fileno())
    theirs.send(b"x")
    await asyncio.sleep(0.05)
    assert seen == []
    poller.close()


async def test_one_that_fails_takes_no_event_from_the_others() -> None:
    """An edge is told once: who misses it would wait for its deadline."""
    loop, complaints = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _loop, context: complaints.append(context["exception"]))
    poller, seen = Poller(), set[int]()
    pairs = [socket.socketpair() for _ in range(AT_ONCE + 20)]

    def ready(number: int) -> None:
        if number == 0:
            raise RuntimeError("a fault of its own")
        seen.add(number)

    for number, (ours, theirs) in enumerate(pairs):
        theirs.send(b"x")
        poller.watch(ours.fileno(), lambda _events, number=number: ready(number))
    for _ in pairs:
        await asyncio.sleep(0)
    assert seen == set(range(1, len(pairs)))
    assert [str(each) for each in complaints] == ["a fault of its own"]
    poller.close()
    for pair in pairs:
        for each in pair:
            each.close()


async def test_those_that_would_not_stop_wait_behind_all_others() -> None:
    poller, told = Poller(), list[int]()
    pairs = [socket.socketpair() for _ in range(2 * AT_ONCE)]

    def tedious(fd: int) -> None:
        told.append(fd)
        time.sleep(SPELL)
        poller.again(fd)

    for ours, theirs in pairs[1:]:
        theirs.send(b"x")
        fd = ours.fileno()
        poller.watch(fd, lambda _events, fd=fd: tedious(fd))
    for _ in range(3 * len(pairs)):
        await asyncio.sleep(0)
    assert set(told) == {ours.fileno() for ours, _ in pairs[1:]}
    at = len(told)
    poller.watch(pairs[0][1].fileno(), lambda _events: told.append(-1))  # it can be written to
    for _ in range(5):  # in each of which one is told
        await asyncio.sleep(0)
    assert -1 in told[at : at + 5]
    poller.close()
    for each in (each for pair in pairs for each in pair):
        each.close()


async def test_what_is_still_to_be_told_is_not_told_to_the_next_of_that_number() -> None:
    poller, seen = Poller(), list[str]()
    first, other = socket.socketpair()
    number = first.fileno()
    poller.watch(number, lambda _events: seen.append("the first"))
    poller.again(number)
    poller.forget(number)
    first.close()
    silent, peer = socket.socketpair()
    assert silent.fileno() == number
    poller.watch(number, lambda events: seen.append("readable" if events & READABLE else "writable"))
    await asyncio.sleep(0.05)
    assert set(seen) == {"writable"}
    poller.close()
    for each in (other, silent, peer):
        each.close()


async def test_one_that_asks_again_without_more_to_read_is_told_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    poller, seen = Poller(), list[int]()
    poller.watch(pair[0].fileno(), seen.append)
    await asyncio.sleep(0.05)
    seen.clear()
    poller.again(pair[0].fileno())
    poller.again(pair[0].fileno())
    assert seen == []
    await asyncio.sleep(0.05)
    assert seen == [READABLE]
    poller.close()


async def test_a_closed_poller_leaves_no_descriptor(pair: tuple[socket.socket, socket.socket]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    poller = Poller()
    poller.watch(pair[0].fileno(), lambda _events: None)
    poller.close()
    poller.close()
    assert len(os.listdir("/proc/self/fd")) == before
