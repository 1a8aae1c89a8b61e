"""Checks that leave from the virtual address: seen before anybody wonders why no server answers."""

from mon.balancer import advice
from mon.balancer.direct import leaves_from, misdirected
from mon.model.pool import Forward, Member, Pool, ServerId, VirtualId
from mon.model.source import Severity

OURS = leaves_from("127.0.0.2")  # the kernel's choice among the addresses of the loopback


def pool(vip: str, real: str, forward: Forward) -> Pool:
    members = (Member(ServerId(real, 80), "w1", "w1", forward=forward),)
    return Pool("web", VirtualId("tcp", vip, 80), ("ipvs",), members=members)


def test_checks_that_would_leave_from_the_virtual_address_are_warned_of() -> None:
    (problem,) = misdirected([pool(OURS, "127.0.0.2", Forward.GATE)])
    assert problem.severity is Severity.WARNING
    assert problem.what == f"pool web: checks of w1 leave from {OURS}, its own address too"


def test_an_ipv6_address_is_to_be_deprecated() -> None:
    (problem,) = misdirected([pool("::1", "::1", Forward.IPIP)])
    assert problem.remedy == "ip address change ::1/128 dev DEVICE preferred_lft 0"


def test_mon_check_is_given_the_warning() -> None:
    whats = [problem.what for problem in advice([pool(OURS, "127.0.0.2", Forward.GATE)])]
    assert any("checks of w1 leave from" in what for what in whats)


def test_with_nat_the_answers_come_back() -> None:
    assert not list(misdirected([pool(OURS, "127.0.0.2", Forward.MASQ)]))


def test_another_directors_address_says_nothing_here() -> None:
    assert not list(misdirected([pool("192.0.2.10", "127.0.0.2", Forward.GATE)]))


def test_where_no_route_leads_nothing_can_be_said() -> None:
    assert leaves_from("fe80::1") == ""
