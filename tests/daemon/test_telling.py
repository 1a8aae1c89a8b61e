"""What messages say of pools: the weights to be, who is out and why, and whether the floor holds."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from mon.daemon.sight import Sight
from mon.daemon.telling import Telling, pool_line, pool_lines
from mon.model.moment import Moment
from mon.model.notice import AlertType, Notice, PoolLine
from mon.model.pool import Floor, Member, Pool, ServerEntry, ServerId, Table, VirtualId, Voter
from mon.model.result import Cause, HostResult, OpStatus, Verdict
from mon.pool.pools import Pools
from mon.structs import replace

KEY = ("web", "http")
NOW = Moment(1_700_000_000.0, 100.0)
HOSTS = ("web1", "web2", "web3", "web4")
SHOP = Pool(
    name="shop",
    id=VirtualId("tcp", "192.0.2.80", 80),
    balancer=("memory",),
    members=tuple(
        Member(ServerId(f"10.0.0.{n}", 80), host, host, weight=10) for n, host in enumerate(HOSTS, 1)
    ),
    voters=(Voter(*KEY),),
    floor=Floor(share=0.5),
)


def pools(*down: str, plan: Pool = SHOP) -> Pools:
    made = Pools((plan,), NOW)
    made.adopt(plan.name, Table(None), None, NOW, max_age=lambda _: 0.0)
    for host in HOSTS:
        bad = host in down
        verdict, cause = (Verdict.DOWN, Cause.REFUSED) if bad else (Verdict.OK, Cause.NONE)
        result = HostResult(
            *KEY, host, verdict, "refused" if bad else "", 0.0, NOW, cause, int(bad), final=True
        )
        made.vote(result, NOW)
    made.first_round_over(NOW)
    return made


def test_each_server_has_its_weight_and_the_reason() -> None:
    (line,) = pool_lines(pools("web1"), KEY, NOW)
    assert (line.name, line.virtual, line.floor) == ("shop", "tcp 192.0.2.80:80", "50% (2 of 4)")
    assert [(server.name, server.weight) for server in line.serving] == [
        ("web2", 10),
        ("web3", 10),
        ("web4", 10),
    ]
    out = line.servers[0]
    assert (out.name, out.address, out.weight) == ("web1", "10.0.0.1:80", 0)
    assert out.why == "out: web/http down (refused)" and out.notable
    assert not line.servers[1].notable and line.outlook == ""


def test_whom_the_floor_holds_is_said_by_name() -> None:
    (line,) = pool_lines(pools("web1", "web2", "web3"), KEY, NOW)
    assert len(line.serving) == 2
    assert line.outlook.startswith("the floor keeps web") and "10.0.0" not in line.outlook


def test_a_service_that_votes_on_no_pool_has_none() -> None:
    assert pool_lines(pools(), ("web", "ping"), NOW) == ()
    (line,) = pool_lines(pools(plan=replace(SHOP, floor=None)), KEY, NOW)
    assert line.floor == ""


DOUBTED = replace(SHOP, voters=(Voter(*KEY, fall=2, rise=2, confirm=0.2),))


def fails(made: Pools, host: str, at: Moment) -> None:
    made.vote(HostResult(*KEY, host, Verdict.DOWN, "refused", 0.0, at, Cause.REFUSED, 1), at)


def test_what_follows_while_a_failure_is_confirmed_is_said() -> None:
    made = pools(plan=DOUBTED)
    fails(made, "web2", NOW.later(1.0))
    (line,) = pool_lines(made, KEY, NOW.later(1.1))
    assert len(line.serving) == 4 and line.soon == "web2 leaves when confirmed, in 0.1 s"
    fails(made, "web2", NOW.later(1.2))
    (line,) = pool_lines(made, KEY, NOW.later(1.2))
    assert len(line.serving) == 3 and line.soon == ""


def test_what_the_floor_is_about_to_do_is_foreseen() -> None:
    made = pools("web1", "web2", plan=DOUBTED)
    fails(made, "web3", NOW.later(1.0))
    (line,) = pool_lines(made, KEY, NOW.later(1.0))
    assert line.soon == "then the floor keeps web3 in against the votes"


def test_without_confirming_the_rounds_that_are_missing_are_counted() -> None:
    made = pools(plan=replace(SHOP, voters=(Voter(*KEY, fall=3),)))
    fails(made, "web2", NOW.later(1.0))
    assert pool_lines(made, KEY, NOW.later(1.0))[0].soon == "web2 leaves when confirmed, by 2 more checks"


def test_a_balancer_that_does_not_obey_is_shown_with_what_it_still_has() -> None:
    entries = tuple(ServerEntry(member.id, 10, member.forward) for member in SHOP.members)
    sight = Sight(Table(None, entries), "connection refused")
    line = pool_line(pools("web1"), "shop", sight, NOW)
    assert line.trouble == "connection refused"
    assert line.servers[0].why == "the balancer still has weight 10; out: web/http down (refused)"
    assert line.servers[1].why == "in: web/http ok"


NOTICE = Notice(AlertType.FAILURE, *KEY, "", NOW.wall, 1, OpStatus.FAIL, "web1", "web1\n")


def told(made: Pools, notice: Notice, then: Callable[[float], None]) -> Notice:
    """The notice as it is sent, on a clock that ``then`` is told of at each look."""
    times = count(1.0, 0.1)

    def clock() -> Moment:
        now = NOW.later(next(times))
        then(now.mono)
        return now

    return asyncio.run(Telling(made, lambda _: Sight(), clock).told(notice))


def test_a_message_says_how_the_pool_is_when_it_is_sent() -> None:
    stale = replace(NOTICE, pools=(PoolLine("shop", "as it was decided"),))
    (line,) = told(pools("web1"), stale, lambda _: None).pools
    assert (len(line.serving), line.at > NOW.wall) == (3, True)
    assert told(pools(), replace(NOTICE, service="ping", pools=(line,)), lambda _: None).pools == ()


def test_a_message_waits_for_the_check_that_decides() -> None:
    made = pools(plan=DOUBTED)
    fails(made, "web2", NOW.later(0.9))
    looks: list[float] = []

    def confirmed(_: float) -> None:
        looks.append(_)
        if len(looks) == 4:
            fails(made, "web2", NOW.later(1.1))

    (line,) = told(made, NOTICE, confirmed).pools
    assert len(line.serving) == 3 and line.soon == ""


def test_a_message_does_not_wait_for_ever() -> None:
    made = pools(plan=DOUBTED)
    fails(made, "web2", NOW.later(0.9))
    (line,) = told(made, NOTICE, lambda _: None).pools
    assert line.soon == "web2 leaves when confirmed, at any moment" and line.at < NOW.wall + 3.0


def test_a_fault_of_ours_with_a_pool_costs_no_message(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: str) -> Sight:
        raise KeyError("shop")

    said = asyncio.run(Telling(pools(), broken, lambda: NOW).told(NOTICE))
    assert said == NOTICE and "web/http: a fault in mon" in caplog.text


def test_a_recovery_that_is_being_confirmed_is_told_too() -> None:
    made = pools("web2", plan=DOUBTED)
    at = NOW.later(1.0)
    made.vote(HostResult(*KEY, "web2", Verdict.OK, "answered", 0.0, at), at)
    assert pool_lines(made, KEY, at)[0].soon == "web2 comes back with weight 10 when confirmed, in 0.2 s"


def test_what_is_told_together_has_the_pools_of_all() -> None:
    together = replace(NOTICE, watch="all", service="2-services", members=(NOTICE, NOTICE))
    assert [line.name for line in told(pools(), together, lambda _: None).pools] == ["shop"]
