"""Laws 1, 2 and 3, asserted after every step of random lives of a pool.

A step is a result (in any order, with or without a suggested weight), a round that ends, a reload to other
servers, voters or floors, an operator's word, time that passes, an applying, one that a balancer half
refuses, a kill between any two edits with a restart from what was saved, or somebody else's hand in the
table.  MON_LAWS=N takes about N steps.
"""

import contextlib
import os

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mon import codec
from mon.errors import ControlError
from mon.model.moment import Moment
from mon.model.pool import (
    Bounds,
    Drift,
    Flap,
    Floor,
    Member,
    Pool,
    Rate,
    ServerEntry,
    ServerId,
    ServiceEntry,
    Table,
    VirtualId,
    Voter,
)
from mon.model.quorum import Quorum
from mon.model.result import Cause, HostResult, Verdict
from mon.model.weight import Weight
from mon.pool.advice import BAND
from mon.pool.changes import applied, changes
from mon.pool.exits import SUSPECT
from mon.pool.floor import least
from mon.pool.memory import Memory
from mon.pool.operators import VERBS, Order
from mon.pool.pools import Pools
from mon.pool.quorum import Standing, healthy
from mon.pool.record import SavedPool
from mon.structs import replace

ID = VirtualId("tcp", "10.0.0.9", 80)
SERVERS = [ServerId(f"10.0.0.{n}", 80) for n in range(1, 6)]
SPARE = Member(ServerId("127.0.0.1", 8080), "localhost", "localhost")
STRANGER = ServerEntry(ServerId("10.9.9.9", 80), 7)
SERVICES = ["http", "ping", "smtp"]
FLOORS = [None, Floor(share=0.5), Floor(count=2), Floor(share=1.0), Floor(share=0.3, hard=True)]

BOUNDS = [None, None, Bounds(Weight(0), Weight(200, True)), Bounds(Weight(2), Weight(30), 30.0)]
SUGGESTED = [None, Weight(0), Weight(3), Weight(50, True), Weight(100, True), Weight(500)]

names = st.sampled_from(range(5))
plans = st.builds(
    lambda weights, services, floor, fallback, remove, bounds, more: Pool(
        "web",
        ID,
        ("memory",),
        members=tuple(
            Member(SERVERS[n], f"w{n}", f"w{n}", weight, bounds=bounds)
            for n, weight in sorted(weights.items())
        ),
        voters=tuple(Voter("farm", service, remove=remove, interval=5.0) for service in services),
        floor=floor,
        fallback=SPARE if fallback else None,
        **more,
    ),
    st.dictionaries(names, st.sampled_from([0, 1, 5, 40]), min_size=1),
    st.lists(st.sampled_from(SERVICES), unique=True, max_size=3),
    st.sampled_from(FLOORS),
    st.booleans(),
    st.booleans(),
    st.sampled_from(BOUNDS),
    st.fixed_dictionaries(
        {
            "drain": st.sampled_from([0.0, 60.0]),
            "slowstart": st.sampled_from([0.0, 30.0]),
            "evict": st.sampled_from([None, Rate(1, 10.0)]),
            "flap": st.sampled_from([None, Flap(2, 60.0, 20.0)]),
            "drift": st.sampled_from(Drift),
            "persistent": st.sampled_from([None, 300]),
            "quorum": st.sampled_from([None, Quorum(1), Quorum(2, hysteresis=1), Quorum(3)]),
        }
    ),
)
orders = st.builds(
    Order,
    st.just("web"),
    st.sampled_from([f"w{n}" for n in range(5)]),
    st.sampled_from(VERBS),
    st.just("anna"),
    weight=st.sampled_from([0, 2]),
    seconds=st.sampled_from([None, 20.0]),
    drain=st.sampled_from([None, 0.0, 10.0]),
    force=st.booleans(),
)
tables = st.dictionaries(names, st.sampled_from([0, 1, 9]))


