"""HTTP checks by the whole daemon, a new connection each: how many for a second of CPU.

    python benchmarks/http_daemon.py [SERVICES] [INTERVAL] [SECONDS]

Everything is in it: timetable, runner, probe, judging, state and store.  It is offered more than it can make,
so that it has no time to rest; turns that come while a check is under way are skipped.  The server counts the
requests.  With `workers` the CPU of all processes counts.
"""

import importlib.util
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from http_checks import bare, server
from services import cpu_of, daemon, memory_of, mon_cf
from table import Row, at_least, failed, noted, show

MONITOR = "http.monitor -p {port} -u /alive -m alive -t 5"
WARM_UP = 6.0
SHARE = 0.85
"""Of the checks for a second of CPU, what two workers should leave."""

REFERENCE = 21_700.0
"""What the bare loop made on the machine for which the aims were set."""


def rows(services: int = 2_000, interval: float = 0.28, seconds: float = 15.0) -> list[Row]:
    """In one process, then with two workers."""
    aim = 10_000.0 if importlib.util.find_spec("uvloop") else 6_500.0
    made, alone, memory = measured(services, interval, seconds, "")
    with server() as port:
        best = 1 / min(bare(port, 4_000, 50) for _ in range(3))
    found = [
        noted(
            "HTTP checks for a CPU-second, a bare epoll loop", best, "", "what this machine could do at best"
        ),
        at_least(
            "HTTP checks for a CPU-second, whole daemon",
            alone,
            "",
            aim,
            f"{made:,.0f}/s were made",
        ),
        at_least(
            "the same, beside the bare loop", alone / best, "x", aim / REFERENCE, "the aim on this machine"
        ),
        noted("the same: memory", memory, "MB"),
    ]
    try:
        made, shared, _ = measured(services, interval, seconds, "workers = 2\n")
    except SystemExit as error:
        return [*found, failed("the same with `workers 2`", str(error))]
    return [
        *found,
        at_least("the same with `workers 2`", shared, "", SHARE * alone, f"{made:,.0f}/s were made"),
    ]


def measured(services: int, interval: float, seconds: float, head: str) -> tuple[float, float, float]:
    """Checks a second, checks for a second of CPU, megabytes."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, server() as port:
        config = Path(directory, "mon.cf")
        config.write_text(mon_cf(services, interval, port, directory, monitor=MONITOR, head=head))
        with daemon(config) as process:
            time.sleep(WARM_UP)
            if process.poll() is not None:
                raise SystemExit(Path(directory, "log").read_text().strip().splitlines()[-1])
            cpu, asked, began = cpu_of(process.pid), requests(port), time.monotonic()
            time.sleep(seconds)
            cpu, asked = cpu_of(process.pid) - cpu, requests(port) - asked
            took, memory = time.monotonic() - began, memory_of(process.pid)
    return asked / took, asked / cpu, memory


def requests(port: int) -> int:
    """How many the server has answered so far (nginx's stub_status: accepts, handled, requests)."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=5) as answer:
        return int(answer.read().split()[9])


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    show(rows(*(int(given[0]), *given[1:]) if given else ()))
