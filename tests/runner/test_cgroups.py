"""Control groups of runs, in a part of the tree that is ours; where there is no cgroup v2, in directories."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mon.runner import Spawner, cgroups
from mon.runner.cgroups import Scope, Scopes, settle
from mon.runner.launch import Command


@pytest.fixture
def group(tmp_path):
    """A group of the kernel's that is delegated to us; where that cannot be, a directory."""
    mounted = cgroups._mounted()
    path = (mounted or tmp_path) / f"mon-test-{os.getpid()}"
    try:
        path.mkdir()
        os.setxattr(path, "user.delegate", b"1")
    except OSError:
        path = tmp_path / "group"
        path.mkdir()
    yield path
    with contextlib.suppress(OSError):
        (path / "cgroup.kill").write_text("1")
    for folder in sorted((each for each in path.rglob("*") if each.is_dir()), reverse=True):
        for _ in range(100):
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
    with contextlib.suppress(OSError):
        path.rmdir()


def real(group):
    return (group / "cgroup.procs").exists()


@pytest.fixture
async def scopes(group):
    (group / "plugins").mkdir()
    return Scopes(group / "plugins")


def groups(scopes):
    return [path for path in scopes._plugins.iterdir() if path.is_dir()]


async def test_a_run_has_a_group_that_goes_with_it(scopes, program, group):
    spawner = Spawner(scopes=scopes)
    ended = await spawner.run(Command((str(program("cat /proc/self/cgroup; exit 3")),)), 10)
    assert ended.status == 3
    if real(group):
        assert f"/{group.name}/plugins/{os.getpid()}-1\n" in ended.output
    assert groups(scopes) == []
    await spawner.close()


@pytest.mark.parametrize(
    ("head", "mode", "status", "why"),
    [
        ("#!/no/such/python\n", 0o755, 1, "its interpreter /no/such/python is not there"),
        ("#!/bin/sh\r\n", 0o755, 1, "its lines end in CRLF"),
        ("#!/bin/sh\n", 0o644, 1, "it is not executable"),
        ("", 0o755, 4, ""),
    ],
)
async def test_what_cannot_be_started_is_said_as_without_groups(scopes, program, head, mode, status, why):
    spawner = Spawner(scopes=scopes)
    ended = await spawner.run(Command((str(program("exit 4", head=head, mode=mode)),)), 10)
    assert (ended.status, ended.started) == (status, not why)
    assert ended.trouble.removeprefix("could not be started: ").startswith(why)
    await spawner.close()


async def test_a_fork_bomb_ends_with_its_group(scopes, program, group, until):
    spawner = Spawner(scopes=scopes)
    one = "(env -i /usr/bin/setsid /bin/sleep 95.7654321 &)"
    bomb = f"i=0; while [ $i -lt 200 ]; do i=$((i+1)); {one}; done; wait"
    ended = await spawner.run(Command((str(program(f"({bomb}) & ({bomb}) & wait; sleep 60")),)), 1)
    assert ended.trouble == "stopped after 1 s"
    scopes.sweep()
    assert await until(lambda: scopes.sweep() or groups(scopes) == [], 30)
    await spawner.close()


async def test_what_an_action_left_running_keeps_its_group_until_it_ends(scopes, program, group, until):
    if not real(group):
        return  # a directory is empty at once
    spawner = Spawner(scopes=scopes)
    await spawner.run(Command((str(program("setsid sleep 94.7654321 >/dev/null 2>&1 &")),)), 10)
    assert len(groups(scopes)) == 1
    Scope(groups(scopes)[0]).kill()
    assert await until(lambda: scopes.sweep() or groups(scopes) == [], 30)
    await spawner.close()


async def test_without_room_for_a_group_the_run_goes_without(tmp_path, program, caplog):
    scopes = Scopes(tmp_path)
    tmp_path = tmp_path / "gone"
    scopes._plugins = tmp_path
    spawner = Spawner(scopes=scopes)
    assert (await spawner.run(Command((str(program("exit 3")),)), 10)).status == 3
    assert "no control group of its own" in caplog.text
    await spawner.close()


SETTLE = """
import sys
from pathlib import Path
from mon.runner.cgroups import settle
Path(sys.argv[1], "cgroup.procs").write_text("0")
scopes = settle()
print(scopes is not None, open("/proc/self/cgroup").read().splitlines()[-1])
"""


@pytest.mark.parametrize(("inside", "delegated"), [("", True), ("daemon", True), ("other", False)])
def test_mon_goes_into_a_leaf_where_its_group_is_delegated(group, inside, delegated):
    if not real(group):
        assert settle(group / inside) is None
        return
    own = group / inside
    own.mkdir(exist_ok=True)
    said = subprocess.run([sys.executable, "-c", SETTLE, own], capture_output=True, text=True, check=True)
    leaf = f"/{group.name}/daemon" if delegated else f"/{group.name}/{inside}"
    assert said.stdout == f"{delegated} 0::{leaf}\n"
    assert (group / "plugins").is_dir() == delegated


def test_limits_are_a_share_of_the_units_where_there_are_any(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "pids.max").write_text("max\n")
    cgroups._limit(tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (tmp_path / "plugins/memory.max").read_text() == "750000"
    assert not (tmp_path / "plugins/pids.max").exists()


def test_where_nothing_is_ours_nothing_is_made(tmp_path):
    assert settle(tmp_path) is None
    assert list(Path(tmp_path).iterdir()) == []
