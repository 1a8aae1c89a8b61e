"""From a host's result to the changed balancer, while the daemon is busy checking.

    python benchmarks/reaction.py [CHECKS-PER-SECOND] [SAMPLES]

The daemon's parts run in this process with the memory balancer, `tcp.monitor` checks a listener in another
process all the while, and now and then one host of a pool is said to be down, or up again.  Measured is the
time until the balancer has the weight.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from services import listener, quantile
from table import Row, at_most, noted, show

from mon.balancer.memory import Memory
from mon.daemon.core import system_clock
from mon.daemon.loading import load
from mon.daemon.options import Options
from mon.daemon.parts import Parts
from mon.model.pool import Change
from mon.model.result import Cause, HostResult, Verdict
from mon.runner import loop

AIMS = {1_000.0: 5.0, 5_000.0: 10.0}
"""Checks a second beside it, and milliseconds for 99 of 100 results."""

GROUPS, SIZE = 50, 4
"""Services beside it, and hosts of each: all hosts of a service are checked in one burst."""

POOL = 10
"""Real servers of the pool that is measured; its checks are ours to say."""

CONFIG = """\
statedir = {directory}
hostgroup farm {farm}

virtual shop 192.0.2.10:80
    balancer memory
    rise 1
    fall 1
{reals}

watch farm
    service told
        monitor tcp.monitor -p {port}
        period
            alert lvs.alert shop
"""

BUSY = """
hostgroup busy{number} {hosts}

watch busy{number}
    service tcp
        interval {interval:g}s
        monitor tcp.monitor -p {port} -t 5
"""


class Watched(Memory):
    """Notes when it was last changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.changed = asyncio.Event()
        self.at = 0.0

    def apply(self, changes: Sequence[Change]) -> None:
        """Change, and tell the loop."""
        super().apply(changes)
        self.at = time.perf_counter()
        self._loop.call_soon_threadsafe(self.changed.set)


def rows(rate: float = 0.0, samples: int = 500) -> list[Row]:
    """At a thousand and at five thousand checks a second, or at one rate."""
    return [row for each in ([rate] if rate else AIMS) for row in _at(each, samples)]


def _at(rate: float, samples: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, listener() as (port, results):
        config = Path(directory, "mon.cf")
        config.write_text(mon_cf(directory, port, GROUPS * SIZE / rate))
        took, checks = loop.run(measured(Options(config=config), samples))
        results.send(None)
        results.recv()
    took.sort()
    what = f"result to balancer at {rate:,.0f} checks/s"
    return [
        noted(f"{what}: p50", quantile(took, 0.5) * 1000, "ms", f"{checks:,.0f} checks/s were made"),
        at_most(f"{what}: p99", quantile(took, 0.99) * 1000, "ms", AIMS.get(rate, 10.0)),
        noted(f"{what}: longest of {len(took)}", took[-1] * 1000, "ms"),
    ]


def mon_cf(directory: str, port: int, interval: float) -> str:
    """The configuration: a busy group, and a pool whose voter never runs by itself."""
    farm = [f"127.1.0.{n}" for n in range(1, POOL + 1)]
    reals = "\n".join(f"    real {host} weight 10" for host in farm)
    text = CONFIG.format(directory=directory, port=port, farm=" ".join(farm), reals=reals)
    for number in range(GROUPS):
        hosts = " ".join(f"127.2.{number}.{n}" for n in range(1, SIZE + 1))
        text += BUSY.format(number=number, hosts=hosts, interval=interval, port=port)
    return text


async def measured(options: Options, samples: int) -> tuple[list[float], float]:
    """Seconds from each result to the balancer, and how many checks a second were made meanwhile."""
    logging.getLogger("mon").setLevel(logging.CRITICAL)
    loaded = load(options)
    parts = Parts(loaded, options, system_clock)
    balancer = Watched(asyncio.get_running_loop())
    parts.keeper._open = lambda words: balancer
    parts.adopt(loaded)
    heard = 0
    take = parts.checks._take

    def counting(result: HostResult) -> None:
        nonlocal heard
        heard += result.watch.startswith("busy")
        take(result)

    parts.checks._take = counting  # type: ignore[method-assign]
    await parts.keeper.start({})
    parts.checks.timetable.start()
    hosts = [host.name for host in loaded.plan.checks["farm", "told"].hosts]
    for host in hosts:
        parts.checks._heard(said(host, Verdict.OK))
    await asyncio.sleep(2)
    took, before, since = [], heard, time.perf_counter()
    for number in range(samples):
        await asyncio.sleep(0.013)
        verdict = Verdict.OK if number // len(hosts) % 2 else Verdict.DOWN
        balancer.changed.clear()
        began = time.perf_counter()
        parts.checks._heard(said(hosts[number % len(hosts)], verdict))
        await balancer.changed.wait()
        took.append(balancer.at - began)
    rate = (heard - before) / (time.perf_counter() - since)
    await ended(parts)
    return took, rate


async def ended(parts: Parts) -> None:
    """Let everything go."""
    await parts.checks.close()
    await parts.runner.close(0.0)
    await parts.background.close()
    await parts.keeper.close()
    await parts.probe.close()
    parts.close_files()


def said(host: str, verdict: Verdict) -> HostResult:
    """A result of the pool's voter."""
    cause = Cause.REFUSED if verdict is Verdict.DOWN else Cause.NONE
    return HostResult("farm", "told", host, verdict, "said", 0.0, system_clock(), cause)


if __name__ == "__main__":
    given = sys.argv[1:]
    show(rows(float(given[0]) if given else 0.0, int(given[1]) if given[1:] else 500))
