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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services import cpu_of, memory_of
from table import Row, at_least, at_most, noted, show
from watched import main as watched
from watched import pauses

SERVICES = 1500
INTERVAL = 1.0
WARM_UP = 60.0
"""Seconds at most until each has run once: the first run of a service is news, which costs more."""

BALLAST = 85 << 20
"""Bytes that make the daemon as large as one with 20,000 services."""

SERVICE = """\
watch g{n}
    service true
        interval {interval:g}s
        monitor true.monitor

"""


def rows(seconds: float = 8.0) -> list[Row]:
    """Run it and count."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as name:
        directory = Path(name)
        Path(directory, "true.monitor").symlink_to("/bin/true")
        config = directory / "mon.cf"
        config.write_text(mon_cf(directory))
        with subprocess.Popen(
            [sys.executable, __file__, "--daemon", str(directory)], stderr=(directory / "log").open("wb")
        ) as process:
            _warm(directory / "log")
            since, cpu = time.monotonic(), cpu_of(process.pid)
            time.sleep(seconds)
            until, cpu = time.monotonic(), cpu_of(process.pid) - cpu
            memory = memory_of(process.pid)
            process.send_signal(signal.SIGTERM)
        ended = [float(line) for line in (directory / "ended").read_text().split()]
        blocked = pauses(directory / "pauses", since, until)
    runs = sum(since <= at < until for at in ended)
    return [
        at_least("executables, /bin/true", runs / (until - since), "/s", 1000, f"daemon of {memory:.0f} MB"),
        noted("executables: CPU of the daemon for each", cpu / max(runs, 1) * 1000, "ms"),
        at_most("executables: loop blocked by work", _most(each.busy for each in blocked), "ms", 10),
        noted("executables: loop late, whyever", _most(each.late for each in blocked), "ms"),
    ]


def _warm(log: Path) -> None:
    end = time.monotonic() + WARM_UP
    while log.read_bytes().count(b"/true: untested -> ok") < SERVICES and time.monotonic() < end:
        time.sleep(0.2)


def _most(seconds: Iterable[float]) -> float:
    return max(seconds, default=0.0) * 1000


def mon_cf(directory: Path) -> str:
    """The configuration."""
    groups = "".join(f"hostgroup g{n} 127.0.0.1\n\n" for n in range(SERVICES))
    services = "".join(SERVICE.format(n=n, interval=INTERVAL) for n in range(SERVICES))
    return f"statedir = {directory}\nmondir = {directory}\n\n{groups}{services}"


def daemon(directory: Path) -> int:
    """``mon run`` with ballast; every end of a program is noted."""
    from mon.runner.spawn import Spawner

    ballast = bytearray(os.urandom(1 << 20) * (BALLAST >> 20))
    collect, ended = Spawner._collect, list[float]()

    def noting(self: Spawner, *arguments: Any) -> Any:
        ended.append(time.monotonic())
        return collect(self, *arguments)

    Spawner._collect = noting  # type: ignore[assignment,method-assign]
    try:
        return watched(directory / "pauses", directory / "mon.cf")
    finally:
        (directory / "ended").write_text("\n".join(map(str, ended)))
        del ballast


if __name__ == "__main__":
    if sys.argv[1:2] == ["--daemon"]:
        sys.exit(daemon(Path(sys.argv[2])))
    show(rows(*map(float, sys.argv[1:])))
