"""Correct under speed: ten thousand targets of every temper, each judged for what it is."""

import asyncio
import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from mon.catalog import Catalog, Plan, link
from mon.config import parse
from mon.daemon.core import system_clock
from mon.model.config import Key
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.probe import Probe
from mon.runner import Runner

TARGETS = 10_000
TIMEOUT = 6
"""Seconds: more than all of it takes, so that only who hangs is too late."""

SERVICE = """\
hostgroup g{group} {hosts}

watch g{group}
    service http
        interval 10s
        monitor http.monitor -p {port} -u / --status 200 -m alive -t {timeout}

"""

EXPECTED = {
    "right": (Verdict.OK, {Cause.NONE}),
    "slow": (Verdict.OK, {Cause.NONE}),
    "wrong": (Verdict.DOWN, {Cause.WRONG}),
    "other": (Verdict.DOWN, {Cause.WRONG}),
    "garbage": (Verdict.DOWN, {Cause.WRONG}),
    "half": (Verdict.DOWN, {Cause.WRONG}),
    "gone": (Verdict.DOWN, {Cause.WRONG}),
    "reset": (Verdict.DOWN, {Cause.WRONG, Cause.REFUSED}),
    "hang": (Verdict.DOWN, {Cause.TIMEOUT}),
    "refusing": (Verdict.DOWN, {Cause.REFUSED}),
}


def servers() -> ModuleType:
    file = Path(__file__).with_name("ten_thousand_servers.py")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FARM = servers()


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Where they listen, and where nobody does."""
    words = [sys.executable, str(FARM.__file__)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        open_port, closed_port = map(int, process.stdout.readline().split())
        yield open_port, closed_port
        process.stdin.close()


def plan(open_port: int, closed_port: int) -> Plan:
    """Services of a hundred hosts each, in no order; who refuses is asked at the other port."""
    numbers = list(range(TARGETS))
    Random(6).shuffle(numbers)
    refusing = [number for number in numbers if FARM.temper(number) == "refusing"]
    others = [number for number in numbers if FARM.temper(number) != "refusing"]
    groups = [
        (port, some[at : at + 100])
        for port, some in ((open_port, others), (closed_port, refusing))
        for at in range(0, len(some), 100)
    ]
    text = "".join(
        SERVICE.format(group=group, hosts=" ".join(map(FARM.address, of)), port=port, timeout=TIMEOUT)
        for group, (port, of) in enumerate(groups)
    )
    parsed = parse(text, "mon.cf", read=lambda pattern, file: ())
    linked = link(parsed.config, Catalog((), ()), lambda name: (name,))
    assert parsed.errors == () == linked.problems
    return linked


async def test_every_one_of_ten_thousand_is_judged_right(ports: tuple[int, int]) -> None:
    farm = Farm(plan(*ports))
    await farm.checked(farm.hosts)
    for _ in range(5):  # a busy machine held us up: that is said, and the next round tells
        if again := [host for host, result in farm.heard.items() if "held up" in result.detail]:
            await farm.checked(again)
    await farm.close()

    wrong = Counter[str]()
    for result in farm.heard.values():
        temper = FARM.temper(FARM.number_of(result.host))
        verdict, causes = EXPECTED[temper]
        if result.verdict is not verdict or result.cause not in causes:
            wrong[f"{temper}: {result.verdict} {result.cause} {result.detail}"] += 1
    assert wrong == {}
    assert len(farm.heard) == TARGETS
    down = {host for host, result in farm.heard.items() if result.verdict is Verdict.DOWN}
    assert {word for run in farm.rounds.values() for word in run.output.partition("\n")[0].split()} == down


class Farm:
    """A runner with everything that it has said of each host and each service last."""

    def __init__(self, plan: Plan) -> None:
        self._probe = Probe()
        self._runner = Runner(self._probe, None, None, clock=system_clock, limit=500)
        self._checks = plan.checks.values()
        self._over = 0
        self.hosts = [host.name for check in self._checks for host in check.hosts]
        self.heard: dict[str, HostResult] = {}
        self.rounds: dict[Key, RunResult] = {}

    async def checked(self, names: Collection[str]) -> None:
        """Check these hosts, service after service, and wait for all."""
        wanted, self._over = set(names), 0
        begun = 0
        for check in self._checks:
            if wanted.intersection(host.name for host in check.hosts):
                self._runner.begin(check, check.hosts, {}, self._hear, self._end)
                begun += 1
                await asyncio.sleep(0.01)
        async with asyncio.timeout(120):
            while self._over < begun:  # noqa: ASYNC110 - the last one says so to nobody
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Let go."""
        await self._runner.close(0.0)
        await self._probe.close()

    def _hear(self, result: HostResult) -> None:
        self.heard[result.host] = result

    def _end(self, result: RunResult | None) -> None:
        self._over += 1
        if result is not None:
            self.rounds[result.watch, result.service] = result
