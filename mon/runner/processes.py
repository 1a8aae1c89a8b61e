"""What processes there are (/proc), and ending those that came of one run of a plugin."""

import contextlib
import os
import signal
from collections.abc import Iterable, Mapping
from typing import NamedTuple

TOKEN = "_MON_RUN"
"""The variable that marks all processes of one run, unless they drop their environment."""


class Process(NamedTuple):
    """A line of /proc/PID/stat, as far as we care."""

    pid: int
    parent: int
    group: int
    zombie: bool


def processes() -> list[Process]:
    """All processes now; what ends while we look is left out."""
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
            state, parent, group = file.read().rpartition(b")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return Process(pid, int(parent), int(group), state in (b"Z", b"X"))


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


def marked(tokens: Iterable[str], among: Iterable[Process]) -> set[int]:
    """The processes whose environment at start carried a token of these runs."""
    entries = {f"{TOKEN}={token}".encode() for token in tokens if token}
    return {each.pid for each in among if not each.zombie and not entries.isdisjoint(_environment(each.pid))}


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:  # gone, or another user's
        return []


def hunt(prey: Mapping[int, str]) -> None:
    """Kill what came of runs, wherever it went: below the roots, or adopted by us and marked.

    ``prey`` are the roots, none of them waited for yet (so that the numbers are still theirs), with their
    tokens ("" is none).  Looks twice, as what is killed leaves orphans.
    """
    for _ in range(2):
        present = processes()
        adopted = [each for each in present if each.parent == os.getpid() and each.pid not in prey]
        escaped = marked(prey.values(), adopted)
        for pid in (*prey, *escaped):
            escaped |= descendants(pid, present)
        if not escaped:
            return
        for pid in escaped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