class Life(RuleBasedStateMachine):
    """One pool, the table of its balancer, and a plain record of what was said."""

    @initialize(plan=plans, weights=tables)
    def start(self, plan: Pool, weights: dict[int, int]) -> None:
        self.now = Moment(1e9, 100.0)
        self.pools = Pools([plan], self.now)
        self.plan = plan
        self.table = Table(None)
        if weights:
            servers = (ServerEntry(SERVERS[n], weight) for n, weight in weights.items())
            self.table = Table(ServiceEntry(ID, "rr"), tuple(servers))
        self.said: dict[tuple[str, str], Verdict] = {}
        self.suggested: dict[tuple[str, str], Weight | None] = {}
        self.heard: set[tuple[str, str]] = set()
        self.was_in: set[ServerId] = set()
        self.unplaced = False
        self.round_over = False
        self.adopt()

    def adopt(self, saved=None) -> None:
        for name in self.pools.names:
            if self.pools.unread(name):
                serving = {one.id for one in self.table.servers if one.weight}
                self.was_in |= serving
                self.unplaced |= self.table.service is None
                self.round_over |= any(member.id in serving for member in self.plan.members)
                self.pools.adopt(name, self.table, saved, self.now, max_age=lambda voter: 1e9)

    @rule(host=names, service=st.sampled_from(SERVICES), verdict=st.sampled_from(Verdict),
          cause=st.sampled_from(Cause), weight=st.sampled_from(SUGGESTED))  # fmt: skip
    def a_result_comes(
        self, host: int, service: str, verdict: Verdict, cause: Cause, weight: Weight | None
    ) -> None:
        self.time_passes(1)
        before = self.pools.wanted("web", self.now)
        result = HostResult("farm", service, f"w{host}", verdict, "said", 0.1, self.now, cause, weight=weight)
        changed = self.pools.vote(result, self.now)
        self.heard.add((f"w{host}", service))
        if verdict is not Verdict.UNKNOWN:
            pairs = {(m.check, v.service) for m in self.plan.members for v in self.plan.voters}
            if (f"w{host}", service) in pairs:
                self.said[f"w{host}", service] = verdict
                if verdict is Verdict.OK:
                    self.suggested[f"w{host}", service] = weight
        after = self.pools.wanted("web", self.now)
        assert "web" in changed or (before.table, before.held) == (after.table, after.held)

    @rule(seconds=st.sampled_from([1, 3, 9, 61]))
    def time_passes(self, seconds: float) -> None:
        self.now = self.now.later(seconds)
        self.look()
        wanted = self.pools.wanted("web", self.now)
        self.look()
        assert self.pools.wanted("web", self.now).table == wanted.table

    def look(self) -> None:
        """What the keeper does first."""
        for name in self.pools.names:
            self.pools.look(name, self.table if name == "web" else Table(None), self.now)

    @rule(order=orders)
    def an_operator_speaks(self, order: Order) -> None:
        before, floor = self.inside() - self.left_alone(), least(self.plan.floor, len(self.enabled()))
        try:
            self.pools.instruct(order, self.now)
        except ControlError:
            assert not any(m.name == order.server for m in self.plan.members) or not order.force
            return
        if self.round_over and not order.force:
            assert len(self.inside()) >= min(len(before), max(1, floor)) or self.fallback()

    def enabled(self) -> set[ServerId]:
        """Who may be in by the configuration."""
        return {m.id for m in self.plan.members if m.weight}

    def inside(self) -> set[ServerId]:
        """Who is in now."""
        wanted = self.pools.wanted("web", self.now)
        return {one.id for one in wanted.table.servers if one.weight} & self.enabled()

    def spoken(self) -> dict[ServerId, int]:
        """What the operator said, of servers that are not configured too (no word is lost)."""
        return {word.server: word.weight for word in self.pools.words("web") if word.who == "anna"}

    def fallback(self) -> bool:
        """Does only the fallback serve?"""
        return self.pools.wanted("web", self.now).fallback

    def ordered_out(self) -> set[ServerId]:
        """Whom an operator has taken out."""
        return {word.server for word in self.pools.words("web") if word.weight == 0}

    @rule()
    def the_first_round_is_over(self) -> None:
        self.pools.first_round_over(self.now)
        self.round_over = True

    @rule(plan=plans)
    def it_is_reloaded(self, plan: Pool) -> None:
        # A voter that comes new finds the servers as the votes left them.
        self.was_in |= {member.id for member in self.plan.members if self.voted_in(member)}
        self.plan = plan
        kept = {(m.check, v.service) for m in plan.members for v in plan.voters}
        self.said = {pair: verdict for pair, verdict in self.said.items() if pair in kept}
        self.suggested = {pair: weight for pair, weight in self.suggested.items() if pair in kept}
        spoken = self.spoken()
        self.pools.reload([plan], self.now)
        self.adopt()
        assert self.spoken() == spoken

    @rule()
    def it_is_restarted(self) -> None:
        (saved,) = self.pools.saved()
        before, told = self.pools.facts("web", self.now).memory, self.pools.standing("web")
        spoken = self.spoken()
        self.pools = Pools([self.plan], self.now)
        self.pools.recall([saved], self.now)
        assert self.spoken() == spoken
        self.was_in, self.unplaced, self.round_over = set(), False, False
        self.heard = set()
        self.adopt(codec.decode(codec.encode(saved), SavedPool))
        self.nothing_is_forgotten(before, told)

    def nothing_is_forgotten(self, before: Memory, told: Standing | None) -> None:
        """Law 9: clocks, counts and what was given up go on where they were; the quorum is not told again."""
        after, now = self.pools.facts("web", self.now).memory, self.pools.standing("web")
        members = {member.id for member in self.plan.members}
        was_in = before.found if before.inside is None else before.inside
        serving = {one.id for one in self.table.servers if one.weight}
        for id_, turned in before.turned.items():
            # Who stands as the table shows it; and as it is decided now.
            stands = {id_ in place for place in (was_in or (), serving, after.found or ())}
            if len(stands) == 1 and id_ in members:
                assert after.turned[id_] == turned
        young = [id_ for at, id_ in before.exits if self.now.mono - at < 10]
        assert not (self.plan.evict and young) or [id_ for _, id_ in after.exits][-len(young) :] == young
        held_out = {id_: until for id_, until in before.banned.items() if self.now.mono < until.mono}
        assert {id_: until for id_, until in after.banned.items() if id_ in held_out} == held_out
        assert after.repairs == before.repairs
        assert after.pinned.keys() == before.pinned.keys() & {*members, *self.spare()}
        there = self.table.service is not None
        assert after.hands_off == ("" if there else before.hands_off)
        assert (after.service is not None) is (before.service is not None and there)
        assert told is None or self.plan.quorum is None or now == told

    def spare(self) -> set[ServerId]:
        """The fallback server."""
        return {self.plan.fallback.id} if self.plan.fallback else set()

    @rule(cut=st.integers(0, 9))
    def it_is_killed_while_it_applies(self, cut: int) -> None:
        edits = self.pools.wanted("web", self.now).changes(self.table)
        self.table = applied(self.table, edits[:cut])
        self.it_is_restarted()

    @rule(refused=st.sets(st.integers(0, 9)))
    def the_balancer_refuses(self, refused: set[int]) -> None:
        for n, edit in enumerate(self.pools.wanted("web", self.now).changes(self.table)):
            if n not in refused:
                with contextlib.suppress(ValueError):  # an edit of what was refused before
                    self.table = applied(self.table, [edit])
        self.pools.leave("web", self.table)
        self.pools.settle("web", self.table, self.now)

    @rule()
    def it_is_applied(self) -> None:
        wanted = self.pools.wanted("web", self.now)
        edits = wanted.changes(self.table)
        serving = lambda table: sum(one.weight > 0 for one in table.servers)  # noqa: E731
        least_on_the_way = min(serving(self.table), serving(applied(self.table, edits)))
        for n in range(len(edits) + 1):
            assert serving(applied(self.table, edits[:n])) >= least_on_the_way
        self.table = applied(self.table, edits)
        self.pools.leave("web", self.table)
        assert wanted.changes(self.table) == ()
        assert self.pools.settle("web", self.table, self.now) == ()

    @rule(weights=tables)
    def another_hand_edits(self, weights: dict[int, int]) -> None:
        servers = tuple(ServerEntry(SERVERS[n], weight) for n, weight in weights.items())
        self.table = Table(ServiceEntry(ID, "sh"), (STRANGER, *servers))
        self.time_passes(1)

    @rule(host=names, weight=st.sampled_from([None, 0, 7]))
    def another_hand_edits_one_server(self, host: int, weight: int | None) -> None:
        before = self.inside()
        others = tuple(one for one in self.table.servers if one.id != SERVERS[host])
        row = () if weight is None else (ServerEntry(SERVERS[host], weight),)
        if self.table.service is not None:
            self.table = replace(self.table, servers=(*others, *row))
        self.time_passes(1)
        floor = max(1, least(self.plan.floor, len(self.enabled())))
        if self.round_over and not self.left_alone():
            assert len(self.inside()) >= min(len(before), floor) or self.fallback()

    @rule()
    def the_table_is_flushed(self) -> None:
        self.table = Table(None)
        self.time_passes(1)

    def left_alone(self) -> frozenset[ServerId]:
        """Whom we leave to others (and say so)."""
        memory = self.pools.facts("web", self.now).memory
        assert not (memory.pinned or memory.hands_off) or self.pools.wanted("web", self.now).alarms
        return frozenset(memory.pinned) | (frozenset(SERVERS) if memory.hands_off else frozenset())

    @invariant()
    def law_1(self) -> None:
        wanted = self.pools.wanted("web", self.now)
        inside = {one.id for one in wanted.table.servers if one.weight} - {SPARE.id} - set(wanted.held)
        inside -= wanted.spared.keys()
        for member in self.plan.members:
            assert member.id not in inside - self.left_alone() or self.voted_in(member)
        assert not self.ordered_out() & self.inside() - self.left_alone()
        assert not wanted.held or "floor" in wanted.outlook
        assert all(why in wanted.outlook for why in wanted.spared.values())

    def voted_in(self, member: Member) -> bool:
        """Did every voter say ok last, or has not spoken and the server was in?"""
        said = [self.said.get((member.check, voter.service)) for voter in self.plan.voters]
        silent = member.id in self.was_in or (self.unplaced and self.vouched_for(member))
        return all(verdict is Verdict.OK or (verdict is None and silent) for verdict in said)

    def vouched_for(self, member: Member) -> bool:
        """Did a voter say ok?  A new virtual service then waits for no voter that cannot speak."""
        said = [self.said.get((member.check, voter.service)) for voter in self.plan.voters]
        return Verdict.OK in said

    @invariant()
    def law_2(self) -> None:
        inside, enabled, fallback = self.inside(), self.enabled(), self.fallback()
        if self.left_alone():
            return
        if self.round_over and not fallback:
            allowed = enabled - self.ordered_out()
            assert len(inside) >= min(least(self.plan.floor, len(enabled)), len(allowed))
        if fallback:
            assert not inside and not (self.plan.floor and self.plan.floor.hard and enabled)

    @rule()
    def a_long_time_passes(self) -> None:
        """Every weight has arrived then: an operator's, a suggested one within its bounds, or mon.cf's."""
        self.time_passes(100)
        self.time_passes(100)  # what began to climb with the first look
        facts, wanted = self.pools.facts("web", self.now), self.pools.wanted("web", self.now)
        weights = {one.id: one.weight for one in wanted.table.servers if one.weight}
        for member in self.plan.members:
            if member.id in weights and member.id not in self.left_alone():
                word = facts.word(member.id)
                meant, give = (word.weight, 0.0) if word else self.suggestion(member)
                pairs = {(member.check, voter.service) for voter in self.plan.voters}
                # A start leaves weights as it finds them until everybody has spoken.
                assert abs(weights[member.id] - max(1, meant)) <= give or not pairs <= self.heard

    def suggestion(self, member: Member) -> tuple[float, float]:
        """The weight that was suggested for it, and what it may differ by."""
        said = [self.suggested.get((member.check, voter.service)) for voter in self.plan.voters]
        shares = [weight.of(member.weight) for weight in said if weight]
        if member.bounds is None or not shares:
            return member.weight, 0.0
        low, high = member.bounds.low.of(member.weight), member.bounds.high.of(member.weight)
        meant = max(low, min(high, *shares))
        return meant, 1 + BAND * max(meant, member.weight) if meant else 0.0

    @invariant()
    def nobody_goes_by_a_suggestion_whom_the_pool_needs(self) -> None:
        wanted = self.pools.wanted("web", self.now)
        resting = {id_ for id_, why in wanted.why.items() if why.startswith("out by a suggested weight")}
        needed = max(1, least(self.plan.floor, len(self.enabled())))
        assert not resting or len(self.inside()) >= needed or self.left_alone()
        assert not resting & self.ordered_out()

    @rule()
    def the_quorum_is_looked_at(self) -> None:
        """It turns as keepalived's does, once for each turn; between the two thresholds it stays."""
        quorum, before = self.plan.quorum, self.pools.standing("web")
        wanted, turn = self.pools.wanted("web", self.now), self.pools.turn("web", self.now)
        assert self.pools.turn("web", self.now) is None
        if quorum is None or wanted.waiting or not self.round_over:
            return
        count = healthy(self.pools.facts("web", self.now))
        low, high = quorum.count - quorum.hysteresis, quorum.count + quorum.hysteresis
        suspects = sum(why == SUSPECT for why in wanted.spared.values())
        if turn is None:
            assert before is not None
            assert count + suspects >= low if before.up else count < high
        elif before is None:
            assert turn.up is (count >= quorum.count)
        else:
            assert turn.up is not before.up
            assert count >= high if turn.up else count < low

    @invariant()
    def who_is_held_in_never_counts_for_the_quorum(self) -> None:
        wanted = self.pools.wanted("web", self.now)
        if self.round_over and not self.left_alone():
            held = {*wanted.held, *wanted.spared}
            count = healthy(self.pools.facts("web", self.now))
            assert count == len(self.inside() - held)
            assert count <= sum(self.voted_in(member) for member in self.plan.members)

    @invariant()
    def law_3(self) -> None:
        wanted = self.pools.wanted("web", self.now)
        once = applied(self.table, wanted.changes(self.table))
        assert wanted.changes(once) == () and wanted.differences(once) == ()
        assert [one for one in once.servers if one.id == STRANGER.id] == [
            one for one in self.table.servers if one.id == STRANGER.id
        ]


STEPS = int(os.environ.get("MON_LAWS", "2000"))
Life.TestCase.settings = settings(max_examples=STEPS // 30, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase

entries = st.builds(ServerEntry, st.sampled_from(SERVERS), st.integers(0, 3))
servers = st.lists(entries, unique_by=lambda one: one.id).map(tuple)
services = st.builds(ServiceEntry, st.just(ID), st.sampled_from(["rr", "wlc"]))
any_table = st.one_of(st.just(Table(None)), st.builds(Table, services, servers))


@settings(max_examples=300)
@given(any_table, any_table, st.booleans())
def test_law_3_between_any_two_tables(wanted: Table, actual: Table, partial: bool) -> None:
    once = applied(actual, changes(wanted, actual, partial=partial))
    assert changes(wanted, once, partial=partial) == ()
