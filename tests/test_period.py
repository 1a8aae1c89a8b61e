"""Time::Period expressions, against Perl's Time::Period: live where it is installed, recorded elsewhere."""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.period import check, covers, doubts

RECORDED = Path(__file__).parent / "time_period_cases.json"
NUMBERS = {
    "yr": (2020, 2030),
    "mo": (1, 12),
    "wk": (1, 6),
    "yd": (1, 366),
    "md": (1, 31),
    "wd": (1, 7),
    "hr": (0, 23),
    "min": (0, 59),
    "sec": (0, 59),
}
WORDS = {
    "wd": ["sun", "Mon", "tu", "Wednesday", "thu", "FRI", "saturday"],
    "mo": ["jan", "Feb", "march", "apr", "may", "JUN", "jul", "aug", "sept", "oct", "november", "dec"],
    "hr": ["12am", "1am", "9am", "11AM", "12pm", "12noon", "1pm", "5pm", "11pm", "0am", "20am"],
    "yr": ["24", "25", "05", "99", "1999"],
}
LONG = {
    "yr": "year",
    "mo": "month",
    "wk": "week",
    "yd": "yday",
    "md": "mday",
    "wd": "wday",
    "hr": "hour",
    "min": "minute",
    "sec": "second",
}
PERL = r"""
use Time::Period;
while (<STDIN>) { chomp; my ($at, $spec) = split /\t/, $_, 2; print inPeriod($at, $spec), "\n" }
"""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def random_spec(chance: random.Random) -> str:
    subs = (random_sub(chance) for _ in range(chance.choice((1, 1, 2, 3))))
    return chance.choice((", ", ",", " , ")).join(subs)


def random_sub(chance: random.Random) -> str:
    scales = chance.choices(list(NUMBERS), k=chance.choice((1, 1, 2, 3)))
    return chance.choice((" ", "")).join(random_scale(chance, scale) for scale in scales)


def random_scale(chance: random.Random, scale: str) -> str:
    ranges = (random_range(chance, scale) for _ in range(chance.choice((0, 1, 1, 1, 2, 3))))
    name = chance.choice((scale, scale.upper(), LONG[scale]))
    return f"{name}{chance.choice((' ', ''))}{{{' '.join(ranges)}}}"


def random_range(chance: random.Random, scale: str) -> str:
    low, high = random_value(chance, scale), random_value(chance, scale)
    return low if chance.random() < 0.4 else f"{low}{chance.choice(('-', ' - ', '- '))}{high}"


def random_value(chance: random.Random, scale: str) -> str:
    if scale in WORDS and chance.random() < 0.5:
        return chance.choice(WORDS[scale])
    return str(chance.randint(*NUMBERS[scale]))


def random_case(chance: random.Random) -> tuple[int, str]:
    """A moment in a year around ours or around 2000, and a valid expression or (seldom) a broken one."""
    wall = chance.choice((940_000_000, 1_760_000_000)) + chance.randrange(3 * 365 * 86400)
    spec = random_spec(chance)
    if chance.random() < 0.1:
        return wall, chance.choice(("wd {Foo}", "hr {24}", "{Mon}", "wd Mon", "md {0-3}", "x {1}")) + spec
    return wall, spec


def ours(wall: int, spec: str) -> int:
    return -1 if check(spec) else int(covers(spec, wall))


def perl(cases: list[tuple[int, str]]) -> list[int]:
    if shutil.which("perl") is None:
        pytest.skip("perl is not installed")
    lines = "".join(f"{wall}\t{spec}\n" for wall, spec in cases)
    done = subprocess.run(
        ["perl", "-e", PERL],
        input=lines,
        capture_output=True,
        text=True,
        env={"TZ": "UTC", "PATH": os.environ["PATH"]},
    )
    if done.returncode:
        pytest.skip("Perl's Time::Period is not installed (apt-get install libtime-period-perl)")
    return [int(line) for line in done.stdout.split()]


