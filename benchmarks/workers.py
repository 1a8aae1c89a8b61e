"""`workers 2` beside none: HTTP checks of the whole daemon, for each second and for each second of CPU.

    python benchmarks/workers.py [SECONDS]

Each check is a new connection, nginx in another process answers; CPU is that of the daemon and its workers.
More checks a second need more cores than are busy already.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

from executables import Ran, counting, measured, mon_cf
from http_checks import server
from services import cpu_of
from table import Row, at_least, noted, show

SERVICES = 2000
HARD = 0.2
"""Seconds between two checks of a service: more than can be done."""

SHARE = 0.8
"""Of what each can do at most: there its cost is measured, where nothing is asked for in vain."""


def rows(seconds: float = 5.0) -> list[Row]:
    """What each can do at most, then what it costs somewhat below that."""
    most = [run(workers, HARD, seconds).rate for workers in (0, 2)]
    none, two = (
        run(workers, SERVICES / (SHARE * rate), seconds) for workers, rate in zip((0, 2), most, strict=True)
    )
    return [
        noted("HTTP, in the daemon", 1 / none.cpu, "/CPU s", f"at {none.rate:.0f}/s"),
        noted("HTTP, workers 2", 1 / two.cpu, "/CPU s", f"at {two.rate:.0f}/s"),
        at_least("workers 2: as many per CPU-second", none.cpu / two.cpu, "x", 0.85),
        noted("HTTP, in the daemon, at most", most[0], "/s"),
        noted("HTTP, workers 2, at most", most[1], "/s"),
        at_least("workers 2: as many per second", most[1] / most[0], "x", 1),
    ]


def run(workers: int, interval: float, seconds: float) -> Ran:
    """The daemon with so many workers."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as name, server() as port:
        directory = Path(name)
        monitor = f"http.monitor -p {port} -u /alive -t 5"
        text = mon_cf(directory, monitor, SERVICES, interval, f"workers = {workers}\n")
        (directory / "mon.cf").write_text(text)
        return measured(__file__, directory, seconds, family)


def family(pid: int) -> float:
    """Seconds of CPU of a process and its children."""
    cpu = cpu_of(pid)
    for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            cpu += cpu_of(int(word))
    return cpu


if __name__ == "__main__":
    if sys.argv[1:2] == ["--daemon"]:
        from mon.daemon.checks import Checks

        sys.exit(counting(Path(sys.argv[2]), Checks, "_heard"))
    show(rows(*map(float, sys.argv[1:])))
