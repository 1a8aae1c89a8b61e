"""What mon 1.3.6 said to odd files: recorded by asking it, so that ours agrees or differs on purpose."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mon.config import Parsed, parse

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "classic_verdicts.json").read_text())
SCENARIOS = Path(__file__).parents[1] / "compat" / "scenarios"

TAKEN_BY_US = {
    "P alertafter 1.5h": "any time will do",
    "S interval 200ms": "shorter than a second",
    "S timeout 5s": "our directive",
    "G snmpport = 5": "older versions knew it",
    "G snmpport = abc": "older versions knew it",
    "G messages = mail.alert": "our global",
    "G resync = 5s": "our global",
    "R hg then host eq": "a host and its address",
    "R nbsp": "an unusual blank is a blank",
    "authfile empty": "files are looked for by mon.config.files",
}
REFUSED_BY_US = {
    "P alertexitrange 3-1": "would never alert",
    "P alert": "would never alert",
    "P upalert": "would never alert",
    "P alert exit=foo record.alert": "would never alert",
    "P alert exit=1": "would never alert",
    "P alert exit=5-2 record.alert": "would never alert",
    "P alert exit=1, record.alert": "would never alert",
    "S depend web:": "would never alert",
    "S depend (web:http": "would never alert",
    'S depend system("id")': "nothing is evaluated",
    "S alertdepend web:http &&": "would never alert",
    "S monitordepend foo": "would never run",
    "G include foo": "the file is not there",
}


def read(pattern: str, relative_to: str) -> list[tuple[str, str]]:
    raise FileNotFoundError(2, "No such file or directory")


def parsed(text: str) -> Parsed:
    return parse(text, "mon.cf", read=read, classic=True)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_the_verdict_is_that_of_the_classic_mon_or_another_one_on_purpose(case: dict[str, Any]) -> None:
    result = parsed(case["text"])
    if case["name"] in TAKEN_BY_US:
        assert not result.errors
        assert not case["accepted"]
    elif case["name"] in REFUSED_BY_US:
        assert result.errors
        assert case["accepted"]
    else:
        assert (not result.errors) == case["accepted"], result.errors


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_the_first_error_is_in_the_line_that_the_classic_mon_names(case: dict[str, Any]) -> None:
    errors = parsed(case["text"]).errors
    if errors and "line" in case:
        assert errors[0].source.line == case["line"]


@pytest.mark.parametrize(
    "case", [case for case in RECORDED if "services" in case], ids=lambda case: case["name"]
)
def test_services_and_groups_are_those_of_the_classic_mon(case: dict[str, Any]) -> None:
    config = parsed(case["text"]).config
    assert sorted(f"{watch} {service}" for watch, service in config.services) == case["services"]
    for name, members in case["groups"].items():
        group = config.hostgroups[name]
        shown = [f"{host.name}={host.address}".rstrip("=") for host in group.hosts]
        assert [
            name if name not in group.disabled else f"*{name}".replace("**", "*") for name in shown
        ] == members


def scenario_cases() -> list[Any]:
    cases = []
    for path in sorted(SCENARIOS.glob("config-*.toml")):
        expected = SCENARIOS.parent / "expected" / f"{path.stem}.json"
        verdicts = json.loads(expected.read_text()).get("cases", [])
        scenario = tomllib.loads(path.read_text())
        if "bug" in scenario or path.stem == "config-auth-file":
            continue
        for case, verdict in zip(scenario.get("case", []), verdicts, strict=True):
            cases.append(pytest.param(case["config"], verdict, id=f"{path.stem}: {case['name']}"))
    return cases


BY_OTHERS = ("authfile missing", "userfile missing", "unresolvable serverbind")
"""Refused where files are read and sockets are opened."""


@pytest.mark.parametrize(("text", "verdict"), scenario_cases())
def test_the_compatibility_kit_agrees(text: str, verdict: dict[str, Any]) -> None:
    errors = parsed(text.replace("@GLOBALS@", "# 1\n# 2\n# 3")).errors
    if verdict["case"] in BY_OTHERS:
        return
    assert (not errors) == verdict["started"], errors
    named = [int(number) for number in re.findall(r"line (\d+)", " ".join(verdict["messages"]))]
    assert not named or errors[0].source.line == named[0]
