"""Ten thousand services of one host each: load them, run them, and say what it costs.

    python benchmarks/services.py [SERVICES] [INTERVAL] [SECONDS]

The daemon runs as a process of its own with `tcp.monitor` on addresses of 127.0.0.0/8, one listener in
another process answers for all and notes when each was asked.  A check is late by what it comes
later than in the best of its rounds.
"""

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from table import Row, at_most, noted, show

from mon.daemon.loading import load
from mon.daemon.options import Options

SERVICE = """\
hostgroup g{n} {address}

watch g{n}
    service tcp
        interval {interval:g}s
        monitor {monitor}
        period
            alert file.alert {directory}/alerts.log

"""

TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP = 15.0
"""Seconds of the run that are not counted: every service is due at once after a start."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run costs: checks a second (made, wanted), CPU and lateness in seconds, memory in megabytes."""

    rate: float
    wanted: float
    cpu: float
    p50: float
    p99: float
    memory: float
    seen: int


def rows(services: int = 10_000, interval: float = 10, seconds: float = 40) -> list[Row]:
    """Load, run, tell."""
    found = measured(services, interval, seconds)
    return [
        noted(f"{services:,} services, every {interval:g} s", found.rate, "checks/s", f"{found.seen:,} seen"),
        noted("CPU of one core", found.rate * found.cpu * 100, "%"),
        noted("checks per CPU-second", 1 / found.cpu, ""),
        noted("lateness p50", found.p50 * 1000, "ms"),
        at_most("lateness p99", found.p99 * 1000, "ms", 25),
        noted("memory", found.memory, "MB"),
    ]


def measured(services: int, interval: float, seconds: float, warm_up: float = WARM_UP) -> Measured:
    """Run the daemon for so many seconds after an interval and ``warm_up``."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, listener() as (port, results):
        config = Path(directory, "mon.cf")
        config.write_text(mon_cf(services, interval, port, directory))
        with daemon(config) as process:
            time.sleep(interval + warm_up)
            cpu, since = cpu_of(process.pid), time.monotonic()
            time.sleep(seconds)
            cpu, until = cpu_of(process.pid) - cpu, time.monotonic()
            memory = memory_of(process.pid)
        results.send(None)
        asked: dict[str, list[float]] = results.recv()
    checks = sum(since <= at < until for times in asked.values() for at in times)
    late = sorted(each for times in asked.values() for each in lateness(times, interval, (since, until)))
    return Measured(
        rate=checks / (until - since),
        wanted=services / interval,
        cpu=cpu / max(checks, 1),
        p50=quantile(late, 0.5),
        p99=quantile(late, 0.99),
        memory=memory,
        seen=len(asked),
    )


def mon_cf(
    services: int,
    interval: float,
    port: int,
    directory: str,
    *,
    monitor: str = "tcp.monitor -p {port} -t 5",
    head: str = "",
) -> str:
    """The configuration; ``head`` is more of its globals."""
    words = monitor.format(port=port)
    addresses = (f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}" for n in range(services))
    return f"statedir = {directory}\n{head}\n" + "".join(
        SERVICE.format(n=n, address=address, interval=interval, monitor=words, directory=directory)
        for n, address in enumerate(addresses)
    )


def loading(config: Path) -> float:
    """Seconds of CPU to read and link it, as the daemon does at its start."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    load(Options(config=config))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextlib.contextmanager
def daemon(config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """``mon run`` on it."""
    words = [sys.executable, "-m", "mon", "run", "-c", str(config)]
    with open(config.parent / "log", "wb") as log, subprocess.Popen(words, stderr=log) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def listener() -> Iterator[tuple[int, Connection]]:
    """A process that accepts; its port, and the pipe that tells who was asked when, once it is written to."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=lambda: asyncio.run(listen(theirs)), daemon=True)
    process.start()
    yield ours.recv(), ours
    process.join(5)


async def listen(pipe: Connection) -> None:
    """Accept and note, until the pipe says stop."""
    loop, asked = asyncio.get_running_loop(), defaultdict[str, list[float]](list)
    stop = asyncio.Event()
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as server:
        server.setblocking(False)

        def accept() -> None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    client, _ = server.accept()
                    asked[client.getsockname()[0]].append(time.monotonic())
                    client.close()

        loop.add_reader(server, accept)
        loop.add_reader(pipe, stop.set)
        pipe.send(server.getsockname()[1])
        await stop.wait()
    pipe.send(dict(asked))


def lateness(times: list[float], interval: float, window: tuple[float, float]) -> Iterator[float]:
    """How much later than in its best round each check of one service came."""
    inside = [at for at in times if window[0] <= at < window[1]]
    phases = [at - round((at - inside[0]) / interval) * interval for at in inside]
    yield from (phase - min(phases) for phase in phases)


def quantile(values: list[float], share: float) -> float:
    """Of sorted values; 0 of none."""
    return values[int(share * (len(values) - 1))] if values else 0.0


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used, and those that it started."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS + sum(map(cpu_of, children(pid)))
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0.0


def children(pid: int) -> list[int]:
    """The processes that it started and that run."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory_of(pid: int) -> float:
    """Megabytes of a process in memory."""
    line = next(
        row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    defaults = [10_000, 10, 40]
    count, every, runs = (given + defaults[len(given) :])[:3]
    show(rows(int(count), every, runs))
