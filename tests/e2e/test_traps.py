"""Traps into the daemon as a process: a flood of them, and votes."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_things import PATIENCE, Daemon, free_port, until

from mon.control.datagrams import Trap, datagram

Start = Callable[..., Daemon]
Program = Callable[[str, str], Path]

CONFIG = """\
authfile = {top}/auth.cf
serverbind = 127.0.0.1
trapbind = 127.0.0.1
serverport = {port}
trapport = {port}

hostgroup farm 127.0.0.1 127.0.0.2

virtual shop 10.0.0.9:80
    balancer memory
    weight 1..100 over 1s
    real 127.0.0.1
    real 127.0.0.2

watch farm
    service ticks
        interval 200ms
        monitor tick.monitor
    service sent
        period
            alert lvs.alert shop --traps
    service checked
        interval 1h
        monitor tick.monitor
        period
            alert lvs.alert shop
"""

SECONDS, PER_SECOND, CHECKS = 2.0, 50_000, 5
"""The flood lasts so long at least, and until so many checks were made beside it."""


@pytest.fixture
def line() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        yield line


def began(
    start: Start, program: Program, tmp_path: Path, line: socket.socket
) -> tuple[Daemon, Callable[..., None]]:
    """A daemon, and how to send it a trap."""
    (tmp_path / "auth.cf").write_text("command section\nlist: all\ntrap section\n127.0.0.1 * *\n")
    program("tick.monitor", f"#!/bin/sh\necho >> {tmp_path}/ticks\n")
    port = free_port()
    daemon = start(CONFIG.format(top=tmp_path, port=port))
    daemon.wait_for("started")
    line.connect(("127.0.0.1", port))

    def send(service: str, status: int, summary: str = "", detail: str = "") -> None:
        line.send(datagram(Trap("farm", service, status, summary, detail), time.time()))

    return daemon, send


def resident(daemon: Daemon) -> int:
    """MiB of memory."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) // 1024


def opstatus(daemon: Daemon, name: str) -> str:
    status = daemon.status() or {"services": []}
    return next((str(s["opstatus"]) for s in status["services"] if s["service"] == name), "")


def test_a_flood_of_traps_stops_no_checks_and_takes_no_memory(
    start: Start, program: Program, tmp_path: Path, line: socket.socket
) -> None:
    daemon, send = began(start, program, tmp_path, line)
    ticks = tmp_path / "ticks"
    until(lambda: ticks.exists() and len(ticks.read_text()) > 2, daemon)
    memory, before, number = resident(daemon), len(ticks.read_text()), 0
    begin = time.monotonic()
    while (spent := time.monotonic() - begin) < SECONDS or len(ticks.read_text()) - before < CHECKS:
        assert spent < PATIENCE, daemon
        for _ in range(int(spent * PER_SECOND) - number):
            number += 1
            send("checked", number % 2, f"trap number {number}")
    assert resident(daemon) - memory < 40
    send("sent", 1, "127.0.0.1")  # may be lost, as any of them
    until(lambda: send("sent", 1, "127.0.0.1") or opstatus(daemon, "sent") == "fail", daemon, 60)
    daemon.stop()


def test_traps_vote_where_the_line_says_so(
    start: Start, program: Program, tmp_path: Path, line: socket.socket
) -> None:
    daemon, send = began(start, program, tmp_path, line)

    def weights() -> list[int]:
        return [server["weight"] for pool in daemon.status()["pools"] for server in pool["servers"]]

    until(lambda: send("sent", 0) or weights() == [1, 1], daemon)
    send("checked", 1, "127.0.0.2")
    until(lambda: opstatus(daemon, "checked") == "fail", daemon)
    assert weights() == [1, 1]
    until(lambda: send("sent", 1, "127.0.0.1") or weights() == [0, 1], daemon)
    until(lambda: send("sent", 0) or weights() == [1, 1], daemon)
    until(lambda: send("sent", 0, "all well", "WEIGHT 127.0.0.1 7\n") or weights() == [7, 1], daemon)
