"""Finding a kind of balancer by its name."""

import pytest

from mon.balancer import advice, check, each_applied, kinds, misnamed, open_balancer
from mon.balancer.memory import Memory
from mon.errors import BalancerError, BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, Forward, Member, Pool, ServerId, ServiceEntry, Verb, VirtualId
from mon.model.source import Severity

KINDS = "one of exec, haproxy, ipvs, ipvsadm, memory, nginx is wanted"
EDITS = [Change(Verb.ADD_SERVICE, ServiceEntry(VirtualId(fwmark=mark), "rr")) for mark in (1, 2, 3)]


def test_the_kinds_are_the_files_that_can_connect() -> None:
    assert kinds() == ("exec", "haproxy", "ipvs", "ipvsadm", "memory", "nginx")


def test_a_kind_is_opened_by_its_words() -> None:
    assert isinstance(open_balancer(("memory",)), Memory)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), f"no balancer is named: {KINDS}"),
        (
            ("envoy",),
            f"no balancer of kind 'envoy': {KINDS}",
        ),
        (
            ("drawing",),
            f"no balancer of kind 'drawing': {KINDS}",
        ),
        (("memory", "big"), "`balancer memory` takes no words: big"),
        (("ipvs", "x"), "`balancer ipvs` takes no words: x"),
        (("haproxy", "/s"), "`balancer haproxy` takes a socket (its path, or HOST:PORT) and a backend"),
        (("haproxy", "sock", "web"), "`balancer haproxy`: sock is neither a path nor HOST:PORT"),
        (("haproxy", "/s", "web;quit"), "`balancer haproxy`: web;quit is no name of a backend"),
        (("nginx", "/f"), "`balancer nginx` takes the file to write and the name of the upstream"),
        (("nginx", "f", "web"), "`balancer nginx`: f is no absolute path"),
        (("nginx", "/f", "a b"), "`balancer nginx`: a b is no name of an upstream"),
        (("exec",), "`balancer exec` takes the path of a program, and its arguments"),
    ],
)
def test_wrong_words_are_said(words: tuple[str, ...], complaint: str) -> None:
    assert check(words) == complaint
    with pytest.raises(BalancerError):
        open_balancer(words)


def test_a_line_that_names_no_balancer_is_an_error_of_the_configuration() -> None:
    pools = [Pool("a", VirtualId(fwmark=1), ("memory",)), Pool("b", VirtualId(fwmark=2), ("exec", "x"))]
    (problem,) = misnamed(pools)
    assert problem.severity is Severity.ERROR
    assert problem.what == "pool b: `balancer exec` takes the path of a program, and its arguments"


def test_pools_of_one_place_and_forwarding_of_a_proxy_are_warned_of() -> None:
    there = ("haproxy", "/s", "web")
    gate = (Member(ServerId("192.0.2.1", 80), "w1", "w1", forward=Forward.GATE),)
    pools = [Pool("a", VirtualId(fwmark=1), there), Pool("b", VirtualId(fwmark=2), there, members=gate)]
    assert [problem.what for problem in advice(pools)] == [
        "pools a and b are both `balancer haproxy /s web`",
        "pool b: `forward` means nothing for haproxy, which is a proxy",
    ]


def test_a_pool_in_memory_needs_no_advice() -> None:
    assert advice([Pool("web", VirtualId(fwmark=1), ("memory",)), Pool("x", VirtualId(), ("envoy",))]) == []


def test_refusals_are_gathered_and_the_rest_is_tried() -> None:
    tried = []

    def apply(change: Change) -> None:
        tried.append(change)
        if change is not EDITS[1]:
            raise BalancerRefused(f"no {change.service.id}")

    with pytest.raises(BalancerRefused, match="no fwmark 1; no fwmark 3"):
        each_applied(EDITS, apply)
    assert tried == EDITS


def test_one_that_is_unreachable_ends_it() -> None:
    def apply(change: Change) -> None:
        raise BalancerUnreachable("gone")

    with pytest.raises(BalancerUnreachable, match="gone"):
        each_applied(EDITS, apply)
