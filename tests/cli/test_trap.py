"""``mon trap`` on a real socket."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.control.datagrams import Trap, datagram, parse
from mon.errors import ControlError


@pytest.fixture
def line() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(5)
        yield line


def trap(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mon", "trap", *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30)


def test_a_result_is_sent_with_user_and_password(line: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n")
    where = ["--host", "127.0.0.1", "--port", str(line.getsockname()[1])]
    who = ["--user", "joe", "--password-file", str(tmp_path / "secret")]
    done = trap(*where, *who, "--detail", "-", "web", "backup", "1", "disk", "full", stdin="a\nb\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert parse(line.recv(70_000)) == Trap("web", "backup", 1, "disk full", "a\nb\n", "joe", "geheim")


def test_nobody_there_is_told_with_status_1(line: socket.socket) -> None:
    port = line.getsockname()[1]
    line.close()
    done = trap("--host", "127.0.0.1", "--port", str(port), "web", "backup", "0")
    assert (done.returncode, done.stderr) == (
        1,
        f"mon: nobody listens for traps at 127.0.0.1 port {port}\n",
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--host", "no.such.name.invalid", "a", "b", "0"), "cannot send to no.such.name.invalid"),
        (("--port", "99999", "a", "b", "0"), "99999 is no port"),
        (("--password-file", "/nonexistent", "a", "b", "0"), "cannot read the password from /nonexistent"),
        (("a", "b", "--", "-1"), "-1 is no status"),
    ],
)
def test_what_cannot_be_sent_is_told(words: tuple[str, ...], why: str) -> None:
    done = trap(*words)
    assert done.returncode == 1
    assert why in done.stderr and "Traceback" not in done.stderr


def test_a_trap_that_is_too_long_is_refused() -> None:
    with pytest.raises(ControlError, match="65000 go into a datagram"):
        datagram(Trap("web", "http", 1, detail=" " * 60_000), 0.0)


@given(st.text(max_size=50), st.text(max_size=50), st.integers(0, 255))
def test_what_is_sent_is_what_is_taken(summary: str, password: str, status: int) -> None:
    summary, password = (
        text.replace("\\", "/").encode("utf-8", "replace").decode() for text in (summary, password)
    )
    sent = Trap("web", "http", status, summary, "", "joe", password)
    assert parse(datagram(sent, 1.0)) == sent
