"""Minutes of many checks a second: does memory grow, does it get later?

    python benchmarks/soak.py [SECONDS] [CHECKS-PER-SECOND]

Ten minutes are a soak; `make bench` only sips.  After the warm-up there are ten looks at memory and lateness.
"""

import sys
import tempfile
import time
from bisect import bisect
from itertools import pairwise
from pathlib import Path

from services import cpu_of, daemon, listener, memory_of, mon_cf, quantile
from table import Row, at_most, noted, show

INTERVAL = 1.0
WARM_UP = 45.0
"""Seconds until every service has a state, the store has its pages and the collector has settled."""

LOOKS = 10
GROWTH = 2.0
"""Percent of memory after the warm-up."""

LATER = 2.0
"""The last tenth's p99 of lateness may be so many times the first one's: flat but for the machine's moods."""


def rows(seconds: float = 60.0, rate: float = 5_000.0) -> list[Row]:
    """Run the daemon and look."""
    services = int(rate * INTERVAL)
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, listener() as (port, results):
        config = Path(directory, "mon.cf")
        config.write_text(mon_cf(services, INTERVAL, port, directory))
        with daemon(config) as process:
            time.sleep(WARM_UP)
            cpu, since = cpu_of(process.pid), time.monotonic()
            memory, at = [memory_of(process.pid)], [since]
            for _ in range(LOOKS):
                time.sleep(seconds / LOOKS)
                memory.append(memory_of(process.pid))
                at.append(time.monotonic())
            cpu = cpu_of(process.pid) - cpu
        results.send(None)
        asked: dict[str, list[float]] = results.recv()
    late = p99s(asked, at)
    checks = sum(since <= each < at[-1] for times in asked.values() for each in times)
    made, grown = checks / (at[-1] - since), (memory[-1] / memory[0] - 1) * 100
    what = f"{seconds / 60:g} min at {rate:,.0f} checks/s"
    return [
        noted(f"{what}: made", made, "/s", f"{cpu / max(checks, 1) * 1e6:.0f} us of CPU each"),
        at_most(f"{what}: memory grows by", grown, "%", GROWTH, f"{memory[-1]:.0f} MB"),
        noted(f"{what}: lateness p99, first tenth", late[0] * 1000, "ms"),
        at_most(f"{what}: lateness p99, last tenth", late[-1] / max(late[0], 0.020), "x the first", LATER,
                f"{late[-1] * 1000:.1f} ms"),
    ]  # fmt: skip


def p99s(asked: dict[str, list[float]], at: list[float]) -> list[float]:
    """Lateness of the checks between each two looks, by the best of each service in all of the time."""
    late: list[list[float]] = [[] for _ in pairwise(at)]
    for times in asked.values():
        inside = [each for each in times if at[0] <= each < at[-1]]
        phases = [each - round((each - inside[0]) / INTERVAL) * INTERVAL for each in inside]
        best = min(phases, default=0.0)
        for each, phase in zip(inside, phases, strict=True):
            late[bisect(at, each) - 1].append(phase - best)
    return [quantile(sorted(each), 0.99) for each in late]


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    show(rows(*(given or [600.0])))
