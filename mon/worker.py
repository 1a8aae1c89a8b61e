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
from pathlib import Path
from typing import NoReturn

from mon.catalog.loading import describe, load
from mon.catalog.plan import Kind
from mon.codec import decode, encode
from mon.errors import MonError, StoreError
from mon.runner.capabilities import become_subreaper, die_with_parent
from mon.runner.messages import Frames, Job, Learned, Word, frame
from mon.runner.performing import perform
from mon.runner.processes import children, hunt
from mon.structs import Struct, field

COMMON = (
    *("ssl", "http.client", "urllib.request", "smtplib", "json", "re", "asyncio", "ftplib", "email"),
    *("requests", "icmplib", "xml.etree.ElementTree", "datetime", "mon.plugin"),
)
"""What plugins like to import: loaded once, before any fork (requests alone is 0.1 s of CPU)."""


class _Running(Struct):
    job: Job
    pid: int
    said: int
    until: float
    frames: Frames = field(default_factory=Frames)
    ended: Word | None = None


class Zygote:
    """Forks for each job it is sent, watches the child, passes on what it says."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames = Frames()
        self._running: dict[int, _Running] = {}
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
            now = time.monotonic()
            for running in [each for each in self._running.values() if each.until <= now]:
                self._end(running, f"stopped after {running.job.timeout:g} s")

    def close(self) -> None:
        """Kill everything that is still running."""
        hunt({running.pid: "" for running in self._running.values()})
        for running in self._running.values():
            _kill(running.pid)
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
                self._start(job)
            elif job.id in self._running:
                self._end(self._running[job.id], "ended")
        return bool(data)

    def _start(self, job: Job) -> None:
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:  # no memory, or too many processes
            os.close(reading)
            os.close(writing)
            self._tell(Word(job.id, end=True, trouble=f"could not be started: {error.strerror}"))
            return
        if pid == 0:
            _child(job, writing, self._learned.get((job.kind, job.path)))
        os.close(writing)
        running = _Running(job, pid, reading, time.monotonic() + job.timeout)
        self._running[job.id] = running
        self._selector.register(reading, selectors.EVENT_READ, running)

    def _hear(self, running: _Running) -> None:
        """Pass on what a job says; at the end of its words it is over, or has to be."""
        data = os.read(running.said, 1 << 16)
        try:
            words = [decode(message, Word) for message in running.frames.feed(data)]
        except StoreError:  # it wrote to our pipe itself
            self._end(running, "it said what is no answer")
            return
        for word in words:
            if word.learned is not None:
                self._learned[running.job.kind, running.job.path] = word.learned
            elif word.id == running.job.id and word.end:
                running.ended = word
            elif word.id == running.job.id:
                self._tell(word)
        if running.ended or not data:
            self._end(running, "")

    def _end(self, running: _Running, trouble: str) -> None:
        self._selector.unregister(running.said)
        os.close(running.said)
        if running.ended is None:
            hunt({running.pid: ""})
        _kill(running.pid)
        _, status = os.waitpid(running.pid, 0)
        del self._running[running.job.id]
        code = os.waitstatus_to_exitcode(status)
        died = f"ended by signal {-code}" if code < 0 else f"ended with status {code}"
        self._tell(running.ended or Word(running.job.id, end=True, trouble=trouble or died))
        self._sweep_up()

    def _sweep_up(self) -> None:
        """Kill and reap what escaped from jobs and became our child."""
        known = {running.pid for running in self._running.values()}
        for pid in children():
            if pid not in known:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    os.waitpid(pid, 0)

    def _tell(self, word: Word) -> None:
        self._channel.sendall(frame(word))


def _kill(pid: int) -> None:
    """End a process and its group; a child that has no group of its own yet is ended alone."""
    for kill, number in ((os.kill, pid), (os.killpg, pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(number, signal.SIGKILL)


def _child(job: Job, writing: int, learned: Learned | None) -> NoReturn:
    """The forked process: do the job, say it, be gone without any of the parent's clean-up."""
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        said = os.fdopen(writing, "wb")

        def say(word: Word) -> None:
            said.write(frame(word))
            said.flush()

        say(perform(job, say, learned))
    finally:
        os._exit(0)


def serve() -> int:
    """Answer on the socket that is our stdin."""
    channel = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    die_with_parent(signal.SIGKILL)
    become_subreaper()
    for name in COMMON:
        with contextlib.suppress(ImportError):  # a plugin that needs it will say so itself
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is loaded stays shared with every fork
    zygote = Zygote(channel)
    try:
        zygote.serve()
    except OSError:  # the daemon is gone, and so are we
        return 0
    finally:
        zygote.close()
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
