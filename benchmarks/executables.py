"""Classic executables: how many `/bin/true` a second a daemon of 150 MB runs as monitors, at what cost.

    python benchmarks/executables.py [SECONDS]

It is offered half as many again as it should do; the next run of a service waits while the last has not
ended.  Counted is in the daemon, from timetable to opinion; the loop is watched for being blocked (see
watched.py) by work of ours; how late a busy machine lets it run is a row of its own.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from services import cpu_of, memory_of
from table import Row, at_least, at_most, noted, show
from watched import main as watched
from watched import pauses

SERVICES = 1500
INTERVAL = 1.0
WARM_UP = 60.0
"""Seconds at most until each has run once."""

VARIABLES = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
"""What the daemon has of our variables: as few as a service manager gives it.  Each program gets them
all, and one costs 0.5 us."""

BALLAST = 85 << 20
"""Bytes that make the daemon as large as one with 20,000 services."""

SERVICE = """\
watch g{n}
    service bench
        interval {interval:g}s
        monitor {monitor}

"""


def rows(seconds: float = 8.0) -> list[Row]:
    """Run it and count."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as name:
        directory = Path(name)
        Path(directory, "true.monitor").symlink_to("/bin/true")
        (directory / "mon.cf").write_text(mon_cf(directory, "true.monitor"))
        ran = measured(__file__, directory, seconds)
    return [
        at_least("executables, /bin/true", ran.rate, "/s", 1000, f"daemon of {ran.memory:.0f} MB"),
        noted("executables: CPU of the daemon for each", ran.cpu * 1000, "ms"),
        at_most("executables: loop blocked by work", ran.busy * 1000, "ms", 10),
        noted("executables: loop late, whyever", ran.late * 1000, "ms"),
    ]


class Ran(NamedTuple):
    """Calls a second, seconds of CPU for each, megabytes, and the worst seconds of the loop."""

    rate: float
    cpu: float
    memory: float
    busy: float
    late: float


def measured(script: str, directory: Path, seconds: float, cpu: Callable[[int], float] = cpu_of) -> Ran:
    """Run ``script --daemon directory``, and once each service has run, count for so long.

    ``cpu`` is the time that a process, by its number, has used.
    """
    words = [sys.executable, script, "--daemon", str(directory)]
    few = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    log = directory / "log"
    with log.open("wb") as said, subprocess.Popen(words, stderr=said, env=few) as process:
        _warm(log)
        since, before = time.monotonic(), cpu(process.pid)
        time.sleep(seconds)
        until, used = time.monotonic(), cpu(process.pid) - before
        memory = memory_of(process.pid)
        process.send_signal(signal.SIGTERM)
    calls = sum(since <= float(line) < until for line in (directory / "calls").read_text().split())
    blocked = pauses(directory / "pauses", since, until)
    return Ran(
        calls / (until - since),
        used / max(calls, 1),
        memory,
        max((each.busy for each in blocked), default=0.0),
        max((each.late for each in blocked), default=0.0),
    )


def _warm(log: Path) -> None:
    """Wait until each service has run once: the first run is news, which costs more."""
    end, services = time.monotonic() + WARM_UP, 0
    while time.monotonic() < end:
        time.sleep(0.2)
        said = log.read_bytes()
        services = services or int((said.partition(b"watching ")[2].split() or [b"0"])[0])
        if services and said.count(b"/bench: untested -> ok") >= services:
            return


def mon_cf(
    directory: Path, monitor: str, services: int = SERVICES, interval: float = INTERVAL, more: str = ""
) -> str:
    """Services of one host each; ``more`` are globals."""
    addresses = (f"127.1.{1 + n // 250}.{1 + n % 250}" for n in range(services))
    groups = "".join(f"hostgroup g{n} {address}\n\n" for n, address in enumerate(addresses))
    text = "".join(SERVICE.format(n=n, interval=interval, monitor=monitor) for n in range(services))
    return f"statedir = {directory}\nmondir = {directory}\n{more}\n{groups}{text}"


def counting(directory: Path, owner: type, method: str) -> int:
    """``mon run`` with ballast; each call of a method is noted."""
    ballast = bytearray(os.urandom(1 << 20) * (BALLAST >> 20))
    called, calls = getattr(owner, method), list[float]()

    def noting(*arguments: Any, **more: Any) -> Any:
        calls.append(time.monotonic())
        return called(*arguments, **more)

    setattr(owner, method, noting)
    try:
        return watched(directory / "pauses", directory / "mon.cf")
    finally:
        (directory / "calls").write_text("\n".join(map(str, calls)))
        del ballast


if __name__ == "__main__":
    if sys.argv[1:2] == ["--daemon"]:
        from mon.runner.spawn import Spawner

        sys.exit(counting(Path(sys.argv[2]), Spawner, "_collect"))
    show(rows(*map(float, sys.argv[1:])))
