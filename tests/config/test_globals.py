"""Values of globals that nobody means: told with the line and what to write."""

import pytest

from mon.config import parse
from mon.config.directives import DEPENDENCIES, GLOBALS, PERIOD, SERVICE
from mon.config.values import SHORTEST, address, colons, every, path
from mon.timetable import TICK

PATHS = [word for word, row in GLOBALS.items() if row.convert in (path, colons)]
BINDS = [word for word, row in GLOBALS.items() if row.convert is address]
WATCH = """
hostgroup g h

watch g
    service s
        {}
        interval 1m
        monitor tcp.monitor
"""


def said(line: str, inside: str = "description x") -> list[str]:
    """What is wrong with a global, or with a line of a service."""
    parsed = parse(f"{line}\n{WATCH.format(inside)}", "x.cf", read=lambda *_: ())
    return [problem.told(problem.severity + " ") for problem in (*parsed.errors, *parsed.warnings)]


def test_every_directory_and_file_is_known_to_be_one() -> None:
    named = [word for word in GLOBALS if word.endswith(("dir", "file"))]
    assert set(named) - set(PATHS) == {"authfile", "userfile"}  # empty, they are files that cannot be read


@pytest.mark.parametrize("word", PATHS)
def test_an_empty_path_is_told_and_the_default_stays(word: str) -> None:
    assert said(f"{word} =") == [f"x.cf:1: warning '{word}' has no value: write a path, or delete the line"]
    assert said(f"{word} = /x") == []


def test_colons_alone_are_an_empty_path() -> None:
    assert said("mondir = : :") == [
        "x.cf:1: warning mondir: no path is named: write a path, or delete the line"
    ]


WRONG = {
    "127.0.0.1:2583": "the port has a line of its own",
    "[::1]": "without brackets",
    "*": "0.0.0.0",
    "300.1.1.1": "write one address or name",
    "10.0.0.0/8": "write one address or name",
    "10.0.0.1 10.0.0.2": "write one address or name",
    "no_such!name": "write one address or name",
    "": "0.0.0.0",
}


@pytest.mark.parametrize("word", BINDS)
@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_address_to_listen_at_is_an_error(word: str, value: str) -> None:
    (line,) = said(f"{word} = {value}")
    assert line.startswith(f"x.cf:1: error {word}: '{value}' is neither" if value else "x.cf:1: error ")
    assert WRONG[value] in line


@pytest.mark.parametrize("word", BINDS)
@pytest.mark.parametrize("value", ["127.0.0.1", "::1", "fe80::1%eth0", "localhost", "mon-1.example.org."])
def test_addresses_and_names_to_listen_at_are_taken(word: str, value: str) -> None:
    assert said(f"{word} = {value}") == []


def test_the_shortest_time_is_that_of_the_timetable() -> None:
    assert SHORTEST == TICK


TIMES = [word for word, row in SERVICE.items() if row.convert is every]
PERIODIC = {"interval", "failure_interval", "timeout", "traptimeout", "trapduration", "reminder"}


def test_what_is_done_every_so_often_has_a_shortest_time() -> None:
    tables = (*SERVICE.items(), *DEPENDENCIES.items(), *PERIOD.items())
    assert {word for word, row in tables if row.convert is every} == PERIODIC
    assert {word for word, row in GLOBALS.items() if row.convert is every} == {"resync"}


@pytest.mark.parametrize("time", ["0.000001ms", "1ms", "19ms", "0.01s"])
@pytest.mark.parametrize(
    "line",
    ["resync = {}", "deadman = {} mail.alert x", "alertretry = {}..1m", *(f"/{each} {{}}" for each in TIMES)],
)
def test_what_is_shorter_than_a_tick_is_told_and_taken_for_one(line: str, time: str) -> None:
    words = line.format(time)
    found = said("#", words[1:]) if words.startswith("/") else said(words)
    wanted = f"'{time}' is shorter than the 20ms between two looks at what is due, which is taken"
    assert any(wanted in each for each in found), found
