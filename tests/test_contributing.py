"""The examples of CONTRIBUTING.md and README.md work as they stand: one new file each, nothing else."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
EXAMPLE = re.compile(
    r"`(?P<path>(?:monitors|alerts|mon/balancer)/\w+\.py)`:\n\n```python\n(?P<text>.*?)```", re.DOTALL
)
EXAMPLES = {match["path"]: match["text"] for match in EXAMPLE.finditer((TOP / "CONTRIBUTING.md").read_text())}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the program with the examples in it."""
    for folder in ("mon", "monitors", "alerts"):
        shutil.copytree(TOP / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in EXAMPLES.items():
        (tmp_path / path).write_text(text)
    return tmp_path


def mon(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "mon", *words]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=30)


def test_there_is_one_example_of_each() -> None:
    assert [Path(path).parent.name for path in EXAMPLES] == ["monitors", "alerts", "balancer"]


def test_the_monitor_is_found_and_checks(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, args=(server, b"SSH-2.0-example\r\n", b"220 smtp\r\n")).start()
        port = str(server.getsockname()[1])
        good = mon(checkout, "monitor", "ssh", "-p", port, "127.0.0.1")
        bad = mon(checkout, "monitor", "ssh", "-p", port, "127.0.0.1")
    assert (good.returncode, "SSH-2.0-example" in good.stdout) == (0, True), good
    assert (bad.returncode, "no SSH server: 220 smtp" in bad.stdout) == (1, True), bad


def greet(server: socket.socket, *greetings: bytes) -> None:
    for greeting in greetings:
        client, _ = server.accept()
        with client:
            client.sendall(greeting)


def test_the_alert_is_found_and_sends(checkout: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(10)
        sent = mon(checkout, "alert", "statsd", "-p", str(statsd.getsockname()[1]))
        assert sent.returncode == 0, sent
        assert statsd.recv(100).endswith(b":1|c")


def test_the_balancer_is_found_and_writes_its_journal(checkout: Path) -> None:
    code = (
        "from mon.balancer import open_balancer\n"
        "from mon.model.pool import Change, ServiceEntry, Verb, VirtualId\n"
        "balancer = open_balancer(('journal', 'journal.txt'))\n"
        "balancer.apply([Change(Verb.ADD_SERVICE, ServiceEntry(VirtualId('tcp', '192.0.2.1', 80), 'rr'))])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    subprocess.run([sys.executable, "-c", code], cwd=checkout, env=environment, check=True, timeout=30)
    assert "add service tcp 192.0.2.1:80" in (checkout / "journal.txt").read_text()


def test_the_readmes_first_configuration_is_right(checkout: Path) -> None:
    text = (TOP / "README.md").read_text().split("```\n")[1]
    (checkout / "first.cf").write_text(text)
    assert (checkout / "first.cf").read_text().startswith("statedir")
    checked = mon(checkout, "check", "-c", "first.cf")
    assert checked.returncode == 0, checked.stdout


def test_the_demos_configuration_is_right() -> None:
    checked = mon(TOP, "check", "--strict", "-c", "mon.cf")
    assert checked.returncode == 0, checked.stdout
