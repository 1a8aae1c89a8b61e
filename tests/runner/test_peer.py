"""A process at the other end of a socket pair, whatever becomes of it."""

import asyncio
import os
import signal
import socket
import sys

import pytest

from mon.errors import StoreError
from mon.runner.messages import frame
from mon.runner.peer import Channel, Peer

ECHO = """
import socket
end = socket.socket(fileno=0)
while data := end.recv(1 << 16):
    end.sendall(data)
"""


@pytest.fixture
def heard():
    return []


@pytest.fixture
def lost():
    return []


@pytest.fixture
async def start(heard, lost):
    """``start(text)`` runs a Python text with a socket as its stdin."""
    peers = []

    def begin(text):
        peers.append(Peer([sys.executable, "-S", "-c", text], os.environ, heard.append, lost.append))
        return peers[-1]

    yield begin
    for peer in peers:
        await peer.close()
        assert peer.reaped


async def until(holds, seconds=10.0):
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never held")


async def test_messages_go_there_and_back_whole_and_in_order(start, heard):
    peer = start(ECHO)
    for number in range(300):
        peer.send([number, "x" * 10_000])  # more than the socket takes at once
    await until(lambda: len(heard) == 300)
    assert [int(message[1:].partition(b",")[0]) for message in heard] == list(range(300))


async def test_one_that_dies_is_lost_once_and_what_is_sent_to_it_goes_nowhere(start, lost):
    peer = start("import time; time.sleep(60)")
    os.kill(peer.pid, signal.SIGKILL)
    await until(lambda: lost)
    peer.send("hello?")
    assert (lost, peer.gone) == (["died"], True)
    await until(lambda: peer.reaped)


async def test_one_that_talks_nonsense_is_killed(start, lost):
    peer = start("import os, time; os.write(0, b'\\xff' * 100); time.sleep(60)")
    await until(lambda: peer.reaped)
    assert lost[0].startswith("said what is no answer")


async def test_one_that_stays_when_hung_up_on_is_killed(start, lost):
    peer = start("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)")
    async with asyncio.timeout(5):
        await peer.close()
    assert (lost, peer.reaped) == ([], True)


async def test_a_program_that_is_not_there_is_an_error(heard, lost):
    with pytest.raises(OSError):
        Peer(["/nowhere/to/be/found"], os.environ, heard.append, lost.append)


async def test_a_message_that_cannot_be_read_ends_the_channel(lost):
    def refuse(_message):
        raise StoreError("that is none")

    ours, theirs = socket.socketpair()
    channel = Channel(ours, refuse, lost.append)
    theirs.sendall(frame("a") + frame("b"))
    await until(lambda: lost)
    assert (lost, channel.closed) == (["said what is no answer: that is none"], True)
    theirs.close()
