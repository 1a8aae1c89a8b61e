"""The daemon's side of the worker process: operators' Python plugins, called and answered."""

import asyncio
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping

from mon.catalog.plan import Value
from mon.codec import decode
from mon.runner.answers import Answer
from mon.runner.cgroups import Scopes
from mon.runner.launch import yield_to_others
from mon.runner.messages import Job, Word
from mon.runner.peer import ENDED, Peer
from mon.runner.variables import clean
from mon.structs import replace
from mon.users import as_user, environment_of, named_variables

log = logging.getLogger("mon.runner")

GRACE = 5.0
"""Seconds that the worker has beyond a job's deadline to say that it stopped it."""

NUMBER_BITS = 62
"""Of the number of a job: in JSON it stays one of 64 bits with a sign."""

Say = Callable[[Word], None]


class Worker:
    """The worker processes: one for each user that plugins run as, started when first needed.

    A worker that dies takes its jobs with it (they end with trouble) and the next job starts a new one.
    ``environment`` is what we inherited, of which they get little (see mon.users), and ``also`` besides.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        user: str = "",
        also: Iterable[str] = (),
        scopes: Scopes | None = None,
    ) -> None:
        self._scopes = scopes
        self._inherited = os.environ if environment is None else environment
        self._also = (*also, "PYTHONPATH")
        self._user = user
        self._processes: dict[str, _Process] = {}

    async def run(self, job: Job, say: Say, *, user: str = "") -> Word:
        """Have one job done; ``say`` gets each word about a host.  Returns its last word.

        Cancelled, it ends the job.
        """
        number = secrets.randbits(NUMBER_BITS)  # a plugin cannot guess another one's
        named = named_variables(_words(job.options.values()), self._inherited)
        job = replace(job, id=number, environment=clean({**named, **job.environment}))
        try:
            process = self._process(user or self._user)
        except OSError as error:
            return Word(job.id, end=True, trouble=f"the worker could not be started: {error}")
        return await process.run(job, say)

    def _process(self, user: str) -> "_Process":
        process = self._processes.get(user)
        if process is None or process.peer.gone:
            environment = clean(environment_of(user, self._inherited, self._also))
            process = self._processes[user] = _Process(user, environment, self._scopes)
        return process

    async def close(self) -> None:
        """End the workers and all that they run."""
        for process in self._processes.values():
            await process.close()
        self._processes.clear()


def _words(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        yield from value if isinstance(value, list) else (str(value),)


class _Process:
    """One worker process and who waits for it."""

    def __init__(self, user: str, environment: Mapping[str, str], scopes: Scopes | None) -> None:
        words = [*as_user(user), sys.executable, "-P", "-m", "mon.worker", "serve"]
        self.peer = Peer(words, environment, self._hear, self._on_lost)
        yield_to_others(self.peer.pid)
        self._scopes, self._scope = scopes, scopes.new() if scopes is not None else None
        if self._scope is not None:
            self._scope.adopt(self.peer.pid)
        self._waiting: dict[int, tuple[Say, asyncio.Future[Word], Answer]] = {}
        self._loop = asyncio.get_running_loop()

    async def run(self, job: Job, say: Say) -> Word:
        """Send the job and wait for its end, a little longer than its own deadline."""
        future: asyncio.Future[Word] = self._loop.create_future()
        self._waiting[job.id] = (say, future, Answer.to(job))
        self.peer.send(job)
        try:
            await asyncio.wait({future}, timeout=job.timeout + GRACE)
        finally:
            self._waiting.pop(job.id, None)
            if not future.done():
                self.peer.send(Job(job.id, stop=True))
        if future.done():
            return future.result()
        self.peer.fail("did not answer")
        return Word(job.id, end=True, trouble="the worker process did not answer")

    async def close(self) -> None:
        """Hang up: the worker kills what it runs, and goes."""
        self._tell_all(ENDED)
        await self.peer.close()
        self._leave_scope()

    def _leave_scope(self) -> None:
        if self._scope is not None and self._scopes is not None:
            self._scope.kill()
            self._scopes.over(self._scope)

    def _hear(self, message: bytes) -> None:
        word = decode(message, Word)
        waiting = self._waiting.get(word.id)
        if waiting is None:
            return
        say, future, answer = waiting
        if not answer.takes(word):
            return
        if not word.end:
            say(word)
        elif not future.done():
            future.set_result(word)

    def _on_lost(self, why: str) -> None:
        log.warning("worker process %d %s", self.peer.pid, why)
        self._leave_scope()
        self._tell_all(f"the worker process {why}")

    def _tell_all(self, trouble: str) -> None:
        """Everybody who waits is told."""
        for number, (_, future, _) in self._waiting.items():
            if not future.done():
                future.set_result(Word(number, end=True, trouble=trouble))
