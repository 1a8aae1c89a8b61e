"""When monitors run, and where their results go: the daemon's own rooms around a runner that is told."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.checks import Checks
from mon.engine import Book, Step
from mon.model.result import OpStatus, Verdict
from mon.pool.pools import Pools
from mon.testing.clock import FakeClock
from mon.testing.runner import FakeRunner
from mon.timetable import Timetable

CONFIG = """
hostgroup web 127.0.0.1 127.0.0.2

virtual shop 10.0.0.9:80
    balancer memory
    real 127.0.0.1
    real 127.0.0.2

watch web
    service http
        interval 10s
        monitor http.monitor -p 80
        period
            alert lvs.alert shop
    service slow
        interval 10s
        failure_interval 2s
        monitor tcp.monitor -p 81
    service never
        monitor tcp.monitor -p 82
"""
HTTP, SLOW, NEVER = ("web", "http"), ("web", "slow"), ("web", "never")


class Notes:
    """Stands in for keeper and recorder: keeps what it is given."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.changes: list[object] = []
        self.steps: list[Step] = []

    def wake(self, *names: str, by: str = "") -> None:
        self.woken += names

    def note(self, change: object) -> None:
        self.changes.append(change)

    def touch(self, key: object) -> None:
        """Saved later."""

    def submit(self, step: Step) -> None:
        self.steps.append(step)


class Desk:
    """Checks with a fake runner, on a clock moved by hand; the timetable is asked, not started."""

    def __init__(self, text: str, *mondirs: Path, classic: bool = False) -> None:
        parsed = parse(text, "mon.cf", read=lambda pattern, file: ())
        assert parsed.errors == ()
        self.plan = link(parsed.config, Catalog(mondirs, ()), lambda name: (name,))
        self.clock, self.notes = FakeClock(), Notes()
        self.book = Book(parsed.config, self.clock())
        self.pools = Pools(self.plan.pools, self.clock())
        self.runner = FakeRunner(self.clock)
        self.checks = Checks(
            self.book,
            self.pools,
            self.notes,
            self.runner,
            self.notes,
            self.clock,
            {"MON_STATEDIR": "/s"},
            lambda start: Timetable(self.clock, start, Random(1)),
            Random(1),
            classic=classic,
        )
        self.checks.adopt(self.plan)

    async def run(self, key: tuple[str, str]) -> None:
        self.checks._start(key)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def desk() -> Desk:
    return Desk(CONFIG)


async def test_voters_start_at_once_and_the_others_within_their_interval(desk: Desk) -> None:
    assert desk.checks.timetable.due_in(HTTP) < 0.1
    assert 0 <= desk.checks.timetable.due_in(SLOW) <= 10
    assert desk.checks.timetable.due_in(NEVER) is None


async def test_the_classic_daemon_runs_first_after_one_interval() -> None:
    assert Desk(CONFIG, classic=True).checks.timetable.due_in(HTTP) == 10


async def test_a_host_result_reaches_the_pool_and_the_round_the_book(desk: Desk) -> None:
    desk.runner.say(HTTP, "127.0.0.2", Verdict.DOWN, "refused")
    await desk.run(HTTP)
    assert "shop" not in desk.notes.woken  # nothing is read yet, so no wish can have changed
    assert desk.book.states[HTTP].opstatus is OpStatus.FAIL
    assert [change.host for change in desk.notes.changes] == ["127.0.0.1", "127.0.0.2"]
    assert len(desk.notes.steps) == 1


async def test_a_failing_service_is_checked_at_its_failure_interval(desk: Desk) -> None:
    desk.runner.answer(SLOW, 1, "down\n")
    desk.checks.timetable.again(SLOW, 0.0)
    await desk.run(SLOW)
    assert desk.checks.timetable.due_in(SLOW) <= 2


async def test_a_stopped_scheduler_runs_nothing_and_tries_again_in_a_second(desk: Desk) -> None:
    desk.book.stop(desk.clock())
    await desk.run(HTTP)
    assert desk.runner.rounds == []
    assert desk.checks.timetable.due_in(HTTP) == 1.0


async def test_a_service_without_enabled_hosts_waits_for_its_next_turn(desk: Desk) -> None:
    before = desk.checks.timetable.due_in(SLOW)
    for host in ("127.0.0.1", "127.0.0.2"):
        desk.book.disable_host(host)
    await desk.run(SLOW)
    assert desk.runner.rounds == []
    assert desk.checks.timetable.due_in(SLOW) == before


