"""CPU of one ping in a sweep over addresses of 127.0.0.0/8, one request each.

    python benchmarks/ping_sweep.py [HOSTS]

Needs CAP_NET_RAW or net.ipv4.ping_group_range.
"""

import asyncio
import resource
import sys
import time

from table import Row, at_most, noted, show

from mon.probe import Echo, Probe


def rows(hosts: int = 20_000) -> list[Row]:
    """Sweep three times; the median."""
    cpu, wall, alive = asyncio.run(swept(hosts))
    return [
        at_most(f"ping sweep, {hosts:,} hosts", wall, "s", 1.2),
        at_most("ping sweep, CPU per host", cpu / hosts * 1e6, "us", 10),
        noted("ping sweep, alive", alive, "hosts"),
    ]


async def swept(hosts: int) -> tuple[float, float, int]:
    """Seconds of CPU, seconds, hosts alive."""
    targets = [f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}" for i in range(hosts)]
    probe = Probe()
    found = []
    for _ in range(3):
        echoes: list[Echo] = []
        wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        await probe.ping_sweep(targets, echoes.append, timeout=1.0, retries=0)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((cpu, time.perf_counter() - wall, sum(echo.rtt is not None for echo in echoes)))
    await probe.close()
    return sorted(found)[1]


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
