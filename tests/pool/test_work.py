"""What a pool costs is counted: a vote the same in any pool, a look at most twice for twice the servers.

Counted are calls, of Python and of C, and comparisons of servers, so that a search in a tuple counts too.
"""

import pytest

from mon.balancer.memory import Memory
from mon.daemon.journal import Case, Journal
from mon.daemon.sight import Sight, by_name, view
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
from mon.model.result import HostResult, RunResult, Verdict
from mon.model.weight import Weight
from mon.pool import state
from mon.pool.guard import losses
from mon.pool.operators import Order
from mon.pool.pools import Pools
from mon.structs import replace
from mon.testing.work import CountedServer, work

ID = VirtualId("tcp", "10.0.0.9", 80)
START = Moment(1e6, 1000.0)
SMALL = 60


def servers(count: int) -> tuple[Member, ...]:
    ids = (CountedServer(f"10.1.{n // 250}.{n % 250}", 80) for n in range(count))
    return tuple(Member(id_, f"w{n}", f"w{n}", 10) for n, id_ in enumerate(ids))


def table(plan: Pool, *, weight: int = 10, but: int = 0) -> Table:
    rows = (ServerEntry(m.id, 0 if n < but else weight) for n, m in enumerate(plan.members))
    return Table(ServiceEntry(ID, "wlc"), tuple(rows))


def pool(count: int, **more: object) -> Pools:
    """A pool in which every server is in by its votes, and has been for a while."""
    settings = {"voters": (Voter("farm", "http", interval=5.0),), "members": servers(count), **more}
    plan = Pool("web", ID, ("memory",), **settings)  # type: ignore[arg-type]
    pools = Pools([plan], START)
    pools.adopt("web", table(plan), None, START, max_age=lambda voter: 1)
    for second in (1, 2):
        say(pools, Verdict.OK, second)
    pools.leave("web", table(plan))
    return pools


def say(pools: Pools, verdict: Verdict, second: float, count: int | None = None, **more: object) -> None:
    now = START.later(second)
    for member in pools.plan("web").members[:count]:
        pools.vote(HostResult("farm", "http", member.check, verdict, "said", 0.1, now, **more), now)  # type: ignore[arg-type]
    pools.look("web", pools.facts("web", now).memory.left or table(pools.plan("web")), now)


def look(pools: Pools, *, weight: int = 10, but: int = 0, second: float = 3) -> None:
    now, found = START.later(second), table(pools.plan("web"), weight=weight, but=but)
    pools.look("web", found, now)
    wanted = pools.wanted("web", now)
    wanted.changes(found)
    pools.leave("web", found)
    pools.settle("web", found, now)
    pools.facts("web", now)


ALL = 10**6
LOOKS = {
    "nothing happened": ({}, look),
    "all fail": ({}, lambda pools: say(pools, Verdict.DOWN, 3)),
    "all fail, the floor holds half": (
        {"floor": Floor(share=0.5)},
        lambda pools: (say(pools, Verdict.DOWN, 3), say(pools, Verdict.DOWN, 4), look(pools, second=5)),
    ),
    "all fail, some may leave": ({"evict": Rate(5, 60.0)}, lambda pools: say(pools, Verdict.DOWN, 3)),
    "all flap": (
        {"flap": Flap(2, 600.0, 60.0)},
        lambda pools: [say(pools, v, s) for s, v in enumerate((Verdict.DOWN, Verdict.OK) * 3, 3)],
    ),
    "all are set to 0 by hand": ({}, lambda pools: look(pools, but=ALL)),
    "all are set to 0 by hand, the floor says half": (
        {"floor": Floor(share=0.5)},
        lambda pools: look(pools, but=ALL),
    ),
    "all weights are set by hand, five times": (
        {},
        lambda pools: [look(pools, weight=3 + s, second=s) for s in range(3, 8)],
    ),
    "all weights are set by hand and reported": (
        {"drift": Drift.REPORT},
        lambda pools: [look(pools, weight=3 + s, second=s) for s in range(3, 6)],
    ),
    "the table is lost": (
        {},
        lambda pools: pools.look("web", Table(None), START.later(3)),
    ),
    "all suggest to leave": (
        {"members": ()},
        lambda pools: say(pools, Verdict.OK, 3, weight=Weight(0)),
    ),
    "all climb": (
        {"slowstart": 60.0},
        lambda pools: [say(pools, v, s) for s, v in enumerate((Verdict.DOWN, Verdict.DOWN, Verdict.OK), 3)],
    ),
    "an operator speaks": (
        {},
        lambda pools: pools.instruct(Order("web", "w1", "disable", "anna"), START.later(3)),
    ),
    "half leave by a reload, draining": (
        {"drain": 60.0},
        lambda pools: pools.reload([half(pools)], START.later(3)),
    ),
    "half leave by a reload and come back": (
        {"drain": 60.0},
        lambda pools: [pools.reload([plan], START.later(3)) for plan in (half(pools), pools.plan("web"))],
    ),
    "a reload is measured": ({}, lambda pools: losses(pools, [half(pools)], START.later(3))),
    "it is saved": ({}, lambda pools: pools.saved()),
    "it is foreseen": ({}, lambda pools: pools.foreseen("web", START.later(3))),
    "it is shown": ({}, lambda pools: view(pools, "web", Sight(table(pools.plan("web"))), START.later(3))),
    "the journal is written": ({}, lambda pools: Journal().deeds(case(pools))),
    "a message names all": (
        {},
        lambda pools: by_name(pools.plan("web"), ", ".join(str(m.id) for m in pools.plan("web").members)),
    ),
    "the dry run applies it": ({}, lambda pools: Memory().apply(case(pools).edits)),
    "the quorum is looked at": ({}, lambda pools: pools.turning("web", START.later(3))),
}


