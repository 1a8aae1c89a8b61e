"""Checks start when they are due, in phase, whatever the loop or the wall clock do."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, tzinfo
from random import Random

import apscheduler.schedulers.base
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.model.config import Key
from mon.model.moment import Moment
from mon.timetable import LONG, LOT, SPELL, TICK, Timetable

HTTP: Key = ("web", "http")
PING: Key = ("web", "ping")


class Clock:
    """Both clocks stand still until moved; ``real`` makes them run."""

    def __init__(self, *, real: bool = False) -> None:
        self.real = real
        self.wall = 1_000_000.0
        self.mono = 100.0

    def __call__(self) -> Moment:
        moment = Moment(self.wall, self.mono)
        return moment.later(time.monotonic()) if self.real else moment

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


class Bench:
    """A timetable whose ticks are made by hand."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = Clock()
        self.started: list[tuple[float, Key]] = []
        self.table = Timetable(self.clock, self.note, Random(seed))

    def note(self, key: Key) -> None:
        self.started.append((round(self.clock.mono - 100, 6), key))

    def run(self, seconds: float, *, step: float = TICK) -> list[float]:
        """Let time pass, in ticks; the times of the starts."""
        self.started.clear()
        for _ in range(round(seconds / step)):
            self.clock.pass_(step)
            self.table._tick()
        return [when for when, _ in self.started]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_service_starts_first_when_told_and_then_every_interval(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=3)
    assert bench.run(30, step=1) == [3, 13, 23]


def test_an_interval_below_a_second_is_kept(bench: Bench) -> None:
    bench.table.put(HTTP, 0.2, first=0)
    assert len(bench.run(10)) == 50


def test_an_interval_of_zero_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        bench.table.put(HTTP, 0, first=0)


def test_a_late_start_does_not_delay_the_next_one(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=0)
    bench.run(4, step=4)
    assert bench.run(20, step=1) == [10, 20]


def test_missed_turns_are_skipped_and_not_made_up_for(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=0)
    bench.run(57, step=57)
    assert bench.run(10, step=1) == [60]


def test_after_a_stall_starts_are_spread() -> None:
    bench = Bench()

    def slow(key: Key) -> None:
        bench.note(key)
        bench.clock.pass_(SPELL / 100)

    bench.table = Timetable(bench.clock, slow, Random(1))
    for number in range(1000):
        bench.table.put(("a", str(number)), 60, first=0.0)
    assert 100 <= len(bench.run(TICK)) <= 100 + LOT
    assert len(bench.run(8 * TICK)) < 1000
    bench.run(2 * TICK)
    assert bench.table.due_in(("a", "999")) > 50


def test_a_reload_keeps_the_turn_of_a_known_service(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=3)
    bench.run(5, step=1)
    bench.table.put(HTTP, 10, first=0)
    assert bench.table.due_in(HTTP) == pytest.approx(8)


def test_a_shorter_interval_counts_from_the_last_start(bench: Bench) -> None:
    bench.table.put(HTTP, 60, first=0)
    bench.run(2, step=1)
    bench.table.put(HTTP, 5, first=0)
    assert bench.run(10, step=1) == [6, 11]


def test_a_shorter_interval_whose_turn_has_passed_waits_for_first(bench: Bench) -> None:
    bench.table.put(HTTP, 60, first=0)
    bench.run(30, step=1)
    bench.table.put(HTTP, 5, first=3)
    assert bench.table.due_in(HTTP) == pytest.approx(3)


def test_again_moves_the_next_turn_and_those_after_it(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=8)
    bench.table.again(HTTP, 2)
    assert bench.run(25, step=1) == [2, 12, 22]


def test_again_for_an_unknown_service_does_nothing(bench: Bench) -> None:
    bench.table.again(HTTP, 2)
    assert bench.run(10, step=1) == []


def test_a_removed_service_does_not_start(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=1)
    bench.table.put(PING, 10, first=1)
    bench.table.remove(HTTP)
    bench.run(5, step=1)
    assert [key for _, key in bench.started] == [PING]


def test_a_service_removed_and_put_again_starts_once_per_turn(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=1)
    bench.table.remove(HTTP)
    bench.table.put(HTTP, 10, first=2)
    assert bench.run(5, step=1) == [2]


