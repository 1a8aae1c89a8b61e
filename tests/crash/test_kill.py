"""The real daemon under kill -9: nothing lost, nothing told twice but what was in flight, no action repeated.

`make crash` plays a thousand such outages.
"""

import json
import subprocess
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).with_name("campaign.py")
RUNS = 20


def test_kill_9_at_any_instant_of_an_outage_loses_nothing() -> None:
    played = subprocess.run(
        [sys.executable, str(CAMPAIGN), "--runs", str(RUNS), "--jobs", "5", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert played.stdout, played.stderr
    report = json.loads(played.stdout)
    assert report["wrong"] == []
    assert (played.returncode, report["outages"], report["lost"]) == (0, RUNS, 0)
    assert report["kills"] >= RUNS and report["messages"] == report["expected"] == 6 * RUNS
    assert report["duplicates_otherwise"] == report["disorder"] == report["actions_repeated"] == 0
