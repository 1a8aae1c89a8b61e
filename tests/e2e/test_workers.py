"""`workers 2`: the daemon probes in processes of its own, and nobody notices when they die."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

WATCH = """\
workers = {workers}

hostgroup farm 127.0.1.1 127.0.1.2 127.0.1.3

watch farm
    service http
        interval 100ms
        monitor http.monitor -p {port} -t 15
"""


def workers(daemon: Daemon) -> list[int]:
    """The processes that probe for it."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if parent == daemon.process.pid and b"probe" in words:
                found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    """Is it there, and no zombie?  (Orphans are ours to reap when a test before has made us a subreaper.)"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def service(daemon: Daemon) -> dict[str, object]:
    status = daemon.status()
    return status["services"][0] if status else {}


def checked(daemon: Daemon) -> Daemon:
    until(lambda: service(daemon).get("last_check"), daemon)
    return daemon


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_workers_that_are_killed_are_replaced_and_nothing_else_notices(
    start: Start, farm: list[Site]
) -> None:
    daemon = checked(start(WATCH.format(workers=2, port=farm[0].port)))
    first = until(lambda: len(workers(daemon)) == 2 and workers(daemon), daemon)
    for _ in range(4):
        kill(workers(daemon)[:1])
        time.sleep(0.3)
    kill(workers(daemon))
    until(lambda: len(now := set(workers(daemon))) == 2 and not now & set(first), daemon)
    assert service(daemon)["opstatus"] == "ok"
    assert daemon.seen("transition", new="fail") is None, str(daemon)

    farm[1].down()
    daemon.wait_for("transition", host="127.0.1.2", new="down")


def test_a_reload_changes_their_number_and_the_end_ends_them(start: Start, farm: list[Site]) -> None:
    text = WATCH.format(workers=0, port=farm[0].port)
    daemon = checked(start(text))
    assert workers(daemon) == []
    for number in (3, 1):
        daemon.config.write_text(
            daemon.config.read_text().replace(f"workers = {0 if number == 3 else 3}", f"workers = {number}")
        )
        assert daemon.ask("reload").returncode == 0
        until(lambda number=number: len(workers(daemon)) == number, daemon)
    (last,) = workers(daemon)
    before = service(daemon)["last_check"]
    until(lambda: service(daemon)["last_check"] != before, daemon)
    assert daemon.seen("transition", new="fail") is None, str(daemon)
    daemon.stop()
    assert not alive(last)


def test_they_go_with_a_daemon_that_is_killed(start: Start, farm: list[Site]) -> None:
    daemon = checked(start(WATCH.format(workers=2, port=farm[0].port)))
    pids = until(lambda: len(workers(daemon)) == 2 and workers(daemon), daemon)
    daemon.kill()
    until(lambda: not any(map(alive, pids)), pids)
