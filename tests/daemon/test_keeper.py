"""The keeper against a balancer in memory that can be dead, deaf, or edited by hand."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from mon.balancer.memory import Memory
from mon.control.operations import QuorumView
from mon.daemon.announce import News
from mon.daemon.keeper import Keeper
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Flap, Floor, Member, Pool, Rate, ServerId, Table, VirtualId, Voter
from mon.model.quorum import Quorum
from mon.model.result import HostResult, Verdict
from mon.pool.operators import Order
from mon.pool.pools import Pools
from mon.structs import replace
from mon.testing.clock import FakeClock

ID = VirtualId("tcp", "10.0.0.9", 80)
MEMBERS = tuple(Member(ServerId(f"10.0.0.{n}", 80), f"w{n}", f"w{n}", 10) for n in (1, 2))
PLAN = Pool("web", ID, ("memory",), members=MEMBERS, voters=(Voter("farm", "http"),))


class Moody(Memory):
    """``mood``: "" is well; dead: no answer; refuses: says no; deaf: only says yes; broken: a bug."""

    mood = ""
    asked = 0

    def read(self, ids):
        if self.mood == "dead":
            raise BalancerUnreachable("no answer")
        return super().read(ids)

    def apply(self, changes):
        self.asked += 1
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
        self.quiet = False
        self.turns, self.journal, self.turns_at = [], [], 0.0
        self.pools = Pools([PLAN], self.clock())
        self.keeper = Keeper(
            self.pools,
            self.clock,
            lambda words: self.balancer,
            changed=lambda name: None,
            tell=self.tell,
            turn=lambda pool: self.turns.append(self.pools.turn(pool.name, self.clock())),
            journal=self.journal.extend,
            max_age=lambda voter: 9.0,
            passive=passive,
            quiet=lambda: self.quiet,
        )

    def tell(self, pool: Pool, news: News) -> None:
        self.pools.tell(pool.name, news.topic, news.about)
        self.told.append(news.text)

    def say(self, host: str, verdict: Verdict) -> None:
        at = self.clock.advance(1)
        names = self.pools.vote(HostResult("farm", "http", host, verdict, "said", 0.1, at), at)
        self.keeper.wake(*names, by=f"farm/http: {host} {verdict}")

    async def until(self, **weights: int) -> None:
        """Wait until the table is so; fails after 30 s with what it is."""
        for _ in range(3000):
            await asyncio.sleep(0.01)
            if self.weights() == weights:
                return
        raise AssertionError(f"the table stays {self.weights()}")

    async def until_shown(self, **weights: tuple[int, int]) -> None:
        """Wait until the view has these weights, as read back, and as wanted; fails after 30 s."""
        for _ in range(3000):
            shown = {one.name: (one.weight, one.wanted) for one in self.keeper.views()[0].servers}
            if shown == weights:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"the view stays {shown}")

    async def until_noted(self, *whats: str) -> None:
        """Wait until the journal has these; it comes after the table was read back.  Fails after 30 s."""
        for _ in range(3000):
            noted = [deed.what for deed in self.journal]
            if set(whats) <= set(noted):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"the journal stays {noted}")

    def weights(self) -> dict[str, int]:
        table = self.balancer.tables.get(ID, Table(None))
        return {f"w{server.id.address[-1]}": server.weight for server in table.servers}


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    desk.balancer.mood = ""
    await desk.keeper.close()


async def eventually(true: Callable[[], object]) -> None:
    """Wait until it is true; what is asserted then says what is not.  30 s at most."""
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)


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
    await eventually(lambda: desk.told)
    assert len(desk.told) == 1 and desk.told[0].startswith("balancer memory: ")
    desk.balancer.mood = ""
    await desk.until(w1=10, w2=0)
    assert desk.told[1:] in ([], [""])


async def test_it_is_said_when_the_balancer_is_well_again(desk: Desk) -> None:
    desk.balancer.mood = "dead"
    await desk.keeper.start({})
    await told_of(desk, "balancer memory: no answer")
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
    await desk.until_shown(w1=(10, 10), w2=(0, 0))
    (view,) = desk.keeper.views()
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


async def test_a_mismatch_has_a_name_is_shown_is_retried_and_is_in_the_journal_once(desk: Desk) -> None:
    await both_in(desk)
    desk.balancer.mood = "deaf"
    desk.say("w2", Verdict.DOWN)
    for _ in range(5):
        desk.keeper.resync()
        await asyncio.sleep(0.02)
    await eventually(lambda: desk.told and any(deed.said for deed in desk.journal))
    (view,) = desk.keeper.views()
    assert view.trouble == "10.0.0.2:80 of tcp 10.0.0.9:80 has weight 10 masq, not weight 0 masq"
    assert desk.told == [f"balancer memory: {view.trouble}"]
    (deed,) = [deed for deed in desk.journal if deed.said]
    assert (deed.name, deed.what, deed.trigger) == ("w2", "stays: weight 10", "farm/http: w2 down")
    assert deed.said == f"it has weight 10: {view.trouble}"
    desk.balancer.mood = ""
    await desk.until(w1=10, w2=0)  # by the retry alone, whose first comes after a second
    await desk.until_noted("the balancer is well again")
    assert desk.keeper.views()[0].trouble == ""
    assert (desk.journal[-2].what, desk.journal[-2].trigger) == ("weight 10 -> 0", "retry")
    assert desk.journal[-1].what == "the balancer is well again"


async def test_retries_come_farther_and_farther_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mon.daemon.keeper.FIRST_RETRY", 0.05)
    await both_in(desk)
    desk.balancer.mood = "refuses"
    desk.balancer.asked = 0
    desk.say("w2", Verdict.DOWN)
    desk.keeper.resync()
    await asyncio.sleep(2.0)
    assert 3 <= desk.balancer.asked <= 8  # after 0, 0.05, 0.15, 0.35, 0.75 and 1.55 s, not 40 times


async def test_the_journal_has_who_did_what_on_what_evidence(desk: Desk) -> None:
    await both_in(desk)
    desk.say("w2", Verdict.DOWN)
    await desk.until(w1=10, w2=0)
    desk.keeper.instruct(Order("web", "w1", "weight", "anna", "old disks", weight=3))
    await desk.until(w1=3, w2=0)
    await desk.until_noted("weight 10 -> 0", "weight 10 -> 3")
    told = {(deed.name, deed.what): deed for deed in desk.journal}
    assert told["", "add service tcp 10.0.0.9:80 wlc"].server == ""
    down = told["w2", "weight 10 -> 0"]
    assert (down.trigger, down.said, down.server) == ("farm/http: w2 down", "", "10.0.0.2:80")
    assert down.why == "out: farm/http down (said)"
    assert down.evidence[0].startswith("vote of farm/http down (said) since ")
    assert down.evidence[0].endswith("; fall 1, rise 1")
    assert "floor: none; 1 of 2 are in" in down.evidence
    word = told["w1", "weight 10 -> 3"]
    assert word.trigger == "anna: weight w1"
    assert any(line.startswith("operator: weight 3 by anna: old disks, at ") for line in word.evidence)


async def test_the_journal_repeats_nothing_and_never_holds_up_an_applying(desk: Desk) -> None:
    await both_in(desk)
    await desk.until_shown(w1=(10, 10), w2=(10, 10))
    await desk.until_noted("add service tcp 10.0.0.9:80 wlc")
    before = len(desk.journal)
    for _ in range(5):
        desk.keeper.resync()
        await asyncio.sleep(0.01)
    assert len(desk.journal) == before


async def test_what_was_done_by_hand_is_in_the_journal(desk: Desk) -> None:
    await both_in(desk)
    await desk.until_noted("add service tcp 10.0.0.9:80 wlc")
    desk.clock.advance(1)
    desk.balancer.tables.clear()
    desk.keeper.resync()
    await desk.until(w1=10, w2=10)
    await desk.until_noted("the virtual service tcp 10.0.0.9:80 was removed by hand: put back")
    assert ("by hand", "the virtual service tcp 10.0.0.9:80 was removed by hand: put back") in [
        (deed.trigger, deed.what) for deed in desk.journal
    ]


async def test_the_floor_is_told_when_it_begins_to_hold_and_when_it_ceases(desk: Desk) -> None:
    desk.pools.reload([replace(PLAN, floor=Floor(count=2))], desk.clock())
    await both_in(desk)
    desk.say("w2", Verdict.DOWN)
    await told_of(desk, "the floor keeps w2 in against the votes (floor 2 of 2)")
    desk.say("w2", Verdict.DOWN)  # no news
    desk.say("w2", Verdict.OK)
    await told_of(desk, "")
    assert len(desk.told) == 2


async def test_the_view_names_servers_as_mon_cf_does(desk: Desk) -> None:
    desk.pools.reload([replace(PLAN, floor=Floor(count=2))], desk.clock())
    await both_in(desk)
    desk.say("w2", Verdict.DOWN)
    await told_of(desk, "the floor keeps w2 in against the votes (floor 2 of 2)")
    for _ in range(3000):
        if desk.keeper.views()[0].outlook:
            break
        await asyncio.sleep(0.01)
    assert desk.keeper.views()[0].outlook == "the floor keeps w2 in against the votes"


async def test_the_guards_are_told_by_name(desk: Desk) -> None:
    desk.pools.reload([replace(PLAN, evict=Rate(1, 60.0))], desk.clock())
    await both_in(desk)
    desk.say("w1", Verdict.DOWN)
    desk.say("w2", Verdict.DOWN)
    await told_of(desk, "w2 stays in against the votes: no more than 1 leave within 60 s (evict)")


async def test_who_is_held_out_for_flapping_is_told_by_name(desk: Desk) -> None:
    desk.pools.reload([replace(PLAN, flap=Flap(1, 600.0, 300.0))], desk.clock())
    await both_in(desk)
    desk.say("w1", Verdict.DOWN)
    await desk.until(w1=0, w2=10)
    desk.say("w1", Verdict.OK)
    await told_of(desk, "w1 is held out: it left too often (flap)")


async def test_nothing_is_told_while_it_is_quiet_and_afterwards_what_is_still_so(desk: Desk) -> None:
    await both_in(desk)
    desk.quiet, desk.balancer.mood = True, "dead"
    for _ in range(3):
        desk.keeper.resync()
        await asyncio.sleep(0.02)
    await eventually(lambda: desk.keeper.views()[0].trouble)
    assert desk.told == [] and desk.keeper.views()[0].trouble == "no answer"
    desk.quiet = False
    desk.keeper.resync()
    await told_of(desk, "balancer memory: no answer")


async def test_an_answer_of_the_balancer_of_before_is_not_taken_for_the_new_one() -> None:
    clock, gate = FakeClock(), threading.Event()
    balancers = {"old": Gated(gate), "new": Memory()}
    pools, told = Pools([replace(PLAN, balancer=("old",))], clock()), []
    keeper = Keeper(pools, clock, lambda words: balancers[words[0]], changed=lambda name: None,
                    tell=lambda pool, news: told.append(news), max_age=lambda voter: 9.0)  # fmt: skip
    gate.set()
    await keeper.start({})
    for host in ("w1", "w2"):
        pools.vote(HostResult("farm", "http", host, Verdict.OK, "said", 0.1, clock.advance(1)), clock())
    keeper.resync()
    await until(lambda: len(balancers["old"].tables.get(ID, Table(None)).servers) == 2)
    gate.clear()  # the old one hangs ...
    keeper.resync()
    await asyncio.sleep(0.05)
    w3 = replace(PLAN.members[0], id=ServerId("10.0.0.3", 80), name="w3", check="w3")
    pools.reload([replace(PLAN, balancer=("new",), members=(*PLAN.members, w3))], clock.advance(1))
    keeper.resync(by="reload")
    await until(lambda: len(balancers["new"].tables.get(ID, Table(None)).servers) == 3)
    gate.set()  # ... and answers late
    await until(lambda: ID not in balancers["old"].tables)
    await until(lambda: pools.names == ("web",))
    assert pools.words("web") == () and told == []
    assert keeper.views()[0].trouble == ""
    await keeper.close()


class Gated(Memory):
    """Answers when the gate is open."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self.gate = gate

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        self.gate.wait(30)
        return super().read(ids)


