"""Finding a kind of balancer by its name."""

import pytest

from mon.balancer import advice, check, each_applied, kinds, open_balancer
from mon.balancer.memory import Memory
from mon.errors import BalancerError, BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, Pool, ServiceEntry, Verb, VirtualId

EDITS = [Change(Verb.ADD_SERVICE, ServiceEntry(VirtualId(fwmark=mark), "rr")) for mark in (1, 2, 3)]


def test_the_kinds_are_the_files_that_can_connect() -> None:
    assert kinds() == ("ipvs", "memory")


def test_a_kind_is_opened_by_its_words() -> None:
    assert isinstance(open_balancer(("memory",)), Memory)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "no balancer is named: one of ipvs, memory is wanted"),
        (("nginx",), "no balancer of kind 'nginx': one of ipvs, memory is wanted"),
        (("drawing",), "no balancer of kind 'drawing': one of ipvs, memory is wanted"),
        (("memory", "big"), "`balancer memory` takes no words: big"),
        (("ipvs", "x"), "`balancer ipvs` takes no words: x"),
    ],
)
def test_wrong_words_are_said(words: tuple[str, ...], complaint: str) -> None:
    assert check(words) == complaint
    with pytest.raises(BalancerError):
        open_balancer(words)


def test_a_pool_in_memory_needs_no_advice() -> None:
    assert advice([Pool("web", VirtualId(fwmark=1), ("memory",)), Pool("x", VirtualId(), ("nginx",))]) == []


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
