"""Operators' Python: how many checks a second the worker makes, with requests and icmplib loaded.

    python benchmarks/operators.py [SECONDS]

The daemon is offered half as many again as it should do.  Each check is a process of its own that can be
killed; what a fresh ``python3`` costs that imports the same is printed beside it.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from executables import counting, measured, mon_cf
from table import Row, at_least, noted, show

SERVICES = 400
INTERVAL = 1.0

PLUGIN = """\
import icmplib
import requests
from mon.plugin import Down

def check(host, *, port: int = 80):
    if not host:
        raise Down("nobody")
    return f"{host}:{port} {requests.__version__} {icmplib.__version__}"
"""


def rows(seconds: float = 8.0) -> list[Row]:
    """Run it and count."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as name:
        directory = Path(name)
        (directory / "mine.py").write_text(PLUGIN)
        (directory / "mon.cf").write_text(mon_cf(directory, "mine.monitor", SERVICES, INTERVAL))
        ran = measured(__file__, directory, seconds)
    return [
        at_least("operators' Python in the worker", ran.rate, "/s", 250, "requests, icmplib loaded"),
        noted("operators' Python: CPU of the daemon for each", ran.cpu * 1000, "ms"),
        noted("a fresh python3 with the same, CPU", fresh() * 1000, "ms"),
    ]


def fresh(runs: int = 5) -> float:
    """Seconds of CPU of a process that imports what the plugin does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(runs):
        subprocess.run([sys.executable, "-c", "import requests, icmplib"], env=os.environ, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / runs


if __name__ == "__main__":
    if sys.argv[1:2] == ["--daemon"]:
        from mon.runner.hosted import _Process

        sys.exit(counting(Path(sys.argv[2]), _Process, "run"))
    show(rows(*map(float, sys.argv[1:])))
