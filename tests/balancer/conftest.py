"""A balancer of every kind to try things on: real programs where there are any, and dead ones."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mon.balancer import kinds

TOP = Path(__file__).parents[2]
HAPROXY = """
global
    stats socket {socket} mode 600 level admin
    stats socket ipv4@127.0.0.1:{port} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
backend web
    balance roundrobin
backend lines
    balance source
    server a 192.0.2.1:80 weight 10
    server b 192.0.2.2:80 weight 10
    server-template mon 2 127.0.0.1:9 disabled
"""
NGINX = """
daemon on; pid {directory}/pid; error_log {directory}/error.log; worker_processes 1;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
    uwsgi_temp_path {directory}; scgi_temp_path {directory};
    include {directory}/mon/*.conf;
    server {{ listen unix:{directory}/sock; }}
}}
"""


def needs(program: str) -> str:
    """The path of a program; the test is skipped if it is not installed."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.02)


@pytest.fixture(name="until")
def wait() -> Callable[[Callable[[], object], str], None]:
    """Wait until something is true."""
    return until


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Path]:
    """A running HAProxy with an empty backend ``web`` and a static one ``lines``; its socket."""
    path = tmp_path / "haproxy.sock"
    port = free_port()
    (tmp_path / "port").write_text(str(port))
    (tmp_path / "haproxy.cfg").write_text(HAPROXY.format(socket=path, port=port))
    words = [needs("haproxy"), "-db", "-f", str(tmp_path / "haproxy.cfg")]
    log = tmp_path / "haproxy.log"
    with open(log, "wb") as file, subprocess.Popen(words, stderr=file, stdout=file) as process:
        try:
            until(path.exists, log.read_text())
            yield path
        finally:
            process.kill()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A running nginx that includes ``mon/*.conf``; the words that call it."""
    program = needs("nginx")
    (tmp_path / "mon").mkdir()
    conf = tmp_path / "nginx.conf"
    conf.write_text(NGINX.format(directory=tmp_path))
    command = (program, "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(conf))
    subprocess.run(command, check=True, capture_output=True)
    until((tmp_path / "pid").exists, "nginx")
    yield command
    subprocess.run([*command, "-s", "stop"], capture_output=True, check=False)


@pytest.fixture
def documented(tmp_path: Path) -> tuple[str, ...]:
    """The words that call the program of docs/balancers.md."""
    text = (TOP / "docs/balancers.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(#!.*?)```", text, re.DOTALL)
    assert found is not None
    (tmp_path / "file-balancer").write_text(found[1])
    return (sys.executable, str(tmp_path / "file-balancer"), str(tmp_path / "table.json"))


def _kernel() -> tuple[str, ...]:
    table = Path("/proc/net/ip_vs")
    if not table.exists():
        pytest.skip("the kernel here has no ip_vs")
    if len(table.read_text().splitlines()) > 3:
        pytest.skip("this kernel's table is in use")
    return ()


@pytest.fixture
def words(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """``words("haproxy")``: what names a working balancer of a kind that has no server yet."""
    ask = request.getfixturevalue
    lines: dict[str, Callable[[], tuple[str, ...]]] = {
        "memory": lambda: (),
        "ipvs": _kernel,
        "ipvsadm": _kernel,
        "haproxy": lambda: (str(ask("haproxy")), "web"),
        "nginx": lambda: (str(tmp_path / "mon/web.conf"), "web", *ask("nginx")),
        "exec": lambda: ask("documented"),
    }
    assert set(lines) == set(kinds())
    return lambda kind: (kind, *lines[kind]())


@pytest.fixture
def dead(tmp_path: Path) -> Iterator[Callable[[str], tuple[str, ...]]]:
    """``dead("haproxy")``: what names a balancer of a kind that takes questions and never answers."""
    hang = tmp_path / "hang"
    hang.write_text("#!/bin/sh\nsleep 60 & wait\n")
    hang.chmod(0o755)
    with contextlib.ExitStack() as stack:

        def deaf() -> str:
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.bind(str(tmp_path / "deaf"))
            sock.listen()
            return str(tmp_path / "deaf")

        lines: dict[str, Callable[[], tuple[str, ...]]] = {
            "ipvsadm": lambda: (str(hang),),
            "haproxy": lambda: (deaf(), "web"),
            "nginx": lambda: (str(tmp_path / "web.conf"), "web", str(hang)),
            "exec": lambda: (str(hang),),
        }
        yield lambda kind: (kind, *lines[kind]())
