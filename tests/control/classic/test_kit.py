"""Scenarios of the compatibility kit that need only commands and results: the classic mon's replies."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mon.control.classic.access import parse
from mon.control.classic.commands import answer
from mon.control.classic.session import Gate, Session

KIT = Path(__file__).parents[2] / "compat"

SCENARIOS = (
    "ack",
    "aliases",
    "auth",
    "clear-timers",
    "disable-host",
    "disable-service-watch",
    "lists-fresh",
    "monitor-missing",
    "reset",
    "reset-new-config",
    "set-get",
    "test-alerts",
    "unack-summary",
    "views",
)

MASKS = (
    (re.compile(r"\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}"), "<CTIME>"),
    (re.compile(r"(?:(?<!\d)|(?<=\\[0-9a-f]{2}))1\d{9}(?!\d)"), "<TIME>"),
    (re.compile(r"\b(timer|monitor_duration|failure_duration)=\d+"), r"\1=<N>"),
    (re.compile(r"^server \d+"), "server <PID>"),
    (re.compile(r"PID \d+@\S+"), "PID <PID>@<HOST>"),
    (re.compile(r"<DIR>/alert.d/"), ""),
    (re.compile(r"\{Sun\}"), "{<TODAY>}"),
    (re.compile(r"\{Mon\}"), "{<TOMORROW>}"),
)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_replies_are_those_of_the_classic_mon(name: str, new_daemon: Callable[[str], Any]) -> None:
    scenario = tomllib.loads((KIT / "scenarios" / f"{name}.toml").read_text())
    recorded = json.loads((KIT / "expected" / f"{name}.json").read_text())["steps"]
    told = iter(await replayed(scenario, new_daemon))
    for step in recorded:
        if step["step"].startswith("send "):
            assert (step["step"], normal(next(told))) == (step["step"], normal(step["reply"]))


async def replayed(scenario: dict[str, Any], new_daemon: Callable[[str], Any]) -> list[list[str]]:
    """The replies to the commands of a scenario; its monitors say what their scripts have them say."""
    daemon = new_daemon(filled(scenario["config"]))
    for service, lines in scenario.get("scripts", {}).items():
        daemon.results[tuple(service.split("/"))] = [result(line) for line in [*lines, *lines[-1:] * 9]]
    gate = Gate(parse(scenario["auth"]) if "auth" in scenario else None)
    session, replies = Session(daemon, gate, address="127.0.0.1"), []
    for step in scenario["steps"]:
        verb, _, rest = filled(step).partition(" ")
        if verb == "run":
            daemon.check_now(tuple(rest.split("/")))
        elif verb == "connect":
            session = Session(daemon, gate, address="127.0.0.1")
        elif verb == "write":
            daemon.text = filled(scenario["later"][rest])
        elif verb == "send":
            replies.append(await answer(session, rest))
    return replies


def filled(text: str) -> str:
    return text.replace("@GLOBALS@", "").replace("@TOMORROW@", "Mon").replace("@TODAY@", "Sun")


def result(line: str) -> tuple[int, str]:
    status, *output = line.split("|")
    text = "\n".join(output).replace("\\n", "\n")
    return int(status), f"{text}\n" if text else ""


def normal(reply: list[str]) -> list[str]:
    """Without what differs between two runs; the classic mon has no order of lines."""
    lines = []
    for line in reply:
        for pattern, mask in MASKS:
            line = pattern.sub(mask, line)  # noqa: PLW2901
        lines.append(line)
    return [*sorted(lines[:-1]), lines[-1]]
