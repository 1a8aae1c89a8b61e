"""The process that runs operators' Python plugins: ``python -m mon.worker``.

``describe KIND PATH`` loads one file and prints what it is.  ``serve`` answers on the socket that is its
stdin: it has everything loaded that plugins like to import, and forks for each job, so that a check costs a
fork and can be killed without harm to another one.  What outlives its job is killed, and all of it goes
when the daemon goes.  ``probe`` is another process: it runs our own monitors for the daemon.
"""

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from mon.catalog.loading import describe, load
from mon.catalog.plan import Kind
from mon.codec import decode, encode
from mon.errors import MonError, StoreError
from mon.runner.answers import Answer, bounded
from mon.runner.capabilities import become_subreaper, close_memory, die_with_parent
from mon.runner.marks import Marks, mark_of, mark_ourselves
from mon.runner.messages import Frames, Job, Learned, Word, frame
from mon.runner.performing import perform
from mon.runner.processes import children, kill_runs
from mon.structs import Struct, field, replace

COMMON = (
    *("ssl", "http.client", "urllib.request", "smtplib", "json", "re", "asyncio", "ftplib", "email"),
    *("requests", "icmplib", "xml.etree.ElementTree", "datetime", "mon.plugin"),
)
"""What plugins like to import: loaded once, before any fork (requests alone is 0.1 s of CPU)."""


NO_ANSWER = "it said what is no answer"

SWEEPS = 10
"""Looks for what escaped: what was below it is our child at the next one."""

JOB_LIMIT = 4 << 20
"""Bytes of one message of a job; the longest are the code of large files."""

OWN = 3
"""The descriptor of a job's own channel, its only one besides the three standard ones."""


class _Running(Struct):
    """A job under way, and what it may say.  What it was given is not kept: forks would see it."""

    number: int
    file: tuple[Kind, str]
    timeout: float
    answer: Answer
    pid: int
    mark: int
    said: socket.socket
    until: float
    words: int
    frames: Frames = field(default_factory=lambda: Frames(JOB_LIMIT))
    ended: Word | None = None


