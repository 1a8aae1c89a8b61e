"""Trap timers: what is looked at each second is what may have run out."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from mon.engine.state import ServiceState, Traps
from mon.engine.trapclock import TrapClock
from mon.model.moment import Moment

A, B = ("a", "s"), ("b", "s")


def at(seconds: float) -> Moment:
    return Moment(1e9 + seconds, seconds)


def state(due: float | None = None, until: float | None = None) -> ServiceState:
    return ServiceState(traps=Traps(due=due and at(due), until=until and at(until)))


def clock(**states: ServiceState) -> TrapClock:
    return TrapClock({(name, "s"): each for name, each in states.items()})


def test_a_service_is_due_when_the_first_of_its_timers_ends() -> None:
    table = clock(a=state(due=10, until=5), b=state(due=7), c=state())
    assert list(table.due(4.9)) == []
    assert list(table.due(6)) == [A]
    assert list(table.due(100)) == [B]


def test_a_timer_that_is_put_off_is_looked_at_in_vain_and_then_when_it_ends() -> None:
    table = clock(a=state(due=10))
    table.note(A, Traps(due=at(20)))
    assert list(table.due(10)) == [A]
    table.note(A, Traps(due=at(20)))
    assert list(table.due(19)) == []
    assert list(table.due(20)) == [A]


def test_a_timer_that_is_shortened_ends_earlier() -> None:
    table = clock(a=state(due=10))
    table.note(A, Traps(due=at(3)))
    assert list(table.due(3)) == [A]
    assert list(table.due(10)) == []


def test_ten_thousand_traps_of_one_service_are_one_entry() -> None:
    table = clock(a=state(due=10))
    for second in range(10_000):
        table.note(A, Traps(due=at(10 + second)))
    assert len(table._heap) == 1


timers = st.none() | st.floats(1, 50)


@given(st.lists(st.tuples(st.sampled_from((A, B)), timers, timers, st.floats(0, 5)), max_size=30))
def test_nothing_that_has_run_out_is_ever_missed(
    steps: list[tuple[tuple[str, str], float, float, float]],
) -> None:
    known: dict[tuple[str, str], Traps] = {}
    table, now = TrapClock({}), 0.0
    for key, due, until, passes in steps:
        known[key] = Traps(due=due and at(now + due), until=until and at(now + until))
        table.note(key, known[key])
        now += passes
        looked = list(table.due(now))
        assert _run_out(known, now) <= set(looked)
        for each in looked:
            known[each] = Traps()
            table.note(each, known[each])


def _run_out(known: Mapping[tuple[str, str], Traps], now: float) -> set[tuple[str, str]]:
    return {key for key, traps in known.items() if any(m and m.mono <= now for m in (traps.due, traps.until))}
