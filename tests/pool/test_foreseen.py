"""What is foreseen while votes are in doubt is what comes once they are confirmed."""

from hypothesis import given
from hypothesis import strategies as st

from mon.model.moment import Moment
from mon.model.pool import Floor, Member, Pool, ServerId, Table, VirtualId, Voter
from mon.model.result import Cause, HostResult, Verdict
from mon.pool.foreseen import NOTHING
from mon.pool.pools import Pools

HOSTS = ("web1", "web2", "web3")
START = Moment(1_700_000_000.0, 100.0)
FALLBACK = Member(ServerId("10.0.0.9", 80), "sorry", "sorry", weight=1)


def plan(floor: int, *, fallback: bool) -> Pool:
    ids = {host: ServerId(f"10.0.0.{n}", 80) for n, host in enumerate(HOSTS, 1)}
    members = tuple(Member(ids[host], host, host, weight=10) for host in HOSTS)
    voters = (Voter("web", "http", fall=2, rise=2, confirm=0.2),)
    return Pool(
        "shop",
        VirtualId("tcp", "192.0.2.80", 80),
        ("memory",),
        members=members,
        voters=voters,
        floor=Floor(count=floor) if floor else None,
        fallback=FALLBACK if fallback else None,
    )


def vote(pools: Pools, down: set[str], now: Moment) -> None:
    for host in HOSTS:
        verdict, cause = (Verdict.DOWN, Cause.REFUSED) if host in down else (Verdict.OK, Cause.NONE)
        pools.vote(HostResult("web", "http", host, verdict, "said", 0.0, now, cause, int(host in down)), now)


SETS = st.sets(st.sampled_from(HOSTS))


@given(SETS, SETS, st.integers(0, 3), st.booleans())
def test_what_is_foreseen_comes_when_it_is_confirmed(
    before: set[str], after: set[str], floor: int, fallback: bool
) -> None:
    pools = Pools((plan(floor, fallback=fallback),), START)
    pools.adopt("shop", Table(None), None, START, max_age=lambda _: 0.0)
    for _ in range(2):
        vote(pools, before, START)
    pools.first_round_over(START)
    now = START.later(1.0)
    vote(pools, after, now)
    was, soon = pools.wanted("shop", now).table.servers, pools.foreseen("shop", now)
    weights = {one.id: one.weight for one in was}
    vote(pools, after, now.later(0.2))
    changed = {one.id for one in pools.wanted("shop", now).table.servers if weights.get(one.id) != one.weight}
    assert set(soon.soon) == changed - {FALLBACK.id}
    assert pools.foreseen("shop", now.later(0.2)) == NOTHING