async def test_a_programs_environment_has_the_static_variables_too(tmp_path: Path) -> None:
    (tmp_path / "own.monitor").write_text("#!/bin/sh\n")
    (tmp_path / "own.monitor").chmod(0o755)
    desk = Desk(CONFIG.replace("http.monitor -p 80", "own.monitor"), tmp_path)
    await desk.run(HTTP)
    ((_, hosts, environment),) = desk.runner.rounds
    assert hosts == ("127.0.0.1", "127.0.0.2")
    assert (environment["MON_GROUP"], environment["MON_STATEDIR"]) == ("web", "/s")


async def test_a_service_without_interval_cannot_be_asked_to_run(desk: Desk) -> None:
    assert not desk.checks.check_now(NEVER)
    assert desk.checks.check_now(HTTP)


async def test_a_service_that_left_the_configuration_is_forgotten(desk: Desk) -> None:
    without = Desk(CONFIG.replace("service slow", "service other"))
    desk.book.reload(without.plan.config, desk.clock())
    desk.checks.adopt(without.plan)
    assert desk.checks.timetable.due_in(SLOW) is None
    assert desk.checks.timetable.due_in(("web", "other")) is not None


async def test_a_test_keeps_nothing_and_says_what_would_follow(desk: Desk) -> None:
    desk.runner.answer(HTTP, 1, "127.0.0.2\n")
    report = await desk.checks.test(HTTP)
    assert report.result is not None and report.result.status == 1
    assert report.votes == ("shop",) and report.decisions == ()  # a vote is no alert
    assert desk.book.states[HTTP].opstatus is OpStatus.UNTESTED
    assert desk.notes.steps == []


async def test_maxprocs_counts_the_programs_and_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "own.monitor"
    program.symlink_to("/bin/true")
    services = "".join(f"    service {name}\n        monitor own.monitor\n" for name in "ab")
    text = f"maxprocs = 1\n{CONFIG}{services}"
    desk = Desk(text, tmp_path)
    first, second = ("web", "a"), ("web", "b")
    for key in (HTTP, first, second, first):
        desk.checks._start(key)
    await asyncio.sleep(0.01)
    assert [key for key, *_ in desk.runner.rounds] == [HTTP, first]
    desk.checks._start(second)
    await asyncio.sleep(0.01)
    assert [key for key, *_ in desk.runner.rounds] == [HTTP, first, second]


@pytest.mark.parametrize("settings", ["", "maxprocs = 1\n"])
async def test_a_program_that_still_ran_at_its_turn_begins_again_after_a_rest_and_others_before_it(
    tmp_path: Path, settings: str
) -> None:
    (tmp_path / "own.monitor").symlink_to("/bin/true")
    services = "".join(
        f"    service {name}\n        interval 10s\n        monitor own.monitor\n" for name in "ab"
    )
    desk = Desk(f"{settings}{CONFIG}{services}", tmp_path)
    turns, first, second = desk.checks.timetable, ("web", "a"), ("web", "b")
    for key in (first, first):
        desk.checks._start(key)
    if settings:
        desk.checks._start(second)
    assert turns.due_in(first) == 1.0
    await asyncio.sleep(0.01)
    assert turns.due_in(first) == 0.5
    if settings:
        assert turns.due_in(second) == 0.0


async def test_a_rest_is_half_of_a_short_interval(tmp_path: Path) -> None:
    (tmp_path / "own.monitor").symlink_to("/bin/true")
    quick = "    service quick\n        interval 100ms\n        monitor own.monitor\n"
    desk = Desk(f"{CONFIG}{quick}", tmp_path)
    for _ in range(2):
        desk.checks._start(("web", "quick"))
    await asyncio.sleep(0.01)
    assert desk.checks.timetable.due_in(("web", "quick")) == pytest.approx(0.05)


async def test_what_is_held_back_waits_no_longer_than_its_interval(tmp_path: Path) -> None:
    desk = Desk(CONFIG.replace("interval 10s\n        monitor http", "interval 100ms\n        monitor http"))
    desk.book.stop(desk.clock())
    await desk.run(HTTP)
    assert desk.checks.timetable.due_in(HTTP) == pytest.approx(0.1)


async def test_reloading_frees_what_a_program_took_of_maxprocs(tmp_path: Path) -> None:
    (tmp_path / "own.monitor").symlink_to("/bin/true")
    services = "".join(f"    service {name}\n        monitor own.monitor\n" for name in "ab")
    desk = Desk(f"maxprocs = 1\n{CONFIG}{services}", tmp_path)
    desk.checks._start(("web", "a"))
    desk.checks.start_over(desk.plan)
    desk.checks._start(("web", "b"))
    await asyncio.sleep(0.01)
    assert ("web", "b") in [key for key, *_ in desk.runner.rounds]
