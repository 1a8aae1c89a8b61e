"""The power fails in the middle of an outage, and no message, no operator's word and no vote is lost.

`make power-cuts` cuts ten times.
"""

import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

import power_cuts  # noqa: E402

CUTS = 2


def test_power_cuts_lose_nothing_that_was_decided():
    if power_cuts.why_not():
        pytest.skip(power_cuts.why_not())
    words = [sys.executable, str(HERE / "power_cuts.py"), "--cuts", str(CUTS)]
    played = subprocess.run(words, capture_output=True, text=True, timeout=400)
    assert played.stdout, played.stderr
    report = json.loads(played.stdout)
    assert (report["wrong"], played.returncode) == ([], 0)
    assert report["messages"] >= report["flips"] > CUTS
