"""Programs of operators: how many a second a daemon of 150 MB starts, and whether its loop notices.

    python benchmarks/programs.py [PROGRAMS]

/bin/true by nothing but Popen, pidfd and epoll, and by the spawner; then a Python plugin that imports
requests and icmplib by the worker, which has it loaded once and forks for each check.
"""

import asyncio
import gc
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services import memory_of
from table import Row, at_least, at_most, noted, show
from watched import EACH

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.core import system_clock
from mon.model.result import HostResult, RunResult, Verdict
from mon.probe import Probe
from mon.runner import Runner, Spawner, Worker, loop
from mon.runner.spawn import Command

BALLAST = 150
"""Megabytes of the parent: what makes fork slow."""

IN_FLIGHT = 20

PLUGIN = '''"""Imports what operators import."""
import icmplib
import requests


def check(host: str) -> str:
    return f"{host} {requests.__version__} {icmplib.__version__}"
'''

CONFIG = """\
hostgroup farm {hosts}

watch farm
    service own
        interval 1h
        monitor own.monitor
"""


def rows(programs: int = 5_000) -> list[Row]:
    """/bin/true, then plugins."""
    ballast = os.urandom(1 << 20) * BALLAST
    bare, least = _bare(programs // 2)
    rate, late, own = loop.run(_programs(programs))
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory:
        Path(directory, "own.monitor").write_text(PLUGIN)
        hosted = asyncio.run(_plugins(directory, max(100, programs // 10)))
    memory = memory_of(os.getpid())
    del ballast
    return [
        noted("/bin/true, bare Popen and pidfd", bare, "/s", "what this machine could do at best"),
        noted("/bin/true, bare: CPU of one, the parent's part", least * 1e6, "us"),
        at_least("/bin/true by the spawner", rate, "/s", 1_000, f"from {memory:.0f} MB, {IN_FLIGHT} at once"),
        at_most("/bin/true: loop blocked", late * 1000, "ms", 10),
        noted("/bin/true: CPU of one, the parent's part", own * 1e6, "us"),
        at_least("operators' Python with requests, icmplib", hosted, "/s", 250, "a process each"),
    ]


def _bare(programs: int) -> tuple[float, float]:
    """How many a second, and CPU of the parent for one."""
    epoll, left = select.epoll(), programs
    running: dict[int, tuple[subprocess.Popen[bytes], int]] = {}
    began, cpu = time.monotonic(), time.process_time()
    while left or running:
        while left and len(running) < IN_FLIGHT:
            reading, writing = os.pipe()
            words = ["/bin/true"]
            process = subprocess.Popen(words, stdout=writing, stderr=writing, start_new_session=True, cwd="/")
            os.close(writing)
            watched = os.pidfd_open(process.pid)
            epoll.register(watched, select.EPOLLIN)
            running[watched] = process, reading
            left -= 1
        for ended, _ in epoll.poll():
            process, reading = running.pop(ended)
            os.read(reading, 65536)
            process.wait()
            os.close(reading)
            os.close(ended)
    epoll.close()
    return programs / (time.monotonic() - began), (time.process_time() - cpu) / programs


async def _programs(programs: int) -> tuple[float, float, float]:
    """How many a second, the loop's own work in its longest turn, CPU of the parent for one."""
    gc.freeze()
    spawner, left = Spawner(), iter(range(programs))
    worst = [0.0]
    watcher = asyncio.create_task(_watch(worst))

    async def work() -> None:
        for _ in left:
            ended = await spawner.run(Command(("/bin/true",)), 10.0)
            if ended.status or ended.trouble:
                raise SystemExit(f"/bin/true ended with {ended}")

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    watcher.cancel()
    await spawner.close()
    return programs / took, worst[0], cpu / programs


async def _watch(worst: list[float]) -> None:
    """The thread's CPU between two looks is what the loop was busy with, and looked at nothing else."""
    while True:
        before, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(EACH)
        late, busy = time.monotonic() - before - EACH, time.thread_time() - used
        worst[0] = max(worst[0], min(late, busy))


async def _plugins(directory: str, hosts: int) -> float:
    """Checks a second of an operator's plugin, one host each."""
    names = " ".join(f"h{number}" for number in range(hosts))
    parsed = parse(CONFIG.format(hosts=names), "mon.cf", read=lambda pattern, file: ())
    check = link(parsed.config, Catalog((Path(directory),), ()), lambda name: (name,)).checks["farm", "own"]
    runner = Runner(Probe(), None, Worker(), clock=system_clock)
    heard: list[HostResult] = []
    await runner.round(check, check.hosts[:IN_FLIGHT], {}, lambda result: None)
    began = time.monotonic()
    result: RunResult | None = await runner.round(check, check.hosts, {}, heard.append)
    took = time.monotonic() - began
    await runner.close(0.0)
    wrong = [each for each in heard if each.verdict is not Verdict.OK]
    if result is None or wrong:
        raise SystemExit(f"{len(wrong)} plugins failed: {wrong[:1]}")
    return hosts / took


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
