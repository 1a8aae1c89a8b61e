"""``mon demo`` as a user starts it."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mon.demo.console import Console
from mon.demo.web import Fault

DEMO = [sys.executable, "-m", "mon", "demo"]


def test_once_tells_the_whole_story_and_ends_well() -> None:
    began = time.monotonic()
    done = subprocess.run([*DEMO, "--once"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 30
    for step in ("down seen", "weight 0", "alert by mail", "alert by webhook", "up seen", "weight restored"):
        assert step in done.stdout
    assert "-> 127.0.1.2:8080" in done.stdout
    looks = ("| Subject: DOWN web/http: web2 (1 of 3)", "| DOWN web2: ", '| watch: "web"',
             "| Pool web (tcp 192.0.2.80:8080): ", "| (as text/plain and text/html; ")  # fmt: skip
    for look in looks:
        assert look in done.stdout
    assert "\x1b[" not in done.stdout  # colour is for terminals


def test_ctrl_c_ends_it_and_leaves_nothing_behind() -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        shown = next((line for line in iter(demo.stdout.readline, "") if "weight" in line), "")
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
    assert demo.returncode == 0, rest
    assert shown
    assert "Traceback" not in rest


def test_a_taken_port_is_named_with_a_remedy() -> None:
    with socket.create_server(("127.0.1.1", 8080)):
        done = subprocess.run([*DEMO, "--once"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "8080" in done.stdout
    assert "ss -ltnp" in done.stdout


def test_a_missing_configuration_is_said(tmp_path: Path) -> None:
    done = subprocess.run([*DEMO, "-c", str(tmp_path / "no.cf")], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "no.cf" in done.stdout


@pytest.mark.filterwarnings("ignore:The async")  # the library's own import, on Python 3.11
async def test_a_dead_ftp_server_comes_back_on_its_port() -> None:
    from mon.demo.farm import Ftp

    server = Ftp("127.0.1.1", 2122)
    for fault in (Fault.NONE, Fault.DEAD, Fault.NONE):
        await server.fail(fault)
    await server.close()


def test_events_that_tell_a_spectator_nothing_are_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    Console().event({"event": "started", "message": "x"})
    assert capsys.readouterr().out == ""
