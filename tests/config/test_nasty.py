"""Values that nobody means, for every directive: each is told of or taken, and nothing is a traceback."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mon.config import parse
from mon.config.directives import ALERTGROUP, DEPENDENCIES, GLOBALS, PERIOD, SERVICE, VIRTUAL
from mon.config.virtuals import REAL_OPTIONS
from mon.daemon.loading import examine
from mon.daemon.options import Options

DIGITS = "9" * 5000
"""More than int() takes (4,300)."""

NAME = "n" * 300
"""Longer than a file's name may be (255)."""

NASTY = (
    "", "²", "²s", "٣", "inf", "nan", "-1", "1e999", "=", "= 5", "'", '"', "\\'", "\u202e", NAME, f"/{NAME}",
    DIGITS, f"{DIGITS}s", "9" * 400 + "h", f"{DIGITS} 1h", f"1 {DIGITS}h", f"{DIGITS}%", f"{DIGITS}/1m",
    f"{DIGITS}..{DIGITS}0", f"1m..{DIGITS}h", f"2 hysteresis {DIGITS}", f"300 netmask {DIGITS}",
    f"wd {{{DIGITS}}}", f"hr {{{DIGITS}am}}", "(" * 5000, "!" * 5000 + "a:b", "a:b && " * 3000 + "a:b",
    f"exit={DIGITS} x.alert", f"exit=1-{DIGITS} x.alert", f"runas={NAME} x.alert", f"{NAME}=192.0.2.1",
    f"tcp.monitor -p {DIGITS}", f"mon:{NAME}", f"/{NAME}/x.alert", f"a:{DIGITS}", f"a weight {DIGITS}",
)  # fmt: skip

PLACES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "{} = {}": (tuple(GLOBALS), ""),
    "    {} {}": (tuple(VIRTUAL), "virtual shop 192.0.2.10:80\n"),
    "    real a {} {}": (tuple(REAL_OPTIONS), "virtual shop 192.0.2.10:80\n"),
    "  {} {}": (tuple(ALERTGROUP), "alertgroup ops\n"),
    "        {} {}": ((*SERVICE, *DEPENDENCIES), "hostgroup web a\n\nwatch web\n    service http\n"),
    "            {} {}": (
        tuple(PERIOD),
        "hostgroup web a\n\nwatch web\n    service http\n        period\n",
    ),
    "{} {}\n": (
        (
            "hostgroup",
            "watch",
            "view",
            "alias",
            "virtual",
            "virtual x",
            "virtual x fwmark",
            "include",
            "deadman",
        ),
        "",
    ),
}


@pytest.mark.parametrize("form", PLACES, ids=lambda form: PLACES[form][0][0])
def test_every_directive_survives_every_nasty_value(form: str) -> None:
    words, before = PLACES[form]
    text = before + "\n".join(form.format(word, value) for word in words for value in NASTY)
    problems = parse(text, "x.cf", read=lambda pattern, file: ()).problems
    assert len(problems) >= len(words)
    for problem in problems:
        assert problem.what and problem.remedy
        assert len(str(problem)) < 1500


def test_names_that_no_file_can_have_are_told_of(tmp_path: Path) -> None:
    lines = (
        "service s",
        f"interval {DIGITS}s",
        f"monitor {NAME}.monitor",
        f"period\nalert /{NAME}/{NAME}.alert",
    )
    file = tmp_path / "mon.cf"
    file.write_text(f"mondir = /{NAME}\nauthfile = {NAME}\n\nhostgroup {NAME} {NAME}\n\nwatch {NAME}\n")
    with file.open("a") as more:
        more.write("\n".join(lines))
    said = [problem.what for problem in examine(Options(config=file)).problems]
    assert f"there is no monitor {NAME}.monitor" in said
    assert f"/{NAME}/{NAME}.alert is not there" in said


@pytest.mark.parametrize("word", ["inf", "nan", "9" * 400, DIGITS])
def test_an_option_takes_no_number_without_end(word: str, tmp_path: Path) -> None:
    file = tmp_path / "mon.cf"
    file.write_text(f"hostgroup g h\n\nwatch g\n service s\n interval 1m\n monitor tcp.monitor -t {word}\n")
    assert "it takes a number" in str(examine(Options(config=file)).problems[0])
