"""What messages say of pools: the weights to be, who is out and why, and whether the floor holds."""

from mon.daemon.telling import pool_lines, with_pools
from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Notice
from mon.model.pool import Floor, Member, Pool, ServerId, Table, VirtualId, Voter
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
LINE = AlertLine(AlertKind.ALERT, CommandLine("mail.alert ops", ("mail.alert", "ops")))


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


def test_only_those_who_are_told_get_the_pools() -> None:
    notice = Notice(AlertType.FAILURE, *KEY, "", NOW.wall, 1, OpStatus.FAIL, "web1", "web1\n")
    sent = Decision(*KEY, "", LINE, AlertType.FAILURE, "send", "", NOW, notice)
    held = replace(sent, rule="alertafter", notice=None)
    for_people, kept = with_pools([sent, held], pools(), NOW, told=lambda _: True)
    assert for_people.notice is not None and len(for_people.notice.pools) == 1
    assert kept is held
    assert with_pools([sent], pools(), NOW, told=lambda _: False) == [sent]