def test_due_in_counts_down_stops_at_zero_and_knows_no_strangers(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=3)
    bench.clock.pass_(1)
    assert bench.table.due_in(HTTP) == pytest.approx(2)
    bench.clock.pass_(5)
    assert bench.table.due_in(HTTP) == 0
    assert bench.table.due_in(PING) is None


def test_skew_moves_each_turn_but_not_the_phase(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=10, skew=2)
    starts = bench.run(1010, step=0.1)
    offsets = [start - 10 * (turn + 1) for turn, start in enumerate(starts)]
    assert all(abs(offset) <= 2.11 for offset in offsets)
    assert max(offsets) - min(offsets) > 2


def test_many_changes_of_one_service_do_not_fill_the_memory(bench: Bench) -> None:
    bench.table.put(HTTP, 10, first=1)
    for _ in range(10_000):
        bench.table.again(HTTP, 5)
    assert len(bench.table._heap) < 200


def test_the_starts_of_others_survive_one_that_raises(bench: Bench) -> None:
    def start(key: Key) -> None:
        bench.note(key)
        if key == HTTP:
            raise RuntimeError("no")

    table = Timetable(bench.clock, start, Random(1))
    table.put(HTTP, 10, first=0)
    table.put(PING, 10, first=0)
    with pytest.raises(RuntimeError):
        table._tick()
    table._tick()
    assert [key for _, key in bench.started] == [HTTP, PING]
    assert table.due_in(HTTP) == pytest.approx(10)


def test_fifty_thousand_services_run_at_their_rate() -> None:
    bench = Bench()
    for number in range(50_000):
        bench.table.put(("g", str(number)), 50, first=50 * number / 50_000)
    bench.run(100)
    assert Counter(key for _, key in bench.started).most_common()[-1][1] == 2


@given(
    interval=st.floats(0.05, 100),
    first=st.floats(0, 100),
    pauses=st.lists(st.floats(0.01, 500), min_size=1, max_size=30),
)
def test_law_one_start_per_look_and_always_in_phase(
    interval: float, first: float, pauses: list[float]
) -> None:
    bench = Bench()
    bench.table.put(HTTP, interval, first=first)
    for pause in pauses:
        assert len(bench.run(pause, step=pause)) <= 1
        due = bench.table.due_in(HTTP)
        assert due is not None
        assert 0 <= due <= max(interval, first) + 1e-6
        turns = (bench.clock.mono - 100 + due - first) / interval
        assert turns == pytest.approx(round(turns), abs=1e-3)


# Below, the real scheduler on a real loop.


class Stepped(datetime):
    """What APScheduler takes for the wall clock: the machine's, moved by ``by`` seconds."""

    by = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=cls.by)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Stepped]]:
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Stepped)
    yield Stepped
    Stepped.by = 0.0


class Live:
    """A timetable that runs, and counts."""

    def __init__(self) -> None:
        self.counts: Counter[Key | str] = Counter()
        self.clock = Clock(real=True)
        self.table = Timetable(self.clock, self.start, Random(1))

    def start(self, key: Key) -> None:
        self.counts[key] += 1

    def resync(self) -> None:
        self.counts["resync"] += 1

    def step(self, seconds: float) -> None:
        """Set the wall clock, as an administrator would."""
        self.clock.wall += seconds
        Stepped.by += seconds

    async def counted(self, seconds: float) -> Counter[Key | str]:
        self.counts.clear()
        await asyncio.sleep(seconds)
        return self.counts


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    live = Live()
    live.table.start()
    yield live
    live.table.stop()
    await asyncio.sleep(0)


async def test_the_real_scheduler_starts_services_at_their_rate(live: Live) -> None:
    live.table.put(HTTP, 0.1, first=0)
    assert 12 <= (await live.counted(1.5))[HTTP] <= 16


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_step_of_an_hour_neither_stops_nor_bunches(
    live: Live, wall: type[Stepped], hours: int, caplog: pytest.LogCaptureFixture
) -> None:
    live.table.put(HTTP, 0.1, first=0)
    live.table.put(PING, 3600, first=3600)
    live.table.every("resync", 0.2, live.resync)
    await live.counted(0.3)
    live.step(3600 * hours)
    await live.counted(0.8)  # until the watchdog has seen it
    counts = await live.counted(2.0)
    assert 15 <= counts[HTTP] <= 21
    assert 7 <= counts["resync"] <= 12
    assert counts[PING] == 0
    assert f"the clock was set by {3600 * hours:+.1f} s" in caplog.text