def test_five_thousand_random_cases_agree_with_perl() -> None:
    chance = random.Random(20)
    cases = [random_case(chance) for _ in range(5000)]
    theirs = perl(cases)
    differing = [(case, says) for case, says in zip(cases, theirs, strict=True) if ours(*case) != says]
    assert differing == []
    assert min(theirs.count(says) for says in (-1, 0, 1)) > 100


@pytest.mark.parametrize(("wall", "spec", "says"), json.loads(RECORDED.read_text()))
def test_recorded_cases_agree_with_perl(wall: int, spec: str, says: int) -> None:
    assert ours(wall, spec) == says


@pytest.mark.parametrize("spec", ["", "  ", "wd {Sun-Sat}", "hr {0-23}"])
def test_these_are_always(spec: str) -> None:
    assert all(covers(spec, hour * 3600.0) for hour in range(200))


@pytest.mark.parametrize("spec", ["none", " NONE ", "wd {}"])
def test_these_are_never(spec: str) -> None:
    assert not any(covers(spec, hour * 3600.0) for hour in range(200))


def test_office_hours() -> None:
    spec = "wd {Mon-Fri} hr {9am-4pm}"
    assert covers(spec, at("2025-11-21 16:59:59"))
    assert not covers(spec, at("2025-11-21 17:00:00"))
    assert not covers(spec, at("2025-11-22 12:00:00"))


def test_a_range_that_ends_before_it_begins_wraps_around() -> None:
    assert covers("hr {10pm-5am}", at("2025-11-21 03:00:00"))
    assert not covers("hr {10pm-5am}", at("2025-11-21 12:00:00"))


def test_the_same_scale_twice_is_either() -> None:
    assert covers("wd {Mon} wd {Fri}", at("2025-11-21 03:00:00"))


def test_the_clock_is_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "EST5EDT")
    time.tzset()
    assert covers("hr {7am}", at("2025-11-21 12:00:00"))


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ("always", "it has not the form 'scale {range ...}'"),
        ("day {Mon}", "'day' is none of the scales yr, mo, wk, yd, md, wd, hr, min, sec"),
        ("hr {noon}", "'noon' is not in the range of hr, 0-23, 12am-11pm or 12noon"),
        ("wd {Mon},,wd {Fri}", "nothing between two commas"),
        ("wd {Mon}, hr {99}", "'99' is not in the range of hr, 0-23, 12am-11pm or 12noon"),
    ],
)
def test_what_is_wrong_is_said(spec: str, wrong: str) -> None:
    assert check(spec) == wrong


def test_an_expression_that_is_refused_covers_nothing_silently() -> None:
    with pytest.raises(ValueError, match="has not the form"):
        covers("always", 0.0)


@given(st.text(alphabet="wdhr{}monsat0129 -,apn"))
def test_any_text_is_checked_without_an_exception(spec: str) -> None:
    if not check(spec):
        assert covers(spec, 1_763_800_000.0) in (True, False)


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ("wd {Mon-Fry}", "'fry' is taken for friday"),
        ("wd {Monady}", "'monady' is taken for monday"),
        ("mo {jannuary}", "'jannuary' is taken for january"),
        ("wday {Tuseday} hr {9-17}", "'tuseday' is taken for tuesday"),
        ("hr {9-20am}", "'20am' is taken for 20 o'clock"),
        ("wd {} hr {9-17}", "'wd {}' is never"),
    ],
)
def test_a_misspelt_period_that_can_be_read_is_doubtful(spec: str, what: str) -> None:
    assert check(spec) == ""
    assert [said for said, _ in doubts(spec)] == [what]


@pytest.mark.parametrize("scale", ["wd", "mo"])
def test_no_usual_way_to_write_a_name_is_doubtful(scale: str) -> None:
    usual = {"wd": "su sun Sunday sundays tue tues thu thur thurs FRI", "mo": "jan sept September dec"}
    assert doubts(f"{scale} {{{usual[scale]}}}") == ()
