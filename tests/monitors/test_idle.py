"""The idle connection, against servers that are real: closed, reset, killed, restarted, and flooding."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from mon.plugin import Cause, Verdict

CHILD = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
print(listener.getsockname()[1], flush=True)
kept = []
while True:
    kept.append(listener.accept())
"""


class Said(list):
    """What was reported; ``next`` waits for one more."""

    def __call__(self, verdict, detail, cause):
        self.append((verdict, detail, cause))

    async def reaches(self, count, seconds=5.0):
        end = time.monotonic() + seconds
        while len(self) < count:
            assert time.monotonic() < end, list(self)
            await asyncio.sleep(0.005)
        return self[count - 1]


@pytest.fixture
async def follow(load, probe):
    """``follow(port, ...)`` follows 127.0.0.1 until the test is over; gives what is reported."""
    tasks = []

    def begin(port, **options):
        said = Said()
        call = load("idle").follow("127.0.0.1", said, port=port, probe=probe, **options)
        tasks.append(asyncio.create_task(call))
        return said

    yield begin
    for task in tasks:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def server(port=0):
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(port)], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def end(process, number=signal.SIGKILL):
    os.kill(process.pid, number)
    process.wait()
    process.stdout.close()


async def test_a_killed_process_is_down_before_any_check(follow):
    process, port = server()
    said = follow(port, retry=0.1)
    assert await said.reaches(1) == (Verdict.OK, "connected", Cause.NONE)
    began = time.monotonic()
    end(process)
    verdict, detail, cause = await said.reaches(2)
    assert time.monotonic() - began < 5
    assert (verdict, cause) == (Verdict.DOWN, Cause.REFUSED)
    assert detail.endswith("then connection refused")


async def test_one_that_is_back_is_told_once_it_accepts(follow):
    process, port = server()
    said = follow(port, retry=0.1)
    await said.reaches(1)
    end(process)
    await said.reaches(2)
    process, port = server(port)
    while (await said.reaches(len(said) + 1))[0] is Verdict.DOWN:
        pass
    assert said[-1][0] is Verdict.OK
    end(process)


async def test_connections_closed_by_a_graceful_restart_are_no_down(follow, start):
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        await reader.read()

    said = follow(await start(serve))
    await said.reaches(1)
    for count in (2, 3):
        writers[-1].close()
        assert await said.reaches(count) == (Verdict.OK, "connection closed, then connected", Cause.NONE)
    assert {verdict for verdict, *_ in said} == {Verdict.OK}


async def test_a_flood_of_closes_is_bounded(follow, start):
    accepted = []

    async def serve(reader, writer):
        accepted.append(time.monotonic())

    follow(await start(serve), pause=0.2)
    await asyncio.sleep(1.2)
    assert 4 <= len(accepted) <= 4 + 1 + 1.2 / 0.2 + 1


async def test_a_reset_and_then_a_refusal_is_down(follow):
    listener = socket.create_server(("127.0.0.1", 0))
    said = follow(listener.getsockname()[1], retry=0.1)
    connection, _ = await asyncio.to_thread(listener.accept)
    await said.reaches(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    listener.close()
    connection.close()
    assert await said.reaches(2) == (
        Verdict.DOWN,
        "connection reset, then connection refused",
        Cause.REFUSED,
    )


async def test_greetings_are_no_news(follow, start):
    async def serve(reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    said = follow(await start(serve))
    await said.reaches(1)
    await asyncio.sleep(0.2)
    assert len(said) == 1


async def test_one_that_talks_without_end_is_not_listened_to(follow, start):
    async def serve(reader, writer):
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    said = follow(await start(serve), pause=5)
    await said.reaches(2)
    assert said[1][1] == "it talks without being asked, then connected"
    await asyncio.sleep(0.2)
    assert len(said) <= 6


async def test_a_connection_that_cannot_be_made_in_time_says_nothing(follow, load, probe):
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    others = [socket.socket() for _ in range(4)]
    for other in others:
        other.setblocking(False)
        other.connect_ex(full.getsockname())
    said = follow(full.getsockname()[1], timeout=0.2, retry=5)
    assert await said.reaches(1) == (Verdict.UNKNOWN, "no answer within 0.2 s", Cause.NONE)
    for sock in (full, *others):
        sock.close()
