"""The daemon does what the classic mon was recorded doing, or better (README.md here says how it was).

Every scenario must give the recorded result; where the classic one shows a fault, ours is in
``expected/NAME.better.json`` and has its line in docs/differences.md.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DIFFERENCES = HERE.parents[1] / "docs" / "differences.md"
BETTER = sorted(path.name.removesuffix(".better.json") for path in HERE.glob("expected/*.better.json"))

JOBS = 6
"""Scenarios side by side: they wait nearly all the time."""


def test_every_scenario_is_as_recorded_or_better_in_the_recorded_way() -> None:
    daemon = f"{sys.executable} -m mon"
    kit = [sys.executable, str(HERE / "compat.py"), "check", "--jobs", str(JOBS), "--retries", "1"]
    done = subprocess.run([*kit, "--daemon", daemon], capture_output=True, text=True, timeout=900)
    scenarios = {path.stem for path in (HERE / "scenarios").glob("*.toml")}
    verdicts = dict(
        line.split(": ", 1) for line in done.stdout.splitlines() if line.split(": ")[0] in scenarios
    )
    wrong = {name: said for name, said in verdicts.items() if said not in ("ok", "ok, better than mon")}
    assert (wrong, set(verdicts)) == ({}, scenarios), done.stdout[-8000:] + done.stderr


@pytest.mark.parametrize("name", BETTER)
def test_what_is_better_is_explained(name: str) -> None:
    assert f"`{name}`" in DIFFERENCES.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BETTER)
def test_what_is_better_was_a_fault(name: str) -> None:
    assert "bug" in tomllib.loads((HERE / "scenarios" / f"{name}.toml").read_text(encoding="utf-8"))
