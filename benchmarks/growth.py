"""From a hundred services to fifty thousand: what a check costs, what a service weighs, how late it gets.

    python benchmarks/growth.py [SERVICES...]

Above a thousand checks a second would measure the machine: the interval grows with the services.
"""

import sys

from services import Measured, measured
from table import Row, at_most, noted, show

STEPS = {
    100: (1.0, 5.0, 15.0),
    1_000: (2.0, 5.0, 15.0),
    10_000: (10.0, 10.0, 20.0),
    50_000: (50.0, 30.0, 50.0),
}
"""Services, and their interval, the seconds to warm up besides it, the seconds that are measured."""

MEMORY = {10_000: 120.0, 50_000: 400.0}
"""Aims, in MB."""

LATE = 25.0
"""Aim, in ms."""


def rows(*services: int) -> list[Row]:
    """Four rows for each step."""
    return [row for each in services or STEPS for row in _step(each)]


def _step(services: int) -> list[Row]:
    interval, warm_up, seconds = STEPS[services]
    found: Measured = measured(services, interval, seconds, warm_up)
    what, memory = f"{services:,} services", MEMORY.get(services)
    return [
        noted(f"{what}: checks made", found.rate, "/s", f"of {found.wanted:,.0f}/s"),
        noted(f"{what}: CPU of a check", found.cpu * 1e6, "us"),
        at_most(f"{what}: lateness p99", found.p99 * 1000, "ms", LATE),
        noted(f"{what}: memory", found.memory, "MB")
        if memory is None
        else at_most(f"{what}: memory", found.memory, "MB", memory),
    ]


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
