"""What processes there are (/proc), and ending those that came of one run of a plugin."""

import contextlib
import errno
import os
import signal
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from mon.runner.marks import mark_of

PASSES = 20
"""Looks at all processes in one call of kill_runs: each finds what was started since the last one."""

NO_DESCRIPTOR = frozenset((errno.EMFILE, errno.ENFILE))


class Process(NamedTuple):
    """A line of /proc/PID/stat, as far as we care."""

    pid: int
    parent: int
    group: int
    zombie: bool
    session: int = 0
    started: int = 0


def processes() -> list[Process]:
    """All processes now; what ends while we look is left out.

    Raises OSError when no file can be opened.
    """
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    return [found for pid in pids if (found := process(pid)) is not None]


def children() -> list[int]:
    """Our own children, for a process of one thread: one file where the kernel has it, else all processes."""
    ours = os.getpid()
    try:
        with open(f"/proc/self/task/{ours}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:  # built without CONFIG_PROC_CHILDREN
        return [each.pid for each in processes() if each.parent == ours]


def process(pid: int) -> Process | None:
    """One process, None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold anything, so count from its end (proc(5)).
            words = file.read().rpartition(b")")[2].split()
        state, (parent, group, session), started = words[0], map(int, words[1:4]), int(words[19])
    except OSError as error:
        if error.errno in NO_DESCRIPTOR:
            raise
        return None
    except (ValueError, IndexError):
        return None
    return Process(pid, parent, group, state in (b"Z", b"X"), session, started)


def descendants(root: int, among: Iterable[Process]) -> set[int]:
    """The processes below ``root`` whose parents all live."""
    children: dict[int, list[int]] = {}
    for each in among:
        children.setdefault(each.parent, []).append(each.pid)
    found: set[int] = set()
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found.update(below)
        queue += below
    return found


def family() -> list[Process]:
    """What came of us and lives, but for programs that we start in our own session, which are no plugins.

    What escapes a plugin is ours too, whatever parents it had: we are a subreaper.
    """
    present = processes()
    below, session = descendants(os.getpid(), present), os.getsid(0)
    return [each for each in present if each.pid in below and not each.zombie and each.session != session]


def offspring(roots: Iterable[int], marks: Collection[int], among: Iterable[Process]) -> set[int]:
    """What came of runs: the roots, what is below them, and what carries the mark of one."""
    among = list(among)
    found = {each.pid for each in among}.intersection(roots)
    for root in roots:
        found |= descendants(root, among)
    return found | {each.pid for each in among if each.pid not in found and mark_of(each.pid) in marks}


def kill_runs(roots: Collection[int], marks: Collection[int]) -> bool:
    """Kill what came of runs, wherever it went.  Returns whether all of it is gone.

    ``roots`` were not waited for yet, so that the numbers are still theirs.  First everything is stopped, as
    what is stopped starts nothing more; killed is what was seen again after that, so that no number was
    given to another process meanwhile.  Raises OSError when no file can be opened.
    """
    stopped: set[int] = set()
    for _ in range(PASSES):
        found = offspring(roots, marks, family())
        if found <= stopped:
            _signal(found, signal.SIGKILL)
            return True
        _signal(found - stopped, signal.SIGSTOP)
        stopped |= found
    _signal(stopped, signal.SIGKILL)
    return False


def kill_marked(pids: Mapping[int, int]) -> None:
    """Kill these processes, unless the number of one is not that of its mark any more."""
    _signal([pid for pid, mark in pids.items() if mark_of(pid) == mark], signal.SIGKILL)


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
