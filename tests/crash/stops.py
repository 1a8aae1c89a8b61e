"""Orderly ends (SIGTERM) in the middle of an outage: ``stops.py [--runs N] [--seed N]``.

Many services begin to fail at once and SIGTERM falls somewhere in between.  What a service's state counts as
sent has to be in the outbox, or the next life tells nobody.  Prints one JSON object with the counts; the exit
status is 1 when anything was wrong.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from forkserver import ForkServer, Life

SERVICES = 120
PATIENCE = 60.0
"""Seconds for something that must happen; a busy machine is slow."""

LONGEST = 0.2
"""SIGTERM comes within so many seconds of the first failure; all services are checked in such a time."""

HEAD = "statedir = {top}/state\nrandstart = 150ms\n\nhostgroup web {address}\n\nwatch web\n"
SERVICE = """\
    service s{number}
        interval 1s
        monitor tcp.monitor -p {port} -t 5
        period
            alertevery 1d
            alert file.alert {top}/told{third}
"""


@dataclass(slots=True)
class Result:
    """``counted`` are services whose state says that they were told of, ``early`` stops came before any."""

    stops: int = 0
    early: int = 0
    counted: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)


class Port:
    """A TCP port that answers until it is closed, and knows how often it was asked."""

    def __init__(self) -> None:
        # Of this process alone: while the port refuses, nobody else may be given it.
        high, low = os.getpid() // 255 % 255, 1 + os.getpid() % 254
        self.address = f"127.{100 + os.getpid() // 65025 % 100}.{high}.{low}"
        self._server = socket.create_server((self.address, 0), backlog=1024)
        self.number = int(self._server.getsockname()[1])
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                self._server.accept()[0].close()
                self.asked += 1
        except OSError:
            return

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._server.close()


def play(forkserver: ForkServer, chance: random.Random, result: Result) -> None:
    """One outage with a SIGTERM in it."""
    with directory(result) as top:
        port = Port()
        configure(top, port)
        life = forkserver.start(top / "mon.cf", top / "log")
        wait(lambda: port.asked >= 2 * SERVICES or life.ended)
        port.close()
        wait(lambda: "-> fail" in (top / "log").read_text() or life.ended)
        time.sleep(chance.uniform(0.0, LONGEST))
        stop(life)
        result.stops += 1
        states, alerts = saved(top)
        result.counted += len(states)
        result.early += not states
        if lost := sorted(states - alerts):
            result.lost += len(lost)
            result.wrong.append(f"counted as told, and in no outbox: {' '.join(lost)}")
        elif states:
            told_by_the_next(forkserver, top, states, result)


def told_by_the_next(forkserver: ForkServer, top: Path, states: set[str], result: Result) -> None:
    """The next life tells all that the first could not."""
    life = forkserver.start(top / "mon.cf", top / "log")
    wait(lambda: states <= told(top) or life.ended)
    if missing := sorted(states - told(top)):
        result.lost += len(missing)
        result.wrong.append(f"never told: {' '.join(missing)}")
    life.kill()


def told(top: Path) -> set[str]:
    """The services of which an alert was sent."""
    words = [word for file in top.glob("told*") for word in file.read_text().split()]
    return {word.removeprefix("web/").rstrip(":") for word in words if word.startswith("web/")}


def configure(top: Path, port: Port) -> None:
    services = "".join(
        SERVICE.format(number=n, port=port.number, top=top, third=n % 3) for n in range(SERVICES)
    )
    (top / "state").mkdir()
    (top / "mon.cf").write_text(HEAD.format(top=top, address=port.address) + services)


def stop(life: Life) -> None:
    os.kill(life.pid, signal.SIGTERM)
    wait(lambda: life.ended)
    life.kill()


def wait(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


def saved(top: Path) -> tuple[set[str], set[str]]:
    """The services whose state counts an alert as sent, and those of which there is one in the outbox."""
    with closing(sqlite3.connect(top / "state/state.db")) as db:
        rows = db.execute("SELECT service, body FROM service_state").fetchall()
        bodies = [json.loads(body) for (body,) in db.execute("SELECT body FROM outbox")]
    states = {
        service
        for service, body in rows
        if any(period.get("sent") for period in json.loads(body).get("periods", {}).values())
    }
    return states, {body["service"] for body in bodies}


@contextmanager
def directory(result: Result) -> Iterator[Path]:
    """A directory that stays when something was wrong."""
    top = Path(tempfile.mkdtemp(prefix="mon-stops-"))
    yield top
    if not result.wrong:
        shutil.rmtree(top)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result, chance, began = Result(), random.Random(arguments.seed), time.monotonic()
    with ForkServer() as forkserver:  # before any thread
        for _ in range(arguments.runs):
            play(forkserver, chance, result)
    print(json.dumps({**asdict(result), "seconds": round(time.monotonic() - began, 1)}, indent=1))
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