class ForkServer:
    """Forks for each job it is sent, watches the child, passes on what it says."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames = Frames()
        self._asked: deque[Job] = deque()
        self._running: dict[int, _Running] = {}
        self._marks = Marks()
        self._learned: dict[tuple[Kind, str], Learned] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ, None)

    def serve(self) -> None:
        """Until the daemon closes its end."""
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.data is not None:
                    self._hear(key.data)
                elif not self._take():
                    return
            while self._asked:
                self._start(self._asked.popleft())
            now = time.monotonic()
            for running in [each for each in self._running.values() if each.until <= now]:
                self._end(running, f"stopped after {running.timeout:g} s")

    def close(self) -> None:
        """Kill everything that is still running."""
        running = self._running.values()
        self._kill_runs([each.pid for each in running], {each.mark for each in running})
        for each in running:
            _kill(each.pid)
        self._running.clear()
        self._sweep_up()

    def _patience(self) -> float | None:
        if not self._running:
            return None
        return max(0.0, min(each.until for each in self._running.values()) - time.monotonic())

    def _take(self) -> bool:
        data = self._channel.recv(1 << 16)
        for message in self._frames.feed(data):
            job = decode(message, Job)
            if not job.stop:
                self._asked.append(job)
            elif job.id in self._running:
                self._end(self._running[job.id], "ended")
            else:
                self._asked = deque(each for each in self._asked if each.id != job.id)
        return bool(data)

    def _start(self, job: Job) -> None:
        mark = self._marks.new()
        try:
            ours, theirs = socket.socketpair()  # no pipe: anybody of its user could open that in /proc
        except OSError as error:
            return self._tell(_not_started(job, error))
        with theirs:
            try:
                pid = os.fork()
            except OSError as error:  # no memory, or too many processes
                ours.close()
                return self._tell(_not_started(job, error))
            if pid == 0:
                learned = self._learned.get((job.kind, job.path))
                self._forget()
                _child(job, theirs, learned, mark)
        running = _Running(
            job.id, (job.kind, job.path), job.timeout, Answer.to(job), pid, mark, ours,
            time.monotonic() + job.timeout, len(job.hosts) + 2,
        )  # fmt: skip
        self._running[job.id] = running
        self._selector.register(ours, selectors.EVENT_READ, running)
        return None

    def _forget(self) -> None:
        """In the forked process: what other jobs were given is none of its business."""
        self._asked.clear()
        self._running.clear()
        self._learned.clear()
        self._frames = Frames()

    def _hear(self, running: _Running) -> None:
        """Pass on what a job says; at the end of its words it is over, or has to be."""
        try:
            data = running.said.recv(1 << 16)
        except ConnectionError:
            data = b""
        try:
            words = [decode(message, Word) for message in running.frames.feed(data)]
        except StoreError:  # it wrote to our channel itself
            return self._end(running, NO_ANSWER)
        running.words -= len(words)
        if running.words < 0:
            return self._end(running, NO_ANSWER)
        for word in words:
            if word.learned is not None:
                self._learned[running.file] = word.learned
            elif running.answer.takes(word):
                self._say(running, bounded(word))
        if running.ended or not data:
            self._end(running, "")
        return None

    def _say(self, running: _Running, word: Word) -> None:
        if word.end:
            running.ended = word
        else:
            self._tell(replace(word, learned=None))

    def _end(self, running: _Running, trouble: str) -> None:
        self._selector.unregister(running.said)
        running.said.close()
        if running.ended is None:
            self._kill_runs([running.pid], {running.mark})
        _kill(running.pid)
        _, status = os.waitpid(running.pid, 0)
        del self._running[running.number]
        code = os.waitstatus_to_exitcode(status)
        died = f"ended by signal {-code}" if code < 0 else f"ended with status {code}"
        self._tell(running.ended or Word(running.number, end=True, trouble=trouble or died))
        self._sweep_up()

    def _kill_runs(self, pids: Collection[int], marks: Collection[int]) -> None:
        with contextlib.suppress(OSError):  # no descriptor is left: what is our child is swept up
            kill_runs(pids, marks)

    def _sweep_up(self) -> None:
        """Kill and reap what escaped from jobs that are over; it became our child."""
        for _ in range(SWEEPS):
            running = self._running.values()
            known, marks = {each.pid for each in running}, {each.mark for each in running}
            found = {pid: _mark(pid) for pid in children() if pid not in known}
            escaped = {pid: mark for pid, mark in found.items() if mark not in marks}
            if not escaped:
                return
            self._kill_runs(escaped.keys(), set(escaped.values()) - {0})
            for pid in escaped:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    os.waitpid(pid, 0)

    def _tell(self, word: Word) -> None:
        self._channel.sendall(frame(word))


def _not_started(job: Job, error: OSError) -> Word:
    return Word(job.id, end=True, trouble=f"could not be started: {error.strerror}")


def _mark(pid: int) -> int:
    try:
        return mark_of(pid)
    except OSError:
        return 0


def _kill(pid: int) -> None:
    """End a process and its group; a child that has no group of its own yet is ended alone."""
    for kill, number in ((os.kill, pid), (os.killpg, pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(number, signal.SIGKILL)


def _child(job: Job, theirs: socket.socket, learned: Learned | None, mark: int) -> NoReturn:
    """The forked process: do the job, say it, be gone without any of the parent's clean-up."""
    try:
        os.setsid()
        mark_ourselves(mark)
        die_with_parent(signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        said = os.fdopen(_alone_with(theirs.detach()), "wb")
        close_memory(closed=False)

        def say(word: Word) -> None:
            said.write(frame(word))
            said.flush()

        say(perform(job, say, learned))
    finally:
        os._exit(0)


def _alone_with(descriptor: int) -> int:
    """Close all that was inherited, the worker's channel among it, but for this; its number from now on."""
    if descriptor != OWN:
        os.dup2(descriptor, OWN, inheritable=False)
    os.closerange(OWN + 1, os.sysconf("SC_OPEN_MAX"))
    return OWN


def serve() -> int:
    """Answer on the socket that is our stdin."""
    channel = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    die_with_parent(signal.SIGKILL)
    become_subreaper()
    close_memory()
    for name in COMMON:
        with contextlib.suppress(ImportError):  # a plugin that needs it will say so itself
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is loaded stays shared with every fork
    server = ForkServer(channel)
    try:
        server.serve()
    except OSError:  # the daemon is gone, and so are we
        return 0
    finally:
        server.close()
    return 0


def describe_file(kind: str, path: str) -> int:
    """Print what a file says about itself; what the file prints goes nowhere."""
    out = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        about = describe(load(Path(path), "mon._plugins.operator"), Kind(kind))
    except MonError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    os.write(out, encode(about))
    sys.stderr.flush()
    os._exit(0)  # threads and exit hooks of the file have no say


def main(words: list[str]) -> int:
    """``serve``, ``probe`` or ``describe KIND PATH``."""
    if words[:1] == ["describe"] and len(words) == 3:
        return describe_file(words[1], words[2])
    if words == ["serve"]:
        return serve()
    if words == ["probe"]:
        probing = importlib.import_module("mon.runner.probing")  # not in what forks for each job
        return int(probing.serve())
    print("usage: python -m mon.worker serve | probe | describe KIND PATH", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
