"""Ten thousand services: start, reload with one in a hundred changed, and what checks notice of it.

    python benchmarks/reload.py [SERVICES]

The daemon runs as a process of its own and checks a listener in another meanwhile.  Its loop is watched from
inside (watched.py): of a pause counts the CPU that the loop's thread used; a busy machine pauses it too.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from services import listener, loading, memory_of, mon_cf
from table import Row, at_most, noted, show
from watched import Pause, pauses

from mon.control.asking import ask

INTERVAL = 10.0
BUCKET = 0.1
AFTER = 12.0
"""Seconds after the reload in which a burst would show: more than an interval."""


def rows(services: int = 10_000) -> list[Row]:
    """Load, start, reload."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as name, listener() as (port, results):
        directory = Path(name)
        config, log = directory / "mon.cf", directory / "pauses"
        config.write_text(mon_cf(services, INTERVAL, port, name))
        read = loading(config)
        began = time.monotonic()
        with watched(config, log) as process:
            wait_for(directory / "mon.sock")
            started = time.monotonic()
            time.sleep(INTERVAL + 5)
            before = memory_of(process.pid)
            reloads = [reload(directory, config, number) for number in range(2)]
            time.sleep(AFTER)
            after = memory_of(process.pid)
        results.send(None)
        asked = sorted(at for times in results.recv().values() for at in times)
        noticed = pauses(log, reloads[0][0], reloads[-1][1] + AFTER)
        at_start = pauses(log, began, started)
    since, until = reloads[0][0], reloads[-1][1] + AFTER
    each, usual = f"{services:,} services", services / INTERVAL * BUCKET
    return [
        at_most(f"load, {each}: CPU to parse and link", read, "s", 1.0),
        noted(f"start, {each}: until it answers", started - began, "s"),
        noted("start: loop blocked", worst(at_start), "ms"),
        at_most(f"reload, 1 % of {each} changed", max(end - start for start, end in reloads), "s", 1.0),
        at_most("reload: loop blocked", worst(noticed), "ms", 50, "by itself; the machine may add to it"),
        noted("reload: longest pause of the loop", max((p.late for p in noticed), default=0) * 1000, "ms"),
        at_most("reload: busiest 0.1 s after it", busiest(asked, since, until) / usual, "x the mean", 2.0),
        noted("memory before the reload", before, "MB"),
        noted("memory after it", after, "MB"),
    ]


def reload(directory: Path, config: Path, number: int) -> tuple[float, float]:
    """Change one in a hundred, in the middle of the file another one each time, and have it read."""
    blocks = config.read_text().split("\n\nhostgroup")
    for place in range(number, len(blocks), 100):
        blocks[place] = blocks[place].replace("-t 5", "-t 4")
    config.write_text("\n\nhostgroup".join(blocks))
    began = time.monotonic()
    ask(directory / "mon.sock", "reload")
    ended = time.monotonic()
    time.sleep(1)
    return began, ended


def busiest(asked: list[float], since: float, until: float) -> int:
    """Checks in the fullest bucket."""
    counts = Counter(int((at - since) / BUCKET) for at in asked if since <= at < until)
    return max(counts.values(), default=0)


def worst(found: list[Pause]) -> float:
    """Milliseconds of the loop's own work in its longest pause."""
    return max((pause.busy for pause in found), default=0.0) * 1000


def wait_for(path: Path) -> None:
    """Until the daemon has its socket."""
    until = time.monotonic() + 120
    while not path.exists():
        if time.monotonic() > until:
            raise SystemExit("the daemon does not start")
        time.sleep(0.02)


@contextlib.contextmanager
def watched(config: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The daemon with a watcher in its loop."""
    words = [sys.executable, str(Path(__file__).with_name("watched.py")), str(log), str(config)]
    with open(os.devnull, "wb") as nowhere, subprocess.Popen(words, stderr=nowhere) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
