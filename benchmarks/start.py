"""How long a person waits for `mon status` and `mon check` of a small configuration.

    python benchmarks/start.py [RUNS]

The daemon that is asked runs; the compiled files of Python are there, as after any first run.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services import daemon, quantile
from table import Row, at_most, noted, show

SMALL = """\
statedir = {directory}

hostgroup web 127.0.0.1 127.0.0.2

watch web
    service http
        interval 1h
        monitor http.monitor -p 9
        period
            alert mail.alert root
"""

AIM = 150.0


def rows(runs: int = 21) -> list[Row]:
    """Medians of the time from the call to the end."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory:
        config = Path(directory, "mon.cf")
        config.write_text(SMALL.format(directory=directory))
        with daemon(config):
            _wait_for(Path(directory, "mon.sock"))
            took = {name: measured(["-m", "mon", name, "-c", str(config)], directory, runs)
                    for name in ("status", "check")}  # fmt: skip
        bare = measured(["-c", "pass"], directory, runs)
    return [
        *(
            at_most(f"mon {name}, small configuration", seconds * 1000, "ms", AIM)
            for name, seconds in took.items()
        ),
        noted("python that does nothing", bare * 1000, "ms"),
    ]


def measured(words: list[str], directory: str, runs: int) -> float:
    """Seconds of one run, the first not counted."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = directory
    took = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)  # fmt: skip
        took.append(time.perf_counter() - began)
    return quantile(sorted(took[1:]), 0.5)


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > until:
            raise SystemExit("the daemon does not start")
        time.sleep(0.05)


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
