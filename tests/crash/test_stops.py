"""SIGTERM in the middle of an outage: what is counted as told is told, by this life or the next.

`make crash` plays a hundred of them.
"""

import json
import subprocess
import sys
from pathlib import Path

STOPS = Path(__file__).with_name("stops.py")
RUNS = 4


def test_an_orderly_end_at_any_instant_of_an_outage_loses_no_alert() -> None:
    played = subprocess.run(
        [sys.executable, str(STOPS), "--runs", str(RUNS)], capture_output=True, text=True, timeout=600
    )
    assert played.stdout, played.stderr
    report = json.loads(played.stdout)
    assert (report["wrong"], report["lost"], report["stops"]) == ([], 0, RUNS)
    assert report["counted"] > 0 and played.returncode == 0
