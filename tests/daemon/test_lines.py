"""A balancer that hangs holds up neither the others, nor the start, nor the end; what is unused is let go."""

import asyncio
import threading

import pytest

from mon.balancer.memory import Memory
from mon.daemon.keeper import Keeper
from mon.model.pool import Member, Pool, ServerId, VirtualId, Voter
from mon.model.result import HostResult, Verdict
from mon.pool.pools import Pools
from mon.structs import replace
from mon.testing.clock import FakeClock


class Hanging(Memory):
    """Answers nothing before it is ``released``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.released, self.closed = threading.Event(), threading.Event(), threading.Event()

    def read(self, ids):
        self.asked.set()
        self.released.wait()
        return super().read(ids)

    def close(self) -> None:
        self.closed.set()


def pool(name: str, number: int) -> Pool:
    members = (Member(ServerId("10.0.0.1", 80), "w1", "w1", 10),)
    place = VirtualId("tcp", f"10.0.1.{number}", 80)
    return Pool(name, place, (name,), members=members, voters=(Voter("farm", "http"),))


class Desk:
    """Pools on balancers of their own; those called ``hung...`` do not answer."""

    def __init__(self, *names: str) -> None:
        self.clock, self.balancers, self.told = FakeClock(), {}, []
        self.plans = [pool(name, number) for number, name in enumerate(names)]
        self.pools = Pools(self.plans, self.clock())
        self.keeper = Keeper(
            self.pools,
            self.clock,
            self.open,
            changed=lambda name: None,
            tell=lambda plan, news: self.told.append(news.text),
            max_age=lambda voter: 9.0,
        )

    def open(self, words):
        balancer = self.balancers[words[0]] = Hanging()
        if not words[0].startswith("hung"):
            balancer.released.set()
        return balancer

    def vote(self) -> None:
        now = self.clock.advance(1)
        self.keeper.wake(*self.pools.vote(HostResult("farm", "http", "w1", Verdict.OK, "", 0.1, now), now))

    def weight(self, name: str) -> int | None:
        tables = self.balancers[name].tables.values() if name in self.balancers else ()
        return next((server.weight for table in tables for server in table.servers), None)

    async def close(self) -> None:
        for balancer in self.balancers.values():
            balancer.released.set()
        await self.keeper.close()


@pytest.fixture
async def desk():
    desk = Desk("hung1", "hung2", "hung3", "well")
    yield desk
    await desk.close()


async def until(true) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_the_start_waits_for_no_balancer_and_reads_them_side_by_side(desk: Desk) -> None:
    await desk.keeper.start({})  # would never return
    await until(lambda: len(desk.balancers) == 4 and all(b.asked.is_set() for b in desk.balancers.values()))
    desk.vote()
    await until(lambda: desk.weight("well") == 10)
    assert [view.outlook for view in desk.keeper.views()][:3] == [""] * 3


async def test_votes_that_came_before_the_table_was_read_count(desk: Desk) -> None:
    await desk.keeper.start({})
    desk.vote()
    await until(lambda: "hung1" in desk.balancers)
    desk.balancers["hung1"].released.set()
    await until(lambda: desk.weight("hung1") == 10)


async def test_a_plan_of_what_would_be_done_asks_all_balancers_at_once(desk: Desk) -> None:
    plan = asyncio.ensure_future(desk.keeper.plan(None, None))
    await until(lambda: len(desk.balancers) == 4 and all(b.asked.is_set() for b in desk.balancers.values()))
    for balancer in desk.balancers.values():
        balancer.released.set()
    assert [step.pool for step in await plan] == ["hung1", "hung2", "hung3", "well"]


async def test_the_end_leaves_behind_who_does_not_answer() -> None:
    desk = Desk("hung1", "hung2", "well")
    await desk.keeper.start({})
    await until(lambda: len(desk.balancers) == 3 and all(b.asked.is_set() for b in desk.balancers.values()))
    await desk.keeper.close()  # would never return
    assert desk.balancers["well"].closed.is_set() and not desk.balancers["hung1"].closed.is_set()
    for balancer in desk.balancers.values():
        balancer.released.set()


async def test_of_pools_that_are_gone_nothing_is_kept_and_their_lines_are_closed(desk: Desk) -> None:
    await desk.keeper.start({})
    desk.vote()
    await until(lambda: desk.weight("well") == 10)
    before = len(threading.enumerate())
    for number in range(20):
        desk.pools.reload([*desk.plans, pool(f"other{number}", 100 + number)], desk.clock())
        desk.keeper.resync()
        await until(lambda n=number: f"other{n}" in desk.balancers)
    desk.pools.reload(desk.plans, desk.clock())
    await until(lambda: desk.keeper.resync() or desk.pools.names == tuple(p.name for p in desk.plans))
    await until(lambda: desk.keeper.resync() or desk.balancers["other19"].closed.is_set())
    await until(lambda: all(b.closed.is_set() for n, b in desk.balancers.items() if n.startswith("other")))
    await until(lambda: len(threading.enumerate()) == before)
    sizes = {name: len(value) for name, value in vars(desk.keeper).items() if isinstance(value, dict)}
    assert max(sizes.values()) <= 4, sizes


async def test_a_line_of_which_an_answer_is_awaited_is_closed_afterwards(desk: Desk) -> None:
    await desk.keeper.start({})
    await until(lambda: "hung1" in desk.balancers and desk.balancers["hung1"].asked.is_set())
    moved = [replace(plan, balancer=("well2",)) if plan.name == "hung1" else plan for plan in desk.plans]
    desk.pools.reload(moved, desk.clock())
    desk.keeper.resync()
    assert not desk.balancers["hung1"].closed.is_set()
    desk.balancers["hung1"].released.set()
    await until(lambda: desk.keeper.resync() or desk.balancers["hung1"].closed.is_set())
