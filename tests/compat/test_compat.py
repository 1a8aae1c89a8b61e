"""The daemon does what the classic mon was recorded doing (README.md here says how it was)."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

NOT_YET = {
    "test-config": "it answers in our words, which name the file and the remedy too",
}
"""Scenarios that do not agree so far, and why; a row goes when its scenario passes."""


def test_every_scenario_is_as_recorded_but_those_that_are_named() -> None:
    names = sorted({path.stem for path in (HERE / "scenarios").glob("*.toml")} - NOT_YET.keys())
    daemon = f"{sys.executable} -m mon"
    words = [sys.executable, str(HERE / "compat.py"), "check", "--retries", "1", "--daemon", daemon, *names]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900)
    differing = [line for line in done.stdout.splitlines() if line.endswith(": differs")]
    assert (done.returncode, differing) == (0, []), done.stdout[-8000:] + done.stderr


def test_what_is_named_is_there() -> None:
    assert all((HERE / "scenarios" / f"{name}.toml").exists() for name in NOT_YET)
