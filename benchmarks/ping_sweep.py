"""CPU of one ping in a sweep over addresses of 127.0.0.0/8, one request each.

    python benchmarks/ping_sweep.py [HOSTS]

Needs CAP_NET_RAW or net.ipv4.ping_group_range.
"""

import asyncio
import resource
import sys
import time

from mon.probe import Echo, Probe


async def main(hosts: int) -> None:
    """Sweep three times and print the median."""
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
    cpu, wall, alive = sorted(found)[1]
    print(f"{hosts} hosts, {alive} alive: {wall:.2f} s, {cpu / hosts * 1e6:.1f} us of CPU each")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
