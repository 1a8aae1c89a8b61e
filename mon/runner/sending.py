"""Calls alerts: one notice to one plugin, once; whatever happens is a Delivery."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from mon.catalog.plan import Bound, Form, Kind
from mon.errors import Undeliverable
from mon.model.config import CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Delivery, Fate, Notice
from mon.probe.threads import Threads
from mon.runner.child import OUTPUT_LIMIT
from mon.runner.hosted import Worker
from mon.runner.launch import Command
from mon.runner.messages import Job, Word
from mon.runner.spawn import Ended, Spawner
from mon.structs import replace

MESSAGE_SECONDS = 60.0
ACTION_SECONDS = 300.0
"""How long a message, an action (a program) may take."""

TEMPORARY = 75
"""EX_TEMPFAIL of sysexits.h."""

FLAGS = {
    AlertType.UP: "-u",
    AlertType.ACK: "-a",
    AlertType.DISABLE: "-D",
    AlertType.TRAP: "-T",
    AlertType.TRAPTIMEOUT: "-O",
}
"""What tells a program why it is called (PROTOCOL §9); the others have no flag."""


class Sending:
    """The alerts that are being sent."""

    def __init__(
        self,
        spawner: Spawner,
        worker: Worker | None,
        threads: Threads,
        *,
        given: Mapping[str, object],
        clock: Callable[[], Moment],
        templates: tuple[str, ...] = (),
    ) -> None:
        self._spawner = spawner
        self._worker = worker
        self._threads = threads
        self._given = given
        self._clock = clock
        self._templates = templates
        self._tasks: set[asyncio.Task[Delivery]] = set()
        self._pids: dict[asyncio.Task[Delivery], list[int]] = {}

    async def send(self, bound: Bound, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Call the plugin with the notice.

        ``attempt`` counts from 1.  A caller that is cancelled does not end the call: see ``close``.
        """
        started: list[int] = []
        return await self._tracked(self._timed(bound, notice, attempt, started), started)

    async def call(self, command: CommandLine, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Call a command with just its own words; what there is to know is in its environment and stdin."""
        started: list[int] = []
        return await self._tracked(self._called(command, notice, attempt, started), started)

    async def _tracked(self, run: Coroutine[Any, Any, Delivery], started: list[int]) -> Delivery:
        task = asyncio.get_running_loop().create_task(run)
        self._tasks.add(task)
        self._pids[task] = started
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def close(self, grace: float) -> None:
        """Wait ``grace`` seconds for what is being sent.

        Programs that still run then are left to finish by themselves; the rest is given up.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in list(self._tasks):
            for pid in self._pids.get(task, ()):
                self._spawner.leave(pid)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self, task: "asyncio.Task[Delivery]") -> None:
        self._tasks.discard(task)
        self._pids.pop(task, None)

    async def _timed(self, bound: Bound, notice: Notice, attempt: int, started: list[int]) -> Delivery:
        before = self._clock().mono
        if bound.target is not None:
            ended = Delivery(Fate.FAILED, "this alert votes on a pool: there is nothing to call")
        elif bound.plugin.form is Form.EXECUTABLE:
            words, user = arguments(bound, notice), bound.command.runas
            ended = Delivery(*await self._program(words, user, notice, attempt, started))
        elif bound.plugin.form is Form.PYTHON:
            ended = await self._hosted(bound, notice)
        else:
            ended = await self._native(bound, notice)
        return replace(ended, duration=max(0.0, self._clock().mono - before))

    async def _native(self, bound: Bound, notice: Notice) -> Delivery:
        plugin = bound.plugin
        assert plugin.function is not None  # there for a native plugin
        given = {name: self._given[kind] for name, kind in plugin.about.needs}
        call = partial(plugin.function, notice, **bound.options, **given)
        try:
            async with asyncio.timeout(MESSAGE_SECONDS) as deadline:
                said = await (call() if plugin.about.waits else self._threads.submit(call))
        except Undeliverable as error:
            fate = Fate.FAILED if error.permanent else Fate.RETRY
            return Delivery(
                fate, str(error), retry_after=error.retry_after, left=error.left, refused=error.refused
            )
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the alert is not lost
            if isinstance(error, TimeoutError) and deadline.expired():
                return Delivery(Fate.RETRY, f"no end within {MESSAGE_SECONDS:g} s")
            return Delivery(Fate.RETRY, f"the alert failed: {type(error).__name__}: {error}")
        return Delivery(Fate.SENT, str(said or ""))

    async def _hosted(self, bound: Bound, notice: Notice) -> Delivery:
        if self._worker is None:
            return Delivery(Fate.RETRY, "there is no worker process")
        job = Job(
            0, Kind.ALERT, str(bound.plugin.path), dict(bound.options), notice=notice,
            timeout=MESSAGE_SECONDS, templates=self._templates,
        )  # fmt: skip
        last = await self._worker.run(job, _nothing, user=bound.command.runas)
        why = last.trouble or last.detail
        return Delivery(last.fate, why, retry_after=last.retry_after, left=last.left, refused=last.refused)

    async def _called(self, line: CommandLine, notice: Notice, attempt: int, started: list[int]) -> Delivery:
        before = self._clock().mono
        fate, why = await self._program(line.words, line.runas, notice, attempt, started)
        return Delivery(fate, why, max(0.0, self._clock().mono - before))

    async def _program(
        self, words: tuple[str, ...], user: str, notice: Notice, attempt: int, started: list[int]
    ) -> tuple[Fate, str]:
        command = Command(
            words=words,
            environment={**notice.environment, **({"MON_ATTEMPT": str(attempt)} if attempt > 1 else {})},
            stdin=notice.output.encode(errors="surrogateescape")[:OUTPUT_LIMIT],
            user=user,
        )
        return fate_of(await self._spawner.run(command, ACTION_SECONDS, started))


def arguments(bound: Bound, notice: Notice) -> tuple[str, ...]:
    """The command line of an alert that is a program (PROTOCOL §9)."""
    flag = FLAGS.get(notice.type)
    return (
        str(bound.plugin.path),
        *("-s", notice.service, "-g", notice.watch, "-h", " ".join(notice.hosts), "-t", str(int(notice.at))),
        *((flag,) if flag else ()),
        *bound.command.arguments,
    )


def fate_of(ended: Ended) -> tuple[Fate, str]:
    """What an action's end means (DESIGN §5)."""
    said = ended.output.partition("\n")[0]
    if ended.trouble:
        return Fate.RETRY, f"{ended.trouble}: {said}" if said else ended.trouble
    if ended.status == 0:
        return Fate.SENT, said
    why = f"exit status {ended.status}" + (f": {said}" if said else "")
    return (Fate.RETRY if ended.status == TEMPORARY else Fate.FAILED), why


def _nothing(word: Word) -> None:
    """An alert says nothing about hosts."""
