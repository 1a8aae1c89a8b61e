"""Suggested weights through the whole daemon: real agents on TCP, a program, Python; a real HAProxy."""

import re
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_things import Daemon, free_port, until

Start = Callable[..., Daemon]

HAPROXY = """
global
    stats socket {directory}/haproxy.sock level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
backend web
    balance roundrobin
    server a 127.0.1.1:8080 weight 100
    server b 127.0.1.2:8080 weight 100
"""

CONFIG = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2

virtual web 192.0.2.80:80
    balancer haproxy {directory}/haproxy.sock web
    weight 0..150% over 1s
    floor 1
    real web1:8080 weight 100
    real web2:8080 weight 100

watch web
    service agent
        interval 200ms
        monitor agent.monitor -p {port} -t 15
        period
            alert lvs.alert web
"""

BY_HAND = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2

virtual program 192.0.2.81:80
    weight 1..100 over 1s
    floor 1
    real web1 weight 50
    real web2 weight 50

virtual python 192.0.2.82:80
    weight 10%..100% over 1s
    floor 1
    real web1 weight 50
    real web2 weight 50

watch web
    service program
        interval 300ms
        monitor shell.monitor
        period
            alert lvs.alert program
    service python
        interval 300ms
        monitor own.monitor
        period
            alert lvs.alert python
"""

OWN = """\
from mon.plugin import Weighed

def check(host):
    return Weighed("half", "50%") if host == "127.0.1.1" else "as ever"
"""


class Agent:
    """Answers each connection with ``line``, as an agent of HAProxy's does; it has a process of its own."""

    def __init__(self, host: str, port: int) -> None:
        self.line, agent = "up ready 100%\n", self

        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.sendall(agent.line.encode())

        self._server = socketserver.ThreadingTCPServer((host, port), Answer)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def agents() -> Iterator[tuple[int, list[Agent]]]:
    """Their port, and one on each of two hosts."""
    port = free_port()
    both = [Agent(f"127.0.1.{n}", port) for n in (1, 2)]
    yield port, both
    for one in both:
        one.close()


@pytest.fixture
def weights(tmp_path: Path) -> Iterator[Callable[[], dict[str, int]]]:
    """A running HAProxy, and what it says itself of the weights of its servers."""
    program, path = shutil.which("haproxy", path="/usr/sbin:/usr/bin"), tmp_path / "haproxy.sock"
    if program is None:
        pytest.skip("haproxy is not installed")
    (tmp_path / "haproxy.cfg").write_text(HAPROXY.format(directory=tmp_path))

    def ask() -> dict[str, int]:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"show servers state web\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        head, *rows = (line.split() for line in text.splitlines()[1:] if line)
        return {row[3]: int(row[head.index("srv_uweight") - 1]) for row in rows}

    words = [program, "-db", "-f", str(tmp_path / "haproxy.cfg")]
    with open(tmp_path / "haproxy.log", "wb") as log, subprocess.Popen(words, stderr=log) as process:
        try:
            until(path.exists, "haproxy")
            yield ask
        finally:
            process.kill()


def test_what_agents_say_comes_to_haproxy_and_outlives_kill_9(
    start: Start, tmp_path: Path, agents: tuple[int, list[Agent]], weights: Callable[[], dict[str, int]]
) -> None:
    port, (one, two) = agents
    daemon = start(CONFIG.format(directory=tmp_path, port=port))
    until(lambda: daemon.seen("transition", service="agent", new="ok"), daemon)
    assert weights() == {"a": 100, "b": 100}

    one.line = "up ready 40%\n"
    until(lambda: weights() == {"a": 40, "b": 100}, daemon)

    def climbed() -> list[int]:
        return [event["new"] for event in daemon.events if event["event"] == "pool" and event["new"] != 100]

    until(lambda: climbed()[-1:] == [40], daemon)
    steps = [90, 80, 70, 60, 50, 40]
    assert climbed() == [step for step in steps if step in climbed()]  # it may be late for one of them
    assert "weight 40, wanted 40 of 100" in (told := daemon.ask("why", "web1").stdout)
    assert "vote of web/agent ok (suggests weight 40%)" in told
    assert "suggested weight: 40, within 0 to 150, now 40" in told
    assert re.search(
        r"web1 127\.0\.1\.1:8080 +40 .* in: web/agent ok \(suggests weight 40%\)", daemon.ask("pool").stdout
    )
    assert daemon.ask("plan").stdout == "pool web: no change\n"
    weighed = daemon.ask("plan", "web", "weight", "web1", "70")
    assert "set server 127.0.1.1:8080 weight 70 of tcp 192.0.2.80:80" in weighed.stdout

    daemon.kill()
    daemon = start()
    until(lambda: "suggests weight 40%" in daemon.ask("pool").stdout, daemon)
    assert weights() == {"a": 40, "b": 100} and not daemon.seen("pool")

    two.line = "maint\n"
    until(lambda: weights() == {"a": 40, "b": 0}, daemon)
    one.line = "drain\n"
    until(lambda: weights() == {"a": 1, "b": 0}, daemon)
    alarm = "web1 stays in against a suggested weight of 0: the floor is 1"
    assert alarm in until(lambda: alarm in (said := daemon.ask("pool").stdout) and said, daemon)
    assert daemon.ask("pool", "web", "weight", "web1", "30").returncode == 0
    until(lambda: weights() == {"a": 30, "b": 0}, daemon)

    two.line = "stopped # new kernel\n"
    until(
        lambda: "web/agent down (the agent says stopped: new kernel)" in daemon.ask("why", "web2").stdout,
        daemon,
    )
    two.line = "ready up\n"
    until(lambda: weights() == {"a": 30, "b": 100}, daemon)


def test_a_program_and_python_of_operators_suggest_weights(
    start: Start, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    program("shell.monitor", "#!/bin/sh\necho fine\necho WEIGHT web1 20\necho WEIGHT 127.0.1.2 500%\n")
    (tmp_path / "own.monitor").write_text(OWN)
    daemon = start(BY_HAND)
    daemon.wait_for("pool", pool="python")

    def weights() -> dict[str, list[int]]:
        return {
            pool["name"]: [server["weight"] for server in pool["servers"]]
            for pool in daemon.status()["pools"]
        }

    until(lambda: weights() == {"program": [20, 100], "python": [25, 50]}, daemon)
