"""What runs leave behind: what was stopped is killed, what ended is reaped, what stays is kept few.

A program that ended by itself may leave something running on purpose (a connection that the next run uses
again), but a monitor that leaves more at each run would fill the machine.
"""

import asyncio
import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from mon.runner.cgroups import Scopes
from mon.runner.marks import Marks, mark_of
from mon.runner.processes import descendants, kill_marked, kill_runs, processes

log = logging.getLogger("mon.runner")

GATHER_SECONDS = 0.02
LOOK_SECONDS = 5.0

KEPT = 16
"""Processes that the ended runs of one monitor may leave behind; the oldest of more are killed."""


T = TypeVar("T")


class Left(NamedTuple):
    """A process of a run that has ended."""

    started: int
    pid: int
    mark: int


class Seen(NamedTuple):
    """What one look found: children of ours that ended, and what ended runs have left."""

    zombies: frozenset[int]
    left: list[Left]


def look(running: Mapping[int, int]) -> Seen:
    """``running`` are the roots of runs with their marks; what is theirs is not left.

    Raises OSError when no file can be opened.
    """
    present, ours, session = processes(), os.getpid(), os.getsid(0)
    zombies = frozenset(each.pid for each in present if each.zombie and each.parent == ours)
    busy, marks = set(running), set(running.values())
    for root in running:
        busy |= descendants(root, present)
    below = descendants(ours, present) - busy
    mine = [each for each in present if each.pid in below and not each.zombie and each.session != session]
    left = (Left(each.started, each.pid, mark_of(each.pid)) for each in mine)
    return Seen(zombies, sorted(each for each in left if each.mark and each.mark not in marks))


async def _in_thread(work: Callable[[], T], what: str) -> T | None:
    """What the thread found; None, and said, if it could open no file."""
    try:
        return await asyncio.get_running_loop().run_in_executor(None, work)
    except OSError as error:
        log.warning("what runs left behind is %s later: %s", what, error.strerror)
        return None


class Leftovers:
    """Cleans up after runs.  ``running`` gives the roots of those under way, with their marks."""

    def __init__(self, marks: Marks, running: Callable[[], Mapping[int, int]], scopes: Scopes | None) -> None:
        self._scopes = scopes
        self._marks = marks
        self._running = running
        self._stopped: dict[int, int] = {}
        self._ending: asyncio.Task[None] | None = None
        self._missed: set[int] = set()
        self._zombies: frozenset[int] = frozenset()
        self._looking: asyncio.TimerHandle | None = None
        self._told: set[str] = set()
        self._killing: asyncio.Task[None] | None = None
        self._closed = False

    async def kill_run(self, root: int, mark: int) -> None:
        """Kill all that came of a run; at once with others, as a look at all processes is not cheap."""
        self._stopped[root] = mark
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._kill_stopped())
        await asyncio.shield(self._ending)

    def look_later(self) -> None:
        """Look after what is left in a while."""
        loop = asyncio.get_running_loop()
        if not self._closed and (self._looking is None or self._looking.when() <= loop.time()):
            self._looking = loop.call_later(LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._looking:
            self._looking.cancel()

    async def _kill_stopped(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        stopped, self._stopped, self._ending = self._stopped, {}, None
        marks = frozenset(stopped.values())
        if not await _in_thread(lambda: kill_runs(stopped.keys(), marks), "killed"):
            self._missed |= marks  # once more at the next look

    def _look(self) -> None:
        """In a thread: where thousands of processes are it takes some tenths of a second."""
        self._looking = None
        running = dict(self._running())
        looking = asyncio.get_running_loop().create_task(_in_thread(lambda: look(running), "looked for"))
        looking.add_done_callback(self._looked)

    def _looked(self, looking: "asyncio.Task[Seen | None]") -> None:
        if self._scopes is not None:
            self._scopes.sweep()
        seen = None if looking.cancelled() else looking.result()
        if seen is not None:
            self._reap(seen.zombies)
            self._kill({each.pid: each.mark for each in (*self._of_stopped(seen), *self._too_many(seen))})
        self.look_later()

    def _reap(self, zombies: frozenset[int]) -> None:
        """Wait for orphans that became our children and ended.

        Only for what was a zombie at the last look too: other parts of the daemon wait for theirs at once.
        """
        zombies -= self._running().keys()
        for pid in zombies & self._zombies:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._zombies = zombies

    def _of_stopped(self, seen: Seen) -> list[Left]:
        """What is still there of runs that were stopped."""
        found = [each for each in seen.left if each.mark in self._missed]
        self._missed &= {each.mark for each in found}
        return found

    def _too_many(self, seen: Seen) -> list[Left]:
        """The oldest of what a monitor has left, if that is more than it may."""
        by_owner: dict[str, list[Left]] = defaultdict(list)
        for each in seen.left:
            by_owner[self._marks.owner(each.mark)].append(each)
        by_owner.pop("", None)  # alerts: what an action starts is to stay
        many = {owner: left[:-KEPT] for owner, left in by_owner.items() if len(left) > KEPT}
        for owner in many.keys() - self._told:
            log.warning("%s leaves processes behind: of more than %d the oldest are killed", owner, KEPT)
        self._told |= many.keys()
        return [each for left in many.values() for each in left]

    def _kill(self, marked: Mapping[int, int]) -> None:
        if marked:
            killing = _in_thread(lambda: kill_marked(marked), "killed")
            self._killing = asyncio.get_running_loop().create_task(killing)
