"""A sweep over many hosts, one request each, 1 % of them dead: the sweep alone, and in the whole daemon.

    python benchmarks/ping_sweep.py [HOSTS]

It happens in a network namespace of its own (root, unshare(1), ip(8), iptables(8)): all are addresses of
127.0.0.0/8, and what goes to the dead is dropped.
"""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from services import cpu_of, daemon
from table import Row, at_most, failed, show

from mon.probe import Echo, Probe

DEAD = 100
"""Every so many hosts one is dead."""

INTERVAL, ROUNDS = 5.0, 5

NAMESPACE = 'ip link set lo up && iptables -A INPUT -d 127.99.0.0/16 -j DROP && exec "$@"'

CONFIG = """\
statedir = {directory}

hostgroup all {hosts}

watch all
    service ping
        interval {interval:g}s
        monitor fping.monitor -r 0 -t 1000
        period
            alert file.alert {directory}/alerts.log
"""


def rows(hosts: int = 20_000) -> list[Row]:
    """In a namespace."""
    with tempfile.NamedTemporaryFile("r", prefix="mon-bench-") as said:
        inside = [sys.executable, __file__, "--inside", said.name, str(hosts)]
        ended = subprocess.run(["unshare", "--net", "sh", "-c", NAMESPACE, "sh", *inside], check=False)
        text = said.read()
    if ended.returncode or not text:
        return [failed("ping sweep", "needs root, unshare, ip and iptables")]
    return [Row(**row) for row in json.loads(text)]


def targets(hosts: int) -> list[str]:
    """Addresses, one in a hundred of them dead."""
    return [
        ("127.99.{1}.{2}" if number % DEAD == DEAD - 1 else "127.{0}.{1}.{2}").format(
            1 + number // 62500, number // 250 % 250, 2 + number % 250
        )
        for number in range(hosts)
    ]


def measured(hosts: int) -> list[Row]:
    """The sweep, then the daemon."""
    cpu, wall, alive = asyncio.run(swept(targets(hosts)))
    whole = in_daemon(targets(hosts))
    living = hosts - hosts // DEAD
    return [
        at_most(f"ping sweep, {hosts:,} hosts", wall, "s", 1.2, "waits 1 s for the dead"),
        at_most("ping sweep: CPU of a host", cpu / hosts * 1e6, "us", 10),
        at_most("ping sweep: hosts misjudged", abs(alive - living), "", 0, f"{alive:,} alive"),
        at_most("ping sweep in the daemon: CPU of a host", whole / hosts * 1e6, "us", 25),
    ]


async def swept(hosts: list[str]) -> tuple[float, float, int]:
    """Seconds of CPU, seconds, hosts alive; the median of three."""
    probe = Probe()
    gc.set_threshold(100_000, 20, 100)  # as the daemon has it
    gc.freeze()
    found = []
    for _ in range(3):
        echoes: list[Echo] = []
        wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        await probe.ping_sweep(hosts, echoes.append, timeout=1.0, retries=0)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((cpu, time.perf_counter() - wall, sum(echo.rtt is not None for echo in echoes)))
    await probe.close()
    return sorted(found)[1]


def in_daemon(hosts: list[str]) -> float:
    """Seconds of CPU of a round: one service that has them all."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory:
        config = Path(directory, "mon.cf")
        config.write_text(CONFIG.format(directory=directory, interval=INTERVAL, hosts=" ".join(hosts)))
        with daemon(config) as process:
            time.sleep(3 * INTERVAL)
            before = cpu_of(process.pid)
            time.sleep(ROUNDS * INTERVAL)
            return (cpu_of(process.pid) - before) / ROUNDS


def main(words: list[str]) -> None:
    """By hand, or the part inside the namespace."""
    if words[:1] == ["--inside"]:
        Path(words[1]).write_text(json.dumps([asdict(row) for row in measured(int(words[2]))]))
    else:
        show(rows(*map(int, words)))


if __name__ == "__main__":
    main(sys.argv[1:])
