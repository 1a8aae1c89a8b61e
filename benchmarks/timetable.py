"""The timetable alone: CPU of a start and how late it is, with the services of a large machine.

    python benchmarks/timetable.py [SECONDS]

The body of a check is a counter.  APScheduler's tick, the heap and the watchdog of the clock are in it.
"""

import asyncio
import resource
import sys
import time
from random import Random

from services import quantile
from table import Row, at_most, noted, show

from mon.daemon.core import system_clock
from mon.model.config import Key
from mon.timetable import Timetable

LOADS = ((1_000, 1.0), (10_000, 10.0), (50_000, 50.0), (10_000, 1.0), (50_000, 5.0))
"""Services and their interval: 1,000 and 10,000 starts a second."""

CPU, LATE = 20.0, 25.0
"""Aims: microseconds, milliseconds."""


def rows(seconds: float = 5.0) -> list[Row]:
    """Three rows for each load."""
    return [row for services, interval in LOADS for row in asyncio.run(_load(services, interval, seconds))]


async def _load(services: int, interval: float, seconds: float) -> list[Row]:
    late: list[float] = []
    table: Timetable

    def start(key: Key) -> None:
        turn = table._turns[key]
        due = turn.base - turn.interval  # it has just been moved to the next one
        late.append(turn.started - due if turn.started else 0.0)

    table = Timetable(system_clock, start, Random(1))
    for number in range(services):
        table.put((f"g{number}", "tcp"), interval, first=number / services * interval)
    table.start()
    await asyncio.sleep(1.0)
    late.clear()
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - began
    starts = len(late)
    table.stop()
    await asyncio.sleep(0)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / starts
    what = f"timetable, {services:,} services, {starts / took:,.0f} starts/s"
    late.sort()
    return [
        at_most(f"{what}: CPU of one", cpu * 1e6, "us", CPU),
        noted(f"{what}: lateness p50", quantile(late, 0.5) * 1000, "ms"),
        at_most(f"{what}: lateness p99", quantile(late, 0.99) * 1000, "ms", LATE),
    ]


if __name__ == "__main__":
    show(rows(*map(float, sys.argv[1:])))