async def until(so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def told_of(desk: Desk, text: str) -> None:
    for _ in range(3000):
        if desk.told and desk.told[-1] == text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(desk.told)


async def test_the_quorum_is_lost_before_the_table_changes_and_there_after_it(desk: Desk) -> None:
    desk.pools.reload([replace(PLAN, quorum=Quorum(2))], desk.clock())
    await desk.keeper.start({})
    desk.say("w1", Verdict.OK)
    desk.say("w2", Verdict.OK)
    await desk.until(w1=10, w2=10)
    await turned(desk, True)
    desk.balancer.mood = "dead"
    desk.say("w2", Verdict.DOWN)
    await turned(desk, False)
    desk.say("w2", Verdict.OK)
    await asyncio.sleep(0.05)
    assert len(desk.turns) == 2, "nobody says that it is there before the balancer has it"
    assert desk.keeper.views()[0].quorum == QuorumView(2, 0, 2, False, desk.turns_at)
    desk.balancer.mood = ""
    desk.keeper.resync()
    await turned(desk, True)


async def turned(desk: Desk, up: bool) -> None:
    for _ in range(3000):
        if desk.turns and desk.turns[-1].up is up:
            desk.turns_at = desk.pools.standing("web").since.wall
            return
        await asyncio.sleep(0.01)
    raise AssertionError(desk.turns)
