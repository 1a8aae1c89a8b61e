"""Runs monitors: one round of a service, whatever its monitor's form, to host results and a run result.

Ours are timed, bounded and never overlap per host; a program gets all hosts and never overlaps per
service.  So one hung host delays neither its siblings nor their next round.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mon.catalog.plan import Bound, Check, Form
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.probe.pulse import Pulse
from mon.probe.threads import Threads
from mon.runner.hosted import Worker
from mon.runner.judging import Finished, Report, finding, judged, roll_up
from mon.runner.messages import Job, Word
from mon.runner.spawn import Command, Spawner

Finding = tuple[Verdict, str, Cause]
Tell = Callable[[str, Finding], None]
"""Called with the host's target as soon as something is known about it."""


@dataclass(slots=True)
class Flight:
    """What is under way of one service, and what was last said about its hosts."""

    hosts: set[str] = field(default_factory=set)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    pids: list[int] = field(default_factory=list)
    standing: dict[str, HostResult] = field(default_factory=dict)


class Rounds:
    """All monitors that are running.  ``given`` are the daemon's own objects by the class asked for."""

    def __init__(
        self,
        spawner: Spawner,
        worker: Worker | None,
        threads: Threads,
        *,
        given: Mapping[str, object],
        clock: Callable[[], Moment],
        limit: int,
    ) -> None:
        self._spawner = spawner
        self._worker = worker
        self._threads = threads
        self._given = given
        self._clock = clock
        self._room = asyncio.Semaphore(limit)
        self._process_room = asyncio.Semaphore(limit)
        self._pulse = Pulse()
        self._flights: dict[Key, Flight] = {}
        self._blocked: dict[tuple[Key, str], threading.Event] = {}
        self._starved: set[tuple[Key, str]] = set()

    def in_flight(self, key: Key) -> int | None:
        """The process of a running monitor, 0 for one of ours, None if none is running."""
        flight = self._flights.get(key)
        if flight is None or not (flight.hosts or flight.tasks):
            return None
        return flight.pids[-1] if flight.pids else 0

    async def round(
        self, check: Check, hosts: Sequence[Host], environment: Mapping[str, str], report: Report
    ) -> RunResult | None:
        """Check those of ``hosts`` that are not being checked already; None if that is nobody.

        ``report`` is called the moment a host's result is known.  The run result rolls up all ``hosts``,
        with the standing verdict of those still under way from an earlier round.
        """
        bound = check.monitor
        if bound is None:
            return None
        flight = self._flights.setdefault(check.key, Flight())
        if bound.plugin.form is Form.EXECUTABLE:
            return await self._program(check, bound, flight, hosts, environment, report)
        wanted = wanted_hosts(bound, hosts)
        begun = [host for host in wanted if host.name not in flight.hosts]
        if wanted and not begun:
            return None
        started = self._clock()
        tasks = self._begin(check, bound, flight, begun, report)
        if not await _finished(flight, tasks):
            return None
        flight.standing = {name: flight.standing[name] for name in _names(wanted) if name in flight.standing}
        return roll_up(Finished(check.key, started, self._clock()), list(flight.standing.values()))

    async def again(self, check: Check, host: Host, environment: Mapping[str, str], report: Report) -> None:
        """Check one host beside the rounds; nothing is done if it (a program: anybody) is being checked."""
        bound = check.monitor
        if bound is None:
            return
        flight = self._flights.setdefault(check.key, Flight())
        if bound.plugin.form is Form.EXECUTABLE:
            await self._program(check, bound, flight, [host], environment, report)
        elif host.name not in flight.hosts:
            await _finished(flight, self._begin(check, bound, flight, [host], report))

    def cancel(self, key: Key) -> None:
        """End what is running of a service and forget it; its round gives None."""
        flight = self._flights.pop(key, None)
        for task in flight.tasks if flight else ():
            task.cancel()

    async def close(self) -> None:
        """End everything."""
        tasks = [task for flight in self._flights.values() for task in flight.tasks]
        for key in list(self._flights):
            self.cancel(key)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pulse.stop()

    # -- ours, and operators' Python -----------------------------------------------------------

    def _begin(
        self, check: Check, bound: Bound, flight: Flight, hosts: Sequence[Host], report: Report
    ) -> list[asyncio.Task[None]]:
        """Start the checks of ``hosts``: one task each, or one for all of a sweep."""
        flight.hosts.update(_names(hosts))
        groups = [list(hosts)] if bound.plugin.sweep else [[host] for host in hosts]
        return [
            asyncio.get_running_loop().create_task(self._group(check, bound, flight, group, report))
            for group in groups
            if group
        ]

    async def _group(
        self, check: Check, bound: Bound, flight: Flight, hosts: list[Host], report: Report
    ) -> None:
        """Have one call of the plugin made, and make results of what it says; every host gets one."""
        async with self._room:
            started = self._clock()
            began = asyncio.get_running_loop().time()
            left: dict[str, list[str]] = {}
            for host in hosts:
                left.setdefault(host.target, []).append(host.name)

            def tell(target: str, found: Finding) -> None:
                run = Finished(check.key, started, self._clock())
                verdict, detail, cause = self._excused(found, began, check.timeout)
                for name in left.pop(target, ()):
                    result = run.of_host(name, verdict, detail, cause=cause)
                    flight.standing[name] = result
                    flight.hosts.discard(name)
                    report(result)

            try:
                with self._beating():
                    for_the_rest = await self._call(check, bound, list(left), tell)
                for target in list(left):
                    tell(target, for_the_rest)
            finally:
                for names in left.values():
                    flight.hosts.difference_update(names)

    @contextmanager
    def _beating(self) -> Iterator[None]:
        self._pulse.begin()
        try:
            yield
        finally:
            self._pulse.end()

    def _excused(self, found: Finding, began: float, timeout: float) -> Finding:
        """A timeout says nothing about the host if it was we who were held up (DESIGN §1)."""
        verdict, _, cause = found
        if verdict is not Verdict.DOWN or cause is not Cause.TIMEOUT:
            return found
        held_up = self._pulse.held_up(began)
        if held_up <= timeout / 2:
            return found
        return Verdict.UNKNOWN, f"mon itself was held up for {held_up:.1f} s of the check's time", Cause.NONE

    async def _call(self, check: Check, bound: Bound, targets: list[str], tell: Tell) -> Finding:
        """One call of the plugin for ``targets``; returns what is to be said of those it did not tell of."""
        if bound.plugin.form is Form.PYTHON:
            return await self._hosted(check, bound, targets, tell)
        try:
            async with asyncio.timeout(check.timeout) as deadline:
                return await self._native(check, bound, targets, tell)
        except TimeoutError as error:
            if deadline.expired():
                return self._late(check, targets[0])
            return finding(error)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes a result
            return finding(error)

    async def _native(self, check: Check, bound: Bound, targets: list[str], tell: Tell) -> Finding:
        plugin = bound.plugin
        assert plugin.function is not None  # there for a native plugin
        given = {name: self._given[kind] for name, kind in plugin.about.needs}
        call = partial(plugin.function, **bound.options, **given)
        if plugin.sweep:
            await call(targets, _reporter(tell))
            return Verdict.UNKNOWN, "the monitor said nothing about it", Cause.NONE
        if not plugin.about.waits:
            return await self._in_thread(check, call, targets[0])
        return Verdict.OK, str(await call(targets[0]) or ""), Cause.NONE

    async def _in_thread(self, check: Check, call: Callable[[str], object], target: str) -> Finding:
        """A check that blocks.  A thread cannot be ended, so one that hangs is not started again."""
        thread = (check.key, target)
        if thread in self._blocked:
            return Verdict.DOWN, "still no end of the check before", Cause.TIMEOUT
        loop = asyncio.get_running_loop()
        begun = self._blocked[thread] = threading.Event()

        def blocking() -> object:
            begun.set()
            try:
                return call(target)
            finally:
                with suppress(RuntimeError):  # the loop is closed: nobody counts any more
                    loop.call_soon_threadsafe(self._blocked.pop, thread, None)

        try:
            return Verdict.OK, str(await self._threads.submit(blocking) or ""), Cause.NONE
        except asyncio.CancelledError:
            if not begun.is_set():  # and it never will be: the call was taken back
                del self._blocked[thread]
                self._starved.add(thread)
            raise

    def _late(self, check: Check, target: str) -> Finding:
        """The deadline struck: is it the host, or did we never begin?"""
        if (check.key, target) in self._starved:
            self._starved.discard((check.key, target))
            return Verdict.UNKNOWN, "no thread was free for it", Cause.NONE
        return Verdict.DOWN, f"no answer within {check.timeout:g} s", Cause.TIMEOUT

    async def _hosted(self, check: Check, bound: Bound, targets: list[str], tell: Tell) -> Finding:
        if self._worker is None:
            return Verdict.UNKNOWN, "there is no worker process", Cause.NONE
        job = Job(
            0, path=str(bound.plugin.path), options=dict(bound.options), hosts=tuple(targets),
            timeout=check.timeout,
        )  # fmt: skip

        def say(word: Word) -> None:
            tell(word.host, (word.verdict, word.detail, word.cause))

        last = await self._worker.run(job, say, user=bound.command.runas)
        return Verdict.UNKNOWN, last.trouble or "the monitor said nothing about it", Cause.NONE

    # -- programs ------------------------------------------------------------------------------

    async def _program(
        self,
        check: Check,
        bound: Bound,
        flight: Flight,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
        report: Report,
    ) -> RunResult | None:
        if flight.tasks:
            return None
        run = self._run_program(check, bound, flight, hosts, environment)
        task = asyncio.get_running_loop().create_task(run)
        if not await _finished(flight, [task]):
            return None
        for part in task.result().hosts:
            report(part)
        return task.result()

    async def _run_program(
        self,
        check: Check,
        bound: Bound,
        flight: Flight,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
    ) -> RunResult:
        command = bound.command
        words = (str(bound.plugin.path), *command.arguments)
        if command.hosts:
            words += tuple(host.target for host in hosts)
        async with self._process_room:
            started = self._clock()
            program = Command(words, environment, user=command.runas)
            try:
                ended = await self._spawner.run(program, check.timeout, flight.pids)
            finally:
                flight.pids.clear()
        run = Finished(check.key, started, self._clock())
        return judged(run, hosts, ended.status, ended.output, ended.trouble)


def wanted_hosts(bound: Bound, hosts: Sequence[Host]) -> list[Host]:
    """The hosts of the group unless the line ends in ;; and those that the line names itself."""
    found = [*(hosts if bound.command.hosts else ()), *(Host(word) for word in bound.extra)]
    return list({host.name: host for host in reversed(found)}.values())[::-1]


def _names(hosts: Sequence[Host]) -> list[str]:
    return [host.name for host in hosts]


async def _finished(flight: Flight, tasks: Sequence[asyncio.Task[Any]]) -> bool:
    """Wait for the tasks; False if they were cancelled.  Cancelled itself, it takes them along."""
    if not tasks:
        return True
    flight.tasks.update(tasks)
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    finally:
        flight.tasks.difference_update(tasks)
    for task in tasks:
        if task.cancelled():
            return False
        task.result()  # a fault of ours is not swallowed
    return True


def _reporter(tell: Tell) -> Callable[..., None]:
    """The ``report`` that a sweep is given."""

    def report(host: str, verdict: Verdict, detail: str = "", cause: Cause = Cause.NONE) -> None:
        tell(host, (Verdict(verdict), detail, cause))

    return report
