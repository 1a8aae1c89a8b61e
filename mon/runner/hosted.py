"""The daemon's side of the worker process: operators' Python plugins, called and answered."""

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

from mon.codec import decode
from mon.errors import StoreError
from mon.runner.messages import Frames, Job, Word, frame
from mon.runner.spawn import clean
from mon.users import as_user

log = logging.getLogger("mon.runner")

GRACE = 5.0
"""Seconds that the worker has beyond a job's deadline to say that it stopped it."""

Say = Callable[[Word], None]


class Worker:
    """The worker processes: one for each user that plugins run as, started when first needed.

    A worker that dies takes its jobs with it (they end with trouble) and the next job starts a new one.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, *, user: str = "") -> None:
        self._environment = clean(os.environ if environment is None else environment)
        self._user = user
        self._processes: dict[str, _Process] = {}
        self._numbers = itertools.count(1)

    async def run(self, job: Job, say: Say, *, user: str = "") -> Word:
        """Have one job done; ``say`` gets each word about a host.  Returns its last word.

        Cancelled, it ends the job.
        """
        job = replace(job, id=next(self._numbers))
        try:
            process = self._process(user or self._user)
        except OSError as error:
            return Word(job.id, end=True, trouble=f"the worker could not be started: {error}")
        return await process.run(job, say)

    def _process(self, user: str) -> "_Process":
        process = self._processes.get(user)
        if process is None or process.gone:
            process = self._processes[user] = _Process(user, self._environment)
        return process

    async def close(self) -> None:
        """End the workers and all that they run."""
        for process in self._processes.values():
            await process.close()
        self._processes.clear()


class _Process:
    """One worker process and the channel to it."""

    def __init__(self, user: str, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*as_user(user), sys.executable, "-P", "-m", "mon.worker", "serve"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._channel = ours
        self._frames = Frames()
        self._waiting: dict[int, tuple[Say, asyncio.Future[Word]]] = {}
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(ours, self._on_words)
        self.gone = False

    async def run(self, job: Job, say: Say) -> Word:
        """Send the job and wait for its end, a little longer than its own deadline."""
        future: asyncio.Future[Word] = self._loop.create_future()
        self._waiting[job.id] = (say, future)
        self._send(job)
        try:
            await asyncio.wait({future}, timeout=job.timeout + GRACE)
        finally:
            self._waiting.pop(job.id, None)
            if not future.done():
                self._send(Job(job.id, stop=True))
        if future.done():
            return future.result()
        self._fail("the worker did not answer")
        return Word(job.id, end=True, trouble="the worker did not answer")

    async def close(self) -> None:
        """Hang up: the worker kills what it runs, and goes."""
        self._fail("ended")
        for _ in range(20):
            if self._process.poll() is not None:
                return
            await asyncio.sleep(0.05)
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    def _send(self, job: Job) -> None:
        if self.gone:
            return
        empty = not self._unsent
        self._unsent += frame(job)
        if empty:
            self._on_room()

    def _on_room(self) -> None:
        """Write what the channel takes; the rest when there is room again."""
        try:
            del self._unsent[: self._channel.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._fail("the worker process died")
            return
        if self._unsent:
            self._loop.add_writer(self._channel, self._on_room)
        else:
            self._loop.remove_writer(self._channel)

    def _on_words(self) -> None:
        try:
            data = self._channel.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._fail("the worker process died")
            return
        try:
            words = [decode(message, Word) for message in self._frames.feed(data)]
        except StoreError as error:
            self._fail(f"the worker said what is no answer: {error}")
            return
        for word in words:
            self._hear(word)

    def _hear(self, word: Word) -> None:
        say, future = self._waiting.get(word.id, (None, None))
        if say is None or future is None:
            return
        if not word.end:
            say(word)
        elif not future.done():
            future.set_result(word)

    def _fail(self, trouble: str) -> None:
        """Give up this process; everybody who waits for it is told."""
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._channel)
        self._loop.remove_writer(self._channel)
        self._channel.close()
        if trouble != "ended":
            log.warning("worker process %d: %s", self._process.pid, trouble)
            self._kill()
        for number, (_, future) in self._waiting.items():
            if not future.done():
                future.set_result(Word(number, end=True, trouble=trouble))
