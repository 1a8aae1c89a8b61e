"""Starts programs and watches them: the only place that starts a plugin's process.

A program gets a session of its own, so that its whole process group can be ended.  Its end is seen by
pidfd; a run is over when the program exits, not at the end of its output, which daemonised children keep
open.
"""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from time import perf_counter

from mon.catalog.interpreter import unstartable
from mon.probe.deadlines import Deadlines
from mon.probe.poller import Poller
from mon.probe.threads import Threads
from mon.runner.capabilities import become_subreaper
from mon.runner.cgroups import WRAPPER, Scopes
from mon.runner.child import Child, Said, abandon
from mon.runner.launch import Command, Launcher
from mon.runner.leftovers import Leftovers
from mon.runner.marks import Marks
from mon.runner.pace import Pace
from mon.starting import start
from mon.structs import Struct

log = logging.getLogger("mon.runner")

PATIENCE = 0.5
"""Seconds between SIGTERM and SIGKILL."""

LONG = 16 * 1024
"""Bytes of output from which on a thread makes text of them."""

READERS = 4
"""Threads that do so."""

UNSTARTED = 1
"""The exit status of what was not started: the classic mon's, so that ``alert exit=1`` is called as there."""

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit statuses of the shell for a command that cannot be run; setpriv(1) has them too."""

WRAPPERS_SAY = ("setpriv: ", f"{WRAPPER}: ")
"""... and says why.  A script whose last command was not found has the status alone."""


class Ended(Struct, frozen=True):
    """How a program ended.

    ``status`` is 128+N for death by signal N.  ``trouble`` says why this is no answer of the program
    itself: not started, stopped at its deadline, ended by a signal; "" if it ended by itself.
    """

    status: int
    output: str = ""
    trouble: str = ""
    started: bool = True
    errors: str = ""


class Spawner:
    """The owner of all child processes that are plugins.

    ``environment`` is what we inherited, of which they get little (see mon.users) and the variables called
    ``also``; ``directory`` is where they start, ``user`` who they run as unless a command says otherwise
    ("" is us).  ``scopes``: each run has a control group.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        directory: str = "/",
        user: str = "",
        also: Iterable[str] = (),
        scopes: Scopes | None = None,
    ) -> None:
        inherited = os.environ if environment is None else environment
        self._launcher = Launcher(inherited, directory=directory, user=user, also=also, scopes=scopes)
        self._scopes = scopes
        self._children: dict[int, Child] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._poller = Poller()
        self._deadlines = Deadlines()
        self._pace = Pace()
        self._readers = Threads(READERS, "reader")  # of those that the end of mon does not wait for
        self._marks = Marks()
        self._leftovers = Leftovers(self._marks, self._running, scopes)
        become_subreaper()

    def start(self, command: Command) -> Child:
        """Start a program.

        Raises OSError when it cannot be started.
        """
        mark = self._marks.new(command.owner)
        child = Child(self._launcher.start(command, mark), mark, self._poller)
        _watch(child)
        self._children[child.pid] = child
        self._leftovers.look_later()
        return child

    async def run(self, command: Command, timeout: float, started: list[int] | None = None) -> Ended:
        """Run a program to its end, at most ``timeout`` seconds; whatever happens is an Ended.

        ``started`` gets the process number appended.  Cancelled, it ends the program in the background.
        """
        await self._pace.turn()
        before = perf_counter()
        try:
            child = self.start(command)
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            return _unstarted(command, _reason(error))
        finally:
            self._pace.spent(perf_counter() - before)
        if started is not None:
            started.append(child.pid)
        try:
            over = await child.over(timeout, self._deadlines)
        except asyncio.CancelledError:
            if child.pid in self._children:  # else it was left to itself
                self.end(child)
            raise
        if over:
            ended = await self._collect(child, "")
            if self._launcher.wraps(command) and _not_started(ended):
                return _unstarted(command, (ended.errors or ended.output).partition("\n")[0])
            return ended
        await self._stop(child)
        return await self._collect(child, f"stopped after {timeout:g} s")

    def end(self, child: Child) -> None:
        """End a program in the background."""

        async def finish() -> None:
            await self._stop(child)
            self._let_go(child)

        task = asyncio.get_running_loop().create_task(finish())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Wait for what is being ended, and stop reaping.  Programs still running are let run."""
        while self._ending:
            await asyncio.wait(self._ending)
        self._leftovers.close()
        if not self._children:
            self._deadlines.close()
            self._poller.close()
        self._launcher.close()
        self._readers.close()

    def leave(self, pid: int) -> None:
        """Let a program outlive us: somebody goes on reading its output, or it would die of SIGPIPE."""
        child = self._children.pop(pid, None)
        if child is None:
            return
        with contextlib.suppress(OSError):
            reader = start(
                ["cat"], stdin=child.outlets[0].fd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                cwd="/", start_new_session=True,
            )  # fmt: skip
            abandon(reader)
        child.abandon()

    def _running(self) -> dict[int, int]:
        return {pid: child.mark for pid, child in self._children.items()}

    async def _stop(self, child: Child) -> None:
        """SIGTERM, a little patience, SIGKILL for the whole group, and for what escaped it."""
        child.signal(signal.SIGTERM)
        await child.over(PATIENCE, self._deadlines)
        child.signal(signal.SIGKILL)  # the group, even if its leader has gone: it is not waited for yet
        if child.scope is not None:
            child.scope.kill()
        await self._leftovers.kill_run(child.pid, child.mark)
        await child.over(PATIENCE, self._deadlines)

    async def _collect(self, child: Child, stopped: str) -> Ended:
        status, (said, errors) = self._let_go(child)
        output, error = await self._text(said), await self._text(errors)
        if stopped:
            status = 128 + signal.SIGKILL if status is None else _status(status)
            return Ended(status, output, stopped, errors=error)
        assert status is not None  # it has exited
        trouble = f"ended by signal {-status} ({_signal_name(-status)})" if status < 0 else ""
        return Ended(_status(status), output, trouble, errors=error)

    async def _text(self, said: Said) -> str:
        return said.text if len(said.output) < LONG else await self._readers.submit(getattr, said, "text")

    def _let_go(self, child: Child) -> tuple[int | None, tuple[Said, Said]]:
        self._children.pop(child.pid, None)
        ended = child.wait(), child.finish()
        if child.scope is not None and self._scopes is not None:
            self._scopes.over(child.scope)
        return ended


def _unstarted(command: Command, reason: str) -> Ended:
    """It could not be started; of what the kernel does not find, the file's first line tells more."""
    why = unstartable(command.words[0]).partition(": ")[0] if os.path.isfile(command.words[0]) else ""
    return Ended(UNSTARTED, trouble=f"could not be started: {why or reason}", started=False)


def _not_started(ended: Ended) -> bool:
    """Was it setpriv or the shell that ended, because it could not start what it should?"""
    said = ended.errors or ended.output
    return ended.status in (NOT_EXECUTABLE, NOT_FOUND) and said.startswith(WRAPPERS_SAY)


def _watch(child: Child) -> None:
    try:
        child.watch()
    except OSError:  # no descriptor left: what was started must not run unwatched
        child.signal(signal.SIGKILL)
        child.wait_for()
        child.close()
        raise


def _status(code: int) -> int:
    return 128 - code if code < 0 else code


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return "a real-time signal"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        return "its arguments and variables are too long"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
