"""systemd hears how we are; without it nothing happens."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from mon.notify import notify, watchdog_interval

UNIT = Path(__file__).parents[1] / "packaging" / "mon.service"
STRICT = UNIT.with_name("mon.service.d") / "no-new-privileges.conf"

# systemd.exec(5), NoNewPrivileges=: each of these turns it on for a user that is not root (systemd 252,
# context_has_no_new_privileges in src/core/execute.c).
IMPLIES_NO_NEW_PRIVILEGES = (
    "NoNewPrivileges SystemCallFilter SystemCallArchitectures SystemCallLog RestrictAddressFamilies"
    " RestrictNamespaces PrivateDevices ProtectKernelTunables ProtectKernelModules ProtectKernelLogs"
    " ProtectClock ProtectHostname MemoryDenyWriteExecute RestrictRealtime RestrictSUIDSGID LockPersonality"
    " DynamicUser"
)


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
    names = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    assert names.isdisjoint(IMPLIES_NO_NEW_PRIVILEGES.split())


def test_the_unit_may_write_what_is_delegated_to_it() -> None:
    lines = UNIT.read_text().splitlines()
    assert "Delegate=yes" in lines and "OOMPolicy=continue" in lines
    assert "ReadWritePaths=-/sys/fs/cgroup/system.slice/%n" in lines, "ProtectControlGroups= is for the rest"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("more", "most"), [("", 6.1), (STRICT.read_text(), 2.2)], ids=["unit", "drop-in"])
def test_the_exposure_of_the_unit_is_bounded(tmp_path: Path, more: str, most: float) -> None:
    unit = tmp_path / "mon.service"  # a drop-in beside it is not read with --offline
    unit.write_text(UNIT.read_text().replace("[Install]", more.replace("[Service]", "") + "\n[Install]"))
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=30)
    if "unrecognized option" in ran.stderr:
        pytest.skip("this systemd-analyze (before 250) has no --offline")
    assert float(ran.stdout.split("exposure level for mon.service: ")[1].split()[0]) <= most, ran.stdout
