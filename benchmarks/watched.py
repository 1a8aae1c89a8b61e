"""``mon run`` with a watcher beside it: how long its loop was ever blocked.

    python benchmarks/watched.py LOG CONFIG

Each turn of the loop that came more than ``LEAST`` seconds late is a line of LOG: when (monotonic), how late,
and how much CPU the process used meanwhile: a loop that waits for a busy machine uses none.  What happens
before the loop is there (the first load) blocks nothing.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import NamedTuple, TextIO

EACH = 0.002
LEAST = 0.010


class Pause(NamedTuple):
    """The loop was blocked ``late`` seconds until ``at``, and worked for ``busy`` of them."""

    at: float
    late: float
    busy: float


def pauses(log: Path, since: float, until: float) -> list[Pause]:
    """What was noted between two monotonic times."""
    noted = [Pause(*map(float, line.split())) for line in log.read_text().splitlines()]
    return [pause for pause in noted if since <= pause.at - pause.late < until]


async def watch(log: TextIO) -> None:
    """Note each late turn, until the loop ends."""
    before, used = time.monotonic(), time.thread_time()
    while True:
        await asyncio.sleep(EACH)
        now, spent = time.monotonic(), time.thread_time()
        if now - before - EACH > LEAST:
            print(f"{now:.6f} {now - before - EACH:.6f} {spent - used:.6f}", file=log, flush=True)
        before, used = now, spent


def main(log: Path, config: Path) -> int:
    """The daemon as ``mon run`` starts it."""
    from mon import cli
    from mon.daemon.core import Daemon

    serve = Daemon.serve

    async def watched(daemon: Daemon) -> int:
        with log.open("w") as file:
            watcher = asyncio.create_task(watch(file))
            try:
                return await serve(daemon)
            finally:
                watcher.cancel()

    Daemon.serve = watched  # type: ignore[method-assign]
    return cli.main(["run", "-c", str(config)])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