async def test_a_step_forward_costs_no_run_more_than_the_turns_due(live: Live, wall: type[Stepped]) -> None:
    for number in range(500):
        live.table.every(f"job {number}", 10, live.resync)
    await asyncio.sleep(0.1)
    live.step(3600)
    assert (await live.counted(1.0))["resync"] <= 500


async def test_a_stalled_loop_goes_on_without_a_bunch(live: Live) -> None:
    live.table.put(HTTP, 0.1, first=0)
    live.table.every("resync", 0.1, live.resync)
    await live.counted(0.2)
    live.counts.clear()
    time.sleep(1.5)  # noqa: ASYNC251 - the stall is the point
    await asyncio.sleep(0.05)
    assert live.counts[HTTP] <= 2
    assert live.counts["resync"] <= 2


async def test_between_spells_of_starts_all_else_in_the_loop_has_its_turn(live: Live) -> None:
    turns, done = 0, 0

    def slow(_: Key) -> None:
        nonlocal done
        done += 1
        time.sleep(SPELL / LOT)

    live.table._start = slow
    for number in range(100 * LOT):
        live.table.put(("a", str(number)), 60, first=0.0)
    while done < 100 * LOT:
        await asyncio.sleep(0)
        turns += bool(done)
    assert turns >= 40


async def test_after_a_long_turn_a_single_lot_is_started(live: Live) -> None:
    turn, started = 0, Counter[int]()

    def start(_: Key) -> None:
        started[turn] += 1
        time.sleep(SPELL / LOT / 4)
        asyncio.get_running_loop().call_soon(time.sleep, 1.5 * LONG / LOT)

    live.table._start = start
    for number in range(20 * LOT):
        live.table.put(("a", str(number)), 60, first=0.0)
    while started.total() < 20 * LOT:
        await asyncio.sleep(0)
        turn += 1
    assert max(list(started.values())[1:]) == LOT


async def test_a_stop_in_the_middle_of_many_starts_starts_no_more(live: Live) -> None:
    started = Counter[Key]()

    def slow(key: Key) -> None:
        started[key] += 1
        time.sleep(SPELL / LOT)

    live.table._start = slow
    for number in range(100 * LOT):
        live.table.put(("a", str(number)), 60, first=0.0)
    while not started:  # noqa: ASYNC110 - turns of the loop are what is waited for
        await asyncio.sleep(0)
    live.table.stop()
    before = len(started)
    await asyncio.sleep(0.2)
    assert len(started) == before < 100 * LOT


async def test_a_coroutine_of_the_calendar_runs_in_the_loop_and_not_twice_at_once(live: Live) -> None:
    async def slow() -> None:
        live.counts["in"] += 1
        await asyncio.sleep(5)

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    live.table.every("slow", 0.1, slow)
    assert (await live.counted(0.8))["in"] == 1


async def test_what_a_calendar_job_raises_is_logged_and_it_runs_again(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    def bad() -> None:
        live.counts["bad"] += 1
        raise RuntimeError("disk full")

    live.table.every("bad", 0.1, bad)
    assert (await live.counted(0.8))["bad"] >= 2
    assert "disk full" in caplog.text


async def test_apscheduler_is_asked_only_when_something_is_due(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ask = Counter[str](), live.table._calendar._scheduler._process_jobs

    def counted() -> float | None:
        asked["times"] += 1
        wait: float | None = ask()
        return wait

    monkeypatch.setattr(live.table._calendar._scheduler, "_process_jobs", counted)
    live.table.put(PING, 3600, first=3600)
    live.table.every("resync", 0.3, live.resync)
    counts = await live.counted(1.0)  # 50 ticks
    assert 2 <= counts["resync"] <= 3
    assert asked["times"] <= 8
    live.table.again(PING, 0.0)
    assert (await live.counted(0.2))[PING] == 1


async def test_nothing_starts_after_stop(live: Live) -> None:
    live.table.put(HTTP, 0.05, first=0)
    await live.counted(0.2)
    live.table.stop()
    assert not await live.counted(0.3)


async def test_stop_may_be_called_twice(live: Live) -> None:
    live.table.stop()
    live.table.stop()
