"""A differing result makes that host alone be checked again, until rise or fall decides."""

import asyncio
from random import Random

import pytest

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.checks import Checks
from mon.engine import Book, Step
from mon.model.pool import ServerEntry, ServerId, ServiceEntry, Table, VirtualId
from mon.model.result import Verdict
from mon.pool.pools import Pools
from mon.testing.clock import FakeClock
from mon.testing.runner import FakeRunner
from mon.timetable import Timetable

CONFIG = """
hostgroup web 127.0.0.1 127.0.0.2

virtual shop 10.0.0.9:80
    confirm 10ms
    real 127.0.0.1
    real 127.0.0.2

watch web
    service http
        interval 10s
        monitor http.monitor -p 80
        period
            alert lvs.alert shop
"""
HTTP = ("web", "http")
ID = VirtualId("tcp", "10.0.0.9", 80)
ONE, TWO = "127.0.0.1", "127.0.0.2"


class Deaf:
    """Stands in for keeper and recorder."""

    def wake(self, *names: str, by: str = "") -> None: ...

    def note(self, change: object) -> None: ...

    def touch(self, key: object) -> None: ...

    def submit(self, step: Step) -> None: ...


class Desk:
    """Both servers are in; what the fake runner is told is what monitors find."""

    def __init__(self, text: str = CONFIG) -> None:
        parsed = parse(text, "mon.cf", read=lambda pattern, file: ())
        self.plan = link(parsed.config, Catalog((), ()), lambda name: (name,))
        self.clock, self.book = FakeClock(), None
        self.book = Book(parsed.config, self.clock())
        self.pools = Pools(self.plan.pools, self.clock())
        servers = tuple(ServerEntry(ServerId(host, 80), 1) for host in (ONE, TWO))
        table = Table(ServiceEntry(ID, "wlc"), servers)
        self.pools.adopt("shop", table, None, self.clock(), max_age=lambda voter: 9)
        self.runner = FakeRunner(self.clock)
        self.checks = Checks(
            self.book, self.pools, Deaf(), self.runner, Deaf(), self.clock, {},
            lambda start: Timetable(self.clock, start, Random(1)), Random(1), classic=False,
        )  # fmt: skip
        self.checks.adopt(self.plan)

    async def run(self) -> None:
        self.clock.advance(10)
        self.checks._start(HTTP)
        await asyncio.sleep(0)

    def weights(self) -> list[int]:
        return [server.weight for server in self.pools.wanted("shop", self.clock()).table.servers]

    async def until(self, *weights: int) -> None:
        for _ in range(3000):
            if self.weights() == list(weights):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"it stays {self.weights()}")


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    await desk.checks.close()


async def test_one_failure_is_confirmed_by_checking_that_host_alone(desk: Desk, caplog) -> None:
    caplog.set_level("INFO")
    desk.runner.say(HTTP, TWO, Verdict.DOWN, "refused")
    await desk.run()
    assert desk.weights() == [1, 1]
    await desk.until(1, 0)
    assert [hosts for _, hosts, _ in desk.runner.rounds] == [(ONE, TWO), (TWO,)]
    assert "has not spoken (it was in), failing 1 of 2 (refused)" in caplog.text


async def test_a_failure_that_is_not_confirmed_moves_nobody(desk: Desk) -> None:
    desk.runner.say(HTTP, TWO, Verdict.DOWN, "refused")
    await desk.run()
    desk.runner.say(HTTP, TWO, Verdict.OK)
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert desk.weights() == [1, 1]
    assert len(desk.runner.rounds) == 2


async def test_a_recovery_is_confirmed_in_the_same_way(desk: Desk) -> None:
    desk.runner.say(HTTP, TWO, Verdict.DOWN, "refused")
    await desk.run()
    await desk.until(1, 0)
    desk.runner.say(HTTP, TWO, Verdict.OK)
    await desk.run()
    assert desk.weights() == [1, 0]
    await desk.until(1, 1)


async def test_a_host_that_is_disabled_meanwhile_is_not_checked_again(desk: Desk) -> None:
    desk.runner.say(HTTP, TWO, Verdict.DOWN, "refused")
    await desk.run()
    desk.book.disable_host(TWO)
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert len(desk.runner.rounds) == 1 and desk.weights() == [1, 1]


async def test_with_confirm_0s_the_next_round_decides() -> None:
    desk = Desk(CONFIG.replace("confirm 10ms", "confirm 0s"))
    desk.runner.say(HTTP, TWO, Verdict.DOWN, "refused")
    await desk.run()
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert desk.weights() == [1, 1]
    await desk.run()
    await desk.until(1, 0)
    await desk.checks.close()
