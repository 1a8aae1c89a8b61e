"""Blocking calls beside the loop."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from mon.errors import Unknown
from mon.probe import Probe
from mon.probe.threads import NotBegun, Threads


async def test_calls_run_side_by_side_up_to_the_limit():
    threads, barrier = Threads(3, "test"), threading.Barrier(3)
    await asyncio.gather(*(threads.run(barrier.wait, 5, timeout=10) for _ in range(3)))
    threads.close()


async def test_a_thread_is_used_again():
    threads = Threads(5, "test")
    names = {await threads.run(lambda: threading.current_thread().ident, timeout=5) for _ in range(20)}
    threads.close()
    assert len(names) <= 2


async def test_an_exception_reaches_whoever_waits():
    threads = Threads(1, "test")
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0, timeout=5)
    threads.close()


async def test_what_does_not_end_and_what_does_not_begin_are_told_apart():
    threads, go = Threads(1, "test"), threading.Event()
    with pytest.raises(TimeoutError):
        await threads.run(go.wait, timeout=0.1)
    with pytest.raises(NotBegun):
        await threads.run(time.sleep, 0, timeout=0.1)
    go.set()
    assert await threads.run(lambda: 7, timeout=5) == 7
    threads.close()


async def test_no_free_thread_is_our_own_trouble(monkeypatch):
    monkeypatch.setattr("mon.probe.THREADS", 1)
    probe, go = Probe(), threading.Event()
    hung = asyncio.ensure_future(probe.in_thread(go.wait, timeout=5))
    await asyncio.sleep(0.05)
    with pytest.raises(Unknown, match=r"no thread was free for 0\.1 s"):
        await probe.in_thread(print, timeout=0.1)
    go.set()
    await hung
    await probe.close()


def test_a_call_that_hangs_does_not_hold_up_the_end_of_the_program():
    program = """
import asyncio, time
from mon.probe import Probe
async def main():
    probe = Probe()
    try:
        await probe.in_thread(time.sleep, 60, timeout=0.1)
    except TimeoutError:
        await probe.close()
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=20).returncode == 0