def case(pools: Pools) -> Case:
    """Everything is added anew."""
    now = START.later(3)
    plan, wish, after = pools.plan("web"), pools.wanted("web", now), table(pools.plan("web"))
    edits = wish.changes(Table(None))
    return Case(plan, wish, pools.facts("web", now), "resync", edits, Table(None), after)


def half(pools: Pools) -> Pool:
    plan = pools.plan("web")
    return replace(plan, members=plan.members[: len(plan.members) // 2])


@pytest.mark.parametrize("what", LOOKS)
def test_twice_the_servers_are_at_most_twice_the_work(what: str) -> None:
    more, does = LOOKS[what]
    costs = []
    for count in (SMALL, 2 * SMALL):
        bounds = Bounds(Weight(0), Weight(200, True))
        members = tuple(replace(member, bounds=bounds) for member in servers(count))
        pools = pool(count, **{**more, "members": members} if "members" in more else more)
        costs.append(work(lambda pools=pools: does(pools)))
    assert costs[1] <= 2 * costs[0] + 50


VOTES = {
    "as before": {"verdict": Verdict.OK},
    "down": {"verdict": Verdict.DOWN},
    "unknown": {"verdict": Verdict.UNKNOWN},
    "with a weight": {"verdict": Verdict.OK, "weight": Weight(5)},
}


@pytest.mark.parametrize("what", VOTES)
def test_a_vote_costs_the_same_in_a_large_pool(what: str) -> None:
    def vote(pools: Pools) -> None:
        now = START.later(3)
        result = HostResult("farm", "http", "w7", detail="", duration=0.1, at=now, **VOTES[what])
        pools.vote(result, now)
        pools.doubt(result)

    small, large = pool(20), pool(2000)
    assert work(lambda: vote(small)) == work(lambda: vote(large))


def test_a_round_that_no_voter_takes_whole_costs_the_same_in_a_large_pool() -> None:
    run = RunResult("farm", "http", 1, "w1", START, START.later(3), ())
    now, small, large = START.later(3), pool(20), pool(2000)
    assert work(lambda: small.run_result(run, now)) == work(lambda: large.run_result(run, now))


def test_a_vote_costs_the_same_beside_hundreds_of_pools() -> None:
    def cost(count: int) -> int:
        plan = Pool("web", ID, ("memory",), members=servers(3), voters=(Voter("farm", "http"),))
        others = (Member(ServerId("10.2.0.1", 80), "x", "x", 1),)
        more = [
            replace(plan, name=f"p{n}", id=VirtualId("tcp", "10.0.0.9", n), members=others)
            for n in range(count)
        ]
        pools = Pools([plan, *more], START)
        result = HostResult("farm", "http", "w1", Verdict.DOWN, "", 0.1, START.later(1))
        return work(lambda: pools.vote(result, START.later(1)))

    assert cost(2) == cost(500)


def test_a_reload_costs_what_differs() -> None:
    def cost(count: int) -> int:
        plan = Pool("p", ID, ("memory",), members=servers(20), voters=(Voter("farm", "http"),))
        plans = [replace(plan, name=f"p{n}", id=VirtualId("tcp", "10.0.0.9", n)) for n in range(count)]
        pools = Pools(plans, START)
        changed = [replace(plans[0], scheduler="rr"), *plans[1:]]
        return work(lambda: pools.reload(changed, START.later(1)))

    assert cost(200) - cost(100) < 100 * 60  # a comparison for each that is the same, not a decision


@pytest.mark.parametrize("verdict", [Verdict.OK, Verdict.DOWN])
def test_many_votes_are_decided_once_at_the_next_look(monkeypatch, verdict: Verdict) -> None:
    pools, real, decided = pool(50), state.decide, []
    monkeypatch.setattr(state, "decide", lambda facts: decided.append(facts) or real(facts))
    say(pools, verdict, 3)
    pools.wanted("web", START.later(3))
    pools.settle("web", table(pools.plan("web")), START.later(4))
    assert len(decided) == 1
