"""What runs leave behind: nothing of what was stopped, little of what ended, all of what alerts start."""

import asyncio
import contextlib
import errno
import os
import signal
import time
from pathlib import Path

import pytest

from mon.runner.launch import Command
from mon.runner.leftovers import KEPT

OTHER = "/usr/bin/setpriv --reuid=65534 --clear-groups"
SLEEP = "sh -c 'echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60'"
ESCAPES = {
    "a child": f"{SLEEP} & wait",
    "a session of its own": f"setsid {SLEEP} & sleep 60",
    "an orphan with a session": f"(setsid {SLEEP} &); sleep 60",
    "an empty environment": f"env -i /usr/bin/setsid /bin/{SLEEP} & exec sleep 60",
    "an orphan without output": f"(env -i /usr/bin/setsid -f /bin/{SLEEP} >/dev/null 2>&1 &); exec sleep 60",
    "orphans of orphans": f'(setsid sh -c "(env -i /usr/bin/setsid /bin/{SLEEP} &) ; sleep 0.1" &); sleep 60',
    "deaf to signals": f"trap '' TERM HUP INT; (env -i /usr/bin/setsid /bin/{SLEEP} &); sleep 60",
    "without descriptors": f"(env -i /usr/bin/setsid /bin/{SLEEP} 0<&- 1>&- 2>&- &); sleep 60",
}
if os.geteuid() == 0:
    ESCAPES["another user"] = f"(env -i /usr/bin/setsid {OTHER} /bin/{SLEEP} &); sleep 60"


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ESCAPES.items()])
async def test_nothing_escapes_the_end_of_a_run(spawner, program, tmp_path, alive, until, text):
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's own are ours alone
        folder.chmod(0o777 if folder == tmp_path else 0o755)
    running = asyncio.create_task(
        spawner.run(Command((str(program(text.replace("{pid}", f"{tmp_path}/pid"))),)), 30)
    )
    assert await until((tmp_path / "pid").exists, 20)
    pid = int((tmp_path / "pid").read_text())
    assert alive(pid)
    running.cancel()
    assert await until(lambda: not alive(pid), 20)


async def test_a_fork_bomb_ends_with_its_run(spawner, program, until):
    one = "(env -i /usr/bin/setsid /bin/sleep 98.7654321 &)"
    bomb = f"i=0; while [ $i -lt 300 ]; do i=$((i+1)); {one}; done; sleep 60"
    await spawner.run(Command((str(program(f"({bomb}) & ({bomb}) & wait")),)), 1)
    assert await until(lambda: not sleeping("98.7654321"), 30)


def sleeping(seconds):
    """The processes that sleep so long: a number that nobody else takes."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if seconds in said_by(pid)]


def said_by(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


async def test_without_descriptors_what_a_run_leaves_is_killed_later(
    spawner, program, tmp_path, alive, until, monkeypatch
):
    def none(path):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("mon.runner.leftovers.LOOK_SECONDS", 0.05)
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", none)
        text = f"(env -i /usr/bin/setsid /bin/{SLEEP} &); sleep 60".replace("{pid}", f"{tmp_path}/pid")
        ended = await spawner.run(Command((str(program(text)),)), 1)
        await asyncio.sleep(0.2)
    assert ended.trouble == "stopped after 1 s"
    pid = int((tmp_path / "pid").read_text())
    assert await until(lambda: not alive(pid), 20)


async def test_what_ended_runs_of_a_monitor_leave_behind_does_not_add_up(
    spawner, program, until, monkeypatch, caplog
):
    monkeypatch.setattr("mon.runner.leftovers.LOOK_SECONDS", 0.05)
    path = str(program("env -i /usr/bin/setsid /bin/sleep 97.7654321 &"))
    for _ in range(KEPT + 5):
        await spawner.run(Command((path,), owner="farm/http"), 20)
    assert await until(lambda: len(sleeping("97.7654321")) == KEPT, 20)
    assert "farm/http leaves processes behind" in caplog.text
    for pid in sleeping("97.7654321"):
        os.kill(pid, signal.SIGKILL)


async def test_what_an_action_starts_stays(spawner, program, until, monkeypatch):
    monkeypatch.setattr("mon.runner.leftovers.LOOK_SECONDS", 0.05)
    path = str(program("setsid /bin/sleep 96.7654321 &"))
    for _ in range(KEPT + 1):
        await spawner.run(Command((path,)), 20)
    await asyncio.sleep(0.5)
    left = sleeping("96.7654321")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == KEPT + 1


async def test_the_look_for_orphans_holds_up_nothing(spawner, program, ticker, monkeypatch):
    def slowly():
        time.sleep(1.2)
        looks.append(1)
        return []

    looks = []
    monkeypatch.setattr("mon.runner.leftovers.processes", slowly)
    monkeypatch.setattr("mon.runner.leftovers.LOOK_SECONDS", 0.05)
    await spawner.run(Command((str(program("exit 0")),)), 5)
    await asyncio.sleep(1.5)
    assert looks and max(ticker) < 0.7
