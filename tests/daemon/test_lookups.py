"""Names of real servers at a start: side by side, and never waited for without end."""

import threading
from collections.abc import Callable

import pytest

from mon.daemon.lookups import AT_START, Lookups, Patience

SHORT = Patience(0.05, 0.1)


@pytest.fixture
def hung() -> Callable[[str], tuple[str, ...]]:
    """A resolver that answers for names that begin with ``well``, and never for others."""
    never = threading.Event()

    def look_up(name: str) -> tuple[str, ...]:
        if not name.startswith("well"):
            never.wait(30)
        return ("192.0.2.1",)

    yield look_up
    never.set()


def test_names_are_looked_up_side_by_side() -> None:
    together = threading.Barrier(8, timeout=20)  # nobody passes before all eight are there

    def look_up(name: str) -> tuple[str, ...]:
        together.wait()
        return (name,)

    lookups = Lookups([f"w{n}" for n in range(8)], look_up, AT_START)
    assert [lookups(f"w{n}") for n in range(8)] == [(f"w{n}",) for n in range(8)]


def test_more_names_than_threads_are_all_answered_each_asked_once() -> None:
    asked: list[str] = []
    lookups = Lookups([f"w{n}" for n in range(200)], lambda name: asked.append(name) or (name,), AT_START)
    assert all(lookups(f"w{n}") == (f"w{n}",) for n in (*range(200), *range(200)))
    assert sorted(asked) == sorted(f"w{n}" for n in range(200))


def test_a_name_that_nobody_asked_for_before_is_looked_up_when_it_is_wanted() -> None:
    assert Lookups((), lambda name: (name,), AT_START)("w1") == ("w1",)


def test_a_resolver_that_hangs_is_waited_for_once_and_not_for_each_name(hung) -> None:
    lookups = Lookups([f"hung{n}" for n in range(1000)], hung, SHORT)
    assert {lookups(f"hung{n}") for n in range(1000)} == {()}  # or 1,000 times its patience


def test_one_name_that_hangs_costs_no_other_its_address(hung) -> None:
    lookups = Lookups(["hung", "well1", "well2"], hung, AT_START)
    assert [lookups("well1"), lookups("well2")] == [("192.0.2.1",)] * 2


def test_what_has_no_address_now_has_the_one_that_was_saved(hung) -> None:
    lookups = Lookups(["hung", "well"], hung, SHORT, {"hung": ("192.0.2.9",), "well": ("192.0.2.8",)})
    assert (lookups("hung"), lookups("well")) == (("192.0.2.9",), ("192.0.2.1",))
    assert lookups.remembered == {"hung": ("192.0.2.9",)}
    assert lookups.found == {"hung": ("192.0.2.9",), "well": ("192.0.2.1",)}
