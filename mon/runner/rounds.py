"""Runs monitors: one round of a service, whatever its monitor's form, to host results and a run result.

Ours are timed, bounded and never overlap per host; a program gets all hosts and never overlaps per
service.  So one hung host delays neither its siblings nor their next round.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from mon.catalog.plan import Bound, Check, Form
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import HostResult, RunResult
from mon.probe.threads import Threads
from mon.runner.calls import Calls, Finding
from mon.runner.judging import Finished, Report, judged, roll_up
from mon.runner.launch import Command
from mon.runner.room import Room
from mon.runner.spawn import Spawner
from mon.structs import Struct, field

LONG = 16 * 1024
"""Characters of output from which on a thread looks for hosts in them."""

JUDGES = 4
"""Threads that do so."""

LOT = 50
"""Results of one program that are passed on before everything else in the loop has its turn."""

Done = Callable[[RunResult | None], None]
"""Called once, when a round is over: None if nobody was checked, or it was cancelled."""


class Flight(Struct):
    """What is under way of one service, and what was last said about its hosts."""

    hosts: set[str] = field(default_factory=set)
    rounds: set["Round"] = field(default_factory=set)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    pids: list[int] = field(default_factory=list)
    standing: dict[str, HostResult] = field(default_factory=dict)


class Round(Struct, eq=False):
    """One round of ours, or a check of one host beside the rounds (``names`` is None)."""

    check: Check
    key: Key
    bound: Bound
    flight: Flight
    names: tuple[str, ...] | None
    started: Moment
    report: Report
    done: Done
    left: int

    def call_over(self, now: Moment) -> None:
        """One call less; after the last, roll up.  Nothing, if the round was cancelled before."""
        self.left -= 1
        if not self.left and self in self.flight.rounds:
            self.end(self._result(now))

    def end(self, result: RunResult | None) -> None:
        """It is over."""
        self.flight.rounds.discard(self)
        self.done(result)

    def _result(self, now: Moment) -> RunResult | None:
        if self.names is None:
            return None
        standing = self.flight.standing
        if len(standing) != len(self.names) or len(self.names) > 1:
            standing = {name: standing[name] for name in self.names if name in standing}
            self.flight.standing = standing
        return roll_up(Finished(self.key, self.started, now), list(standing.values()))


class Rounds:
    """All monitors that are running; at most ``limit`` calls, and programs, at once."""

    def __init__(self, spawner: Spawner, calls: Calls, *, clock: Callable[[], Moment], limit: int) -> None:
        self._spawner = spawner
        self._calls = calls
        self._clock = clock
        self._room = Room(limit)
        self._process_room = Room(limit)
        self._judges = Threads(JUDGES, "judge")  # of those that the end of mon does not wait for
        self._flights: dict[Key, Flight] = {}

    def in_flight(self, key: Key) -> int | None:
        """The process of a running monitor, 0 for one of ours, None if none is running."""
        flight = self._flights.get(key)
        if flight is None or not (flight.hosts or flight.tasks):
            return None
        return flight.pids[-1] if flight.pids else 0

    def begin(
        self,
        check: Check,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
        report: Report,
        done: Done,
        *,
        beside: bool = False,
    ) -> None:
        """Check those of ``hosts`` that are not being checked already, and call ``done``.

        ``report`` is called the moment a host's result is known.  The run result rolls up all ``hosts``,
        with the standing verdict of those still under way from an earlier round.  ``beside`` the rounds
        nothing is rolled up.  What is nobody's check is done at once.
        """
        bound = check.monitor
        if bound is None:
            return done(None)
        key = check.key
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = Flight()
        if bound.plugin.form is Form.EXECUTABLE:
            return self._begin_program(check, bound, flight, hosts, environment, report, done)
        wanted = hosts if beside else wanted_hosts(bound, hosts)
        names = None if beside else tuple([host.name for host in wanted])
        begun = [host for host in wanted if host.name not in flight.hosts]
        groups = ([begun] if begun else []) if bound.plugin.sweep else [[host] for host in begun]
        round_ = Round(check, key, bound, flight, names, self._clock(), report, done, len(groups))
        if groups:
            flight.rounds.add(round_)
            for group in groups:
                flight.hosts.update([host.name for host in group])
                self._spawn(flight, self._group(round_, group))
        elif wanted:
            done(None)
        else:
            done(roll_up(Finished(key, round_.started, self._clock()), ()))
        return None

    async def round(
        self, check: Check, hosts: Sequence[Host], environment: Mapping[str, str], report: Report
    ) -> RunResult | None:
        """The same, for who waits; cancelled itself, it cancels what runs of the service."""
        begin = partial(self.begin, check, hosts, environment, report)
        return await awaited(begin, partial(self.cancel, check.key))

    def cancel(self, key: Key) -> None:
        """End what is running of a service and forget it; its round gives None."""
        flight = self._flights.pop(key, None)
        if flight is not None:
            for task in flight.tasks:
                task.cancel()
            for round_ in tuple(flight.rounds):
                round_.end(None)

    async def close(self) -> None:
        """End everything."""
        tasks = [task for flight in self._flights.values() for task in flight.tasks]
        for key in list(self._flights):
            self.cancel(key)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._calls.close()
        self._judges.close()

    def _spawn(self, flight: Flight, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        flight.tasks.add(task)

    # -- ours, and operators' Python -----------------------------------------------------------

    async def _group(self, round_: Round, hosts: list[Host]) -> None:
        """Have one call of the plugin made, and make results of what it says; every host gets one."""
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in one
        try:
            await self._room.enter()
            try:
                await self._called(round_, hosts, task)
            finally:
                self._room.leave()
        finally:
            round_.flight.tasks.discard(task)
            round_.flight.hosts.difference_update([host.name for host in hosts])
            round_.call_over(self._clock())
            self._forget_if_idle(round_)

    def _forget_if_idle(self, round_: Round) -> None:
        """What stands of one host is said anew by each round: 1.4 kB a service that need not be kept."""
        flight, key = round_.flight, round_.key
        if len(flight.standing) <= 1 and not flight.tasks and self._flights.get(key) is flight:
            del self._flights[key]

    async def _called(self, round_: Round, hosts: list[Host], task: asyncio.Task[Any]) -> None:
        started, flight, report = self._clock(), round_.flight, round_.report
        left: dict[str, list[str]] = {}
        for host in hosts:
            left.setdefault(host.target, []).append(host.name)

        def tell(target: str, found: Finding) -> None:
            run = Finished(round_.key, started, self._clock())
            verdict, detail, cause = found
            for name in left.pop(target, ()):
                result = run.of_host(name, verdict, detail, cause=cause)
                flight.standing[name] = result
                flight.hosts.discard(name)
                report(result)

        for_the_rest = await self._calls.call(round_.check, round_.bound, list(left), tell, task)
        for target in list(left):
            tell(target, for_the_rest)

    # -- programs ------------------------------------------------------------------------------

    def _begin_program(
        self,
        check: Check,
        bound: Bound,
        flight: Flight,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
        report: Report,
        done: Done,
    ) -> None:
        if flight.tasks:
            return done(None)
        round_ = Round(check, check.key, bound, flight, None, self._clock(), report, done, 1)
        flight.rounds.add(round_)

        async def run() -> None:
            result = None
            try:
                result = await self._run_program(check, bound, flight, hosts, environment)
                for number, part in enumerate(result.hosts, 1):
                    report(part)
                    if not number % LOT:
                        await asyncio.sleep(0)
            finally:
                _ended(flight)
                if round_ in flight.rounds:
                    round_.end(result)

        return self._spawn(flight, run())

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
        await self._process_room.enter()
        try:
            started = self._clock()
            program = Command(words, environment, user=command.runas, owner="/".join(check.key))
            ended = await self._spawner.run(program, check.timeout, flight.pids)
        finally:
            self._process_room.leave()
            flight.pids.clear()
        run = Finished(check.key, started, self._clock())
        said = (run, hosts, ended.status, ended.output, ended.trouble)
        return judged(*said) if len(ended.output) < LONG else await self._judges.submit(judged, *said)


async def awaited(begin: Callable[[Done], None], cancel: Callable[[], None]) -> RunResult | None:
    """Begin a round and wait for its end; cancelled itself, ``cancel`` it."""
    over: asyncio.Future[RunResult | None] = asyncio.get_running_loop().create_future()

    def done(result: RunResult | None) -> None:
        if not over.done():
            over.set_result(result)

    begin(done)
    try:
        return await over
    except asyncio.CancelledError:
        cancel()
        raise


def _ended(flight: Flight) -> None:
    """The task that runs is over; a callback for that would cost a turn of the loop."""
    task = asyncio.current_task()
    assert task is not None
    flight.tasks.discard(task)


def wanted_hosts(bound: Bound, hosts: Sequence[Host]) -> Sequence[Host]:
    """The hosts of the group unless the line ends in ;; and those that the line names itself."""
    if bound.command.hosts and not bound.extra:
        return hosts
    found = [*(hosts if bound.command.hosts else ()), *(Host(word) for word in bound.extra)]
    return list({host.name: host for host in reversed(found)}.values())[::-1]
