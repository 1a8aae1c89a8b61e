"""The classic mon's files: what is written can be read back, here and there."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.config import parse
from mon.daemon.classicfiles import disabled, opstatus, states
from mon.daemon.classicfiles.journals import Journals
from mon.engine import Book, Downtime, Step
from mon.model.config import AlertKind, Settings
from mon.model.moment import Moment
from mon.model.result import OpStatus, RunResult

CONFIG = """
hostgroup web h1 h2
hostgroup mail h2

watch web
    service http
        interval 1h
        monitor http.monitor
        period day: wd {Mon-Fri}
            alert mail.alert
            alertafter 3 3h
        period wd {Sun-Sat}
            alert mail.alert
            upalert mail.alert
    service trap
        traptimeout 10m
watch mail
    service smtp
        interval 1h
        monitor smtp.monitor
"""
HTTP, TRAP = ("web", "http"), ("web", "trap")
NOW = Moment(1_800_000_000.0, 5000.0)


def new_book(now: Moment = NOW) -> Book:
    parsed = parse(CONFIG, "mon.cf", read=lambda pattern, file: [])
    assert not parsed.errors
    return Book(parsed.config, now)


def failed(book: Book, output: str) -> None:
    book.result(RunResult(*HTTP, 1, output, NOW, NOW.later(1)), NOW.later(1), {})


def carried(book: Book, now: Moment) -> Book:
    """What another process knows that reads the file."""
    other = new_book(now)
    assert set(opstatus.read(opstatus.written(book, now), other, now)) == set(book.services)
    return other


def test_a_line_has_tabs_and_the_classic_fields_in_their_order() -> None:
    book = new_book()
    failed(book, "h1 down\nsome detail\n")
    line = next(opstatus.written(book, NOW.later(1)))
    fields = dict(word.split("=", 1) for word in line.split("\t"))
    assert list(fields)[:5] == ["group", "service", "op_status", "failure_count", "alert_count"]
    assert (fields["op_status"], fields["last_summary"]) == ("0", "h1\\20down")
    assert (fields["day:1stfailtime"], fields["day:failcount"]) == (str(int(NOW.wall) + 1), "1")
    assert (fields["wd {Sun-Sat}:1stfailtime"], fields["wd {Sun-Sat}:alert_sent"]) == ("", "1")
    assert fields["exitval"] == "1" and fields["trap_timer"] == ""


def test_a_failure_survives_the_way_through_the_file() -> None:
    book = new_book()
    failed(book, "h1 down\nsome detail\n")
    other = carried(book, NOW.later(60))
    state = other.states[HTTP]
    assert (state.opstatus, state.last_summary, state.last_detail) == (
        OpStatus.FAIL,
        "h1 down",
        "some detail\n",
    )
    assert state.failing_for(NOW.later(60)) == 59
    assert state.in_period("wd {Sun-Sat}").sent == 1


def test_a_value_with_an_equals_sign_is_kept() -> None:
    book = new_book()
    failed(book, "h1: status=500, wanted=200\na=b=c\n")
    assert carried(book, NOW).states[HTTP].last_summary == "h1: status=500, wanted=200"


def test_the_time_that_is_left_for_a_trap_goes_along() -> None:
    book = new_book()
    later = Moment(NOW.wall + 100, 7.0)  # another process, another monotonic clock
    lines = list(opstatus.written(book, NOW.later(100)))
    other = new_book(later)
    list(opstatus.read(lines, other, later))
    assert other.get_variable(TRAP, "_trap_timer", later) == "500"
    assert other.get_variable(TRAP, "_trap_timer", later.later(100)) == "400"


def test_strange_lines_and_values_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    lines = [
        "",
        "nonsense",
        "group=web",
        "group=no\tservice=such\top_status=0",
        "group=web\tservice=http\top_status=77\tnosuch=1\tnosuch:alert_sent=3\tlast_summary=fine\tack=x",
    ]
    book = new_book()
    assert list(opstatus.read(lines, book, NOW)) == [HTTP]
    assert book.states[HTTP].last_summary == "fine"
    assert book.states[HTTP].opstatus is OpStatus.UNTESTED
    assert "'77' is no value of _op_status" in caplog.text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_summary_without_backslashes_comes_back(summary: str) -> None:
    text = summary.replace("\\", "/").replace("\n", " ")
    book = new_book()
    book.set_variable(HTTP, "_last_summary", text, NOW)
    assert carried(book, NOW).states[HTTP].last_summary == text


def test_what_is_disabled_survives_and_nothing_is_enabled_by_reading() -> None:
    book, other = new_book(), new_book()
    book.disable_host("h1")
    book.disable_watch("mail")
    book.disabled_services.add(HTTP)
    other.disable_host("h2")
    disabled.read(
        [*disabled.written(book), "enable host h2", "disable host nobody", "disable watch no"], other
    )
    assert other.disabled_members == {("web", "h1"), ("web", "h2"), ("mail", "h2")}
    assert (other.disabled_watches, other.disabled_services) == ({"mail"}, {HTTP})


async def test_savestate_writes_what_it_is_asked_for(tmp_path: Path) -> None:
    for kind, there in (("nosuch", []), ("disabled", ["disabled"]), ("all", ["disabled", "opstatus"])):
        await states.save(tmp_path, (kind,), new_book(), NOW)
        assert sorted(os.listdir(tmp_path)) == there


async def test_files_that_are_missing_or_cannot_be_written_end_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await states.load(tmp_path, ("all",), new_book(), NOW) == []
    await states.save(tmp_path / "gone", ("all",), new_book(), NOW)
    assert "cannot write the state file" in caplog.text


@pytest.fixture
def journals() -> Journals:
    return Journals(lambda command: f"/alert.d/{command.plugin}", NOW)


def step(book: Book, output: str) -> Step:
    return book.result(RunResult(*HTTP, 1, output, NOW, NOW), NOW, {})


async def test_the_downtime_log_has_a_head_for_each_start_and_a_line_for_each_outage(
    journals: Journals, tmp_path: Path
) -> None:
    settings = Settings(dtlogging=True)
    journals.adopt(settings, tmp_path)
    await journals.begin(settings, NOW)
    await journals.take(
        Step(downtimes=(Downtime(HTTP, NOW.wall + 90.9, NOW.wall + 0.2, 90.7, 0.5, "h1 down"),))
    )
    await journals.take(Step(downtimes=(Downtime(HTTP, NOW.wall + 5, 0.0, 0.0, 0.0, "set"),)))
    assert (tmp_path / "downtime.log").read_text().splitlines() == [
        "#",
        "# downtime log start 1800000000",
        "# time back up, group, service, first failure, downtime, interval, summary",
        "#",
        "1800000090 web http 1800000000 90 0.5 h1 down",
        "1800000005 web http 1800000000 5 0 set",
    ]


async def test_the_alert_history_is_appended_to_and_read_back(journals: Journals, tmp_path: Path) -> None:
    settings = Settings(historicfile="alerts")
    journals.adopt(settings, tmp_path)
    assert await journals.begin(settings, NOW) == []
    await journals.take(step(new_book(), "h1 (port 80)\n"))
    written = "alert web http 1800000000 /alert.d/mail.alert () h1 (port 80)\n"
    assert (tmp_path / "alerts").read_text() == written
    (tmp_path / "alerts").write_text(f"# comment\n\nnonsense\nalert too short\n{written}")
    (entry,) = await journals.begin(settings, NOW) or []
    assert (entry.kind, entry.watch, entry.at, entry.summary) == ("alert", "web", NOW.wall, "h1 (port 80)")
    assert (entry.command.plugin, entry.command.text.strip()) == (
        "/alert.d/mail.alert",
        "/alert.d/mail.alert",
    )


@pytest.mark.parametrize(
    ("historictime", "histlength", "kept"),
    [(0.0, 100, "01234"), (120.0, 100, "34"), (0.0, 2, "34"), (0.0, 0, "")],
)
async def test_only_the_latest_entries_are_read_back(
    journals: Journals, tmp_path: Path, historictime: float, histlength: int, kept: str
) -> None:
    lines = (f"alert web http {int(NOW.wall) - 60 * (5 - n)} /a/b (x y) {n}\n" for n in range(5))
    (tmp_path / "alerts").write_text("".join(lines))
    settings = Settings(historicfile="alerts", historictime=historictime, histlength=histlength)
    journals.adopt(settings, tmp_path)
    assert [entry.summary for entry in await journals.begin(settings, NOW) or []] == list(kept)


async def test_a_journal_in_trouble_says_so_once(
    journals: Journals, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journals.adopt(Settings(dtlogging=True), tmp_path / "gone")
    for _ in range(3):
        await journals.downtimes.append("x")
    assert caplog.text.count("cannot write") == 1


def test_tests_of_alerts_are_not_in_the_history() -> None:
    book = new_book()
    assert book.test_alert(HTTP, AlertKind.ALERT, 1, "wd {Sun-Sat}", NOW, {}).called == ()
    assert len(step(book, "h1\n").called) == 1
