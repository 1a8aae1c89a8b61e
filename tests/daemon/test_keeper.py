"""The keeper against a balancer in memory that can be dead, deaf, or edited by another hand."""

import asyncio

import pytest

from mon.balancer.memory import Memory
from mon.daemon.keeper import Keeper
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Member, Pool, ServerId, Table, VirtualId, Voter
from mon.model.result import HostResult, Verdict
from mon.pool.pools import Pools
from mon.testing.clock import FakeClock

ID = VirtualId("tcp", "10.0.0.9", 80)
MEMBERS = tuple(Member(ServerId(f"10.0.0.{n}", 80), f"w{n}", f"w{n}", 10) for n in (1, 2))
PLAN = Pool("web", ID, ("memory",), members=MEMBERS, voters=(Voter("farm", "http"),))


class Moody(Memory):
    """``mood``: "" is well; dead: no answer; refuses: says no; deaf: only says yes; broken: a bug."""

    mood = ""

    def read(self, ids):
        if self.mood == "dead":
            raise BalancerUnreachable("no answer")
        return super().read(ids)

    def apply(self, changes):
        if self.mood == "broken":
            raise RuntimeError("nobody thought of this")
        if self.mood == "refuses":
            raise BalancerRefused("not permitted")
        if self.mood != "deaf":
            super().apply(changes)


class Desk:
    """A keeper with one pool, and what it told."""

    def __init__(self, *, passive: bool = False) -> None:
        self.clock, self.balancer, self.told = FakeClock(), Moody(), []
        self.pools = Pools([PLAN], self.clock())
        self.keeper = Keeper(
            self.pools,
            self.clock,
            lambda words: self.balancer,
            changed=lambda: None,
            tell=lambda pool, text: self.told.append(text),
            max_age=lambda voter: 9.0,
            passive=passive,
        )

    def say(self, host: str, verdict: Verdict) -> None:
        at = self.clock.advance(1)
        names = self.pools.vote(HostResult("farm", "http", host, verdict, "said", 0.1, at), at)
        self.keeper.wake(*names)

    async def until(self, **weights: int) -> None:
        """Wait until the table is so; fails after 5 s with what it is."""
        for _ in range(500):
            await asyncio.sleep(0.01)
            if self.weights() == weights:
                return
        raise AssertionError(f"the table stays {self.weights()}")

    def weights(self) -> dict[str, int]:
        table = self.balancer.tables.get(ID, Table(None))
        return {f"w{server.id.address[-1]}": server.weight for server in table.servers}


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    desk.balancer.mood = ""
    await desk.keeper.close()


async def both_in(desk: Desk) -> None:
    await desk.keeper.start({})
    desk.say("w1", Verdict.OK)
    desk.say("w2", Verdict.OK)
    await desk.until(w1=10, w2=10)


async def test_a_vote_becomes_a_weight_on_the_balancer(desk: Desk) -> None:
    await both_in(desk)
    desk.say("w2", Verdict.DOWN)
    await desk.until(w1=10, w2=0)


async def test_a_table_flushed_by_hand_is_back_at_the_next_look(desk: Desk) -> None:
    await both_in(desk)
    desk.balancer.tables.clear()
    desk.keeper.resync()
    await desk.until(w1=10, w2=10)


@pytest.mark.parametrize("mood", ["dead", "refuses", "deaf"])
async def test_a_balancer_that_does_not_obey_is_told_once_and_tried_again(desk: Desk, mood: str) -> None:
    await both_in(desk)
    desk.balancer.mood = mood
    desk.say("w2", Verdict.DOWN)
    for _ in range(5):
        desk.keeper.resync()
        await asyncio.sleep(0.02)
    assert len(desk.told) == 1 and desk.told[0].startswith("balancer memory: ")
    desk.balancer.mood = ""
    await desk.until(w1=10, w2=0)
    assert desk.told[1:] in ([], [""])


async def test_it_is_said_when_the_balancer_is_well_again(desk: Desk) -> None:
    desk.balancer.mood = "dead"
    await desk.keeper.start({})
    assert desk.told == ["balancer memory: no answer"]
    desk.balancer.mood = ""
    desk.keeper.resync()
    for _ in range(100):
        await asyncio.sleep(0.01)
    assert desk.told[1:] == [""]


async def test_a_pool_that_left_the_configuration_is_withdrawn(desk: Desk) -> None:
    await both_in(desk)
    desk.pools.reload([], desk.clock())
    desk.keeper.resync()
    await desk.until()
    assert desk.balancer.tables == {}


async def test_the_view_shows_weights_and_reasons(desk: Desk) -> None:
    await both_in(desk)
    desk.say("w2", Verdict.DOWN)
    await desk.until(w1=10, w2=0)
    (view,) = desk.keeper.views()
    assert [(server.name, server.weight, server.wanted) for server in view.servers] == [
        ("w1", 10, 10),
        ("w2", 0, 0),
    ]
    assert view.servers[1].why.startswith("out: farm/http down")


async def test_a_fault_of_ours_is_told_and_does_not_end_the_care_for_pools(desk: Desk) -> None:
    await both_in(desk)
    desk.balancer.mood = "broken"
    desk.say("w2", Verdict.DOWN)
    await asyncio.sleep(0.05)
    desk.balancer.mood = ""
    desk.keeper.resync()
    await desk.until(w1=10, w2=0)


async def test_a_passive_keeper_says_what_it_would_do_and_does_nothing(caplog) -> None:
    caplog.set_level("INFO")
    desk = Desk(passive=True)
    await desk.keeper.start({})
    desk.say("w1", Verdict.OK)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if "would" in caplog.text:
            break
    assert "pool web: would add service tcp 10.0.0.9:80 wlc; add server 10.0.0.1:80 weight 10" in caplog.text
    await desk.keeper.close()
    assert desk.balancer.tables == {}
