"""systemd hears how we are; without it nothing happens."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from mon.notify import notify, watchdog_interval

UNIT = Path(__file__).parents[1] / "packaging" / "mon.service"


def test_states_are_sent_one_per_line(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        notify("READY=1", "STATUS=10 services", environ={"NOTIFY_SOCKET": str(path)})
        assert systemd.recv(100) == b"READY=1\nSTATUS=10 services"


def test_an_abstract_socket_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0mon-test-" + str(os.getpid()))
        notify("READY=1", environ={"NOTIFY_SOCKET": f"@mon-test-{os.getpid()}"})
        assert systemd.recv(100) == b"READY=1"


def test_nobody_listening_is_no_error(tmp_path: Path) -> None:
    notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notify("READY=1", environ={})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_fed_three_times_in_its_patience(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_interval(environ) == seconds


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "mon.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/mon", "/bin/true"))
    words = ["systemd-analyze", "verify", "--man=no", str(unit)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert [line for line in ran.stderr.splitlines() if "mon.service" in line] == []


def test_the_unit_gives_two_capabilities_and_leaves_fping_its_own() -> None:
    lines = UNIT.read_text().splitlines()
    assert "AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN" in lines
    assert "CapabilityBoundingSet=CAP_NET_RAW CAP_NET_ADMIN" in lines
    assert not any(line.startswith("NoNewPrivileges") for line in lines)
