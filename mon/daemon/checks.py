"""Running the monitors: when one is due, what it may see, and where its results go."""

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import count
from random import Random

from mon.catalog import Check, Plan
from mon.catalog.plan import Form
from mon.control.operations import TestReport
from mon.daemon import events
from mon.daemon.background import Background
from mon.daemon.keeper import Keeper
from mon.daemon.reactions import Reactions
from mon.daemon.recorder import Recorder
from mon.engine import Book
from mon.engine.step import NOTHING
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.result import HostResult, RunResult
from mon.pool.pools import Pools
from mon.runner import Runner
from mon.timetable import Timetable

HELD_BACK = 1.0
"""Seconds until a monitor held back by a dependency or maxprocs is tried again (PROTOCOL §8), or its interval
if that is shorter; one that waits for maxprocs begins as soon as there is room."""

REST = 0.5
"""Share of the interval (of HELD_BACK, if that is shorter) between the end of a run that took longer than its
interval and the next.  Without a rest it would run all the time: no client of the control port would ever see
monitor_running=0, and under maxprocs no other service would have its turn."""

VOTER_GAP = 0.002
"""Seconds between the first runs of two voters: all at once, but not in one turn of the loop."""

AFTERWARDS = 0.05
"""Seconds from an event to its alerts: the balancer's thread then has the interpreter for itself."""


class Checks:
    """Starts rounds when the timetable says so, and passes on what they find.

    Each host result goes to the pools at once; the round as a whole goes to the book (DESIGN §1).
    ``moved_hosts``: those whose names have another address now than their pools, and why their votes do not
    count if the monitor looks names up by itself.
    """

    def __init__(
        self,
        book: Book,
        pools: Pools,
        keeper: Keeper,
        runner: Runner,
        recorder: Recorder,
        clock: Callable[[], Moment],
        environment: Mapping[str, str],
        timetable: Callable[[Callable[[Key], None]], Timetable],
        random: Random,
        *,
        classic: bool,
    ) -> None:
        self.timetable = timetable(self._start)
        self._book = book
        self._pools = pools
        self._keeper = keeper
        self._runner = runner
        self._recorder = recorder
        self._clock = clock
        self._environment = environment
        self.moved_hosts: Mapping[str, str] = {}
        self._random = random
        self._classic = classic
        self._plan = Plan(book.config)
        self._rounds: dict[Key, set[int]] = {}  # rounds under way; more than one while a host hangs
        self._programs: set[Key] = set()  # those of them that are programs
        self._waiting: dict[Key, None] = {}  # programs whose turn came while there was no room for them
        self._numbers = count()
        self._confirming: dict[tuple[Key, str], asyncio.TimerHandle] = {}
        self._background = Background()
        self._reactions = Reactions(self._recheck, book.vote_frozen, self._changed)

    # Planning.

    def adopt(self, plan: Plan, keys: Collection[Key] | None = None) -> None:
        """Plan the services of a configuration; those known already keep their turn (law 8).

        ``keys`` are those whose checks are not as before, or that are new or gone; None for any.
        """
        before, self._plan = self._plan.checks, plan
        voters = 0
        for key in {**before, **plan.checks} if keys is None else keys:
            old, check = before.get(key), plan.checks.get(key)
            if old is not None and (check is None or check.monitor != old.monitor):
                self._runner.cancel(key)
            interval = self._book.interval(key) if check is not None else None
            if check is None or check.monitor is None or interval is None:
                self.timetable.remove(key)
                self._waiting.pop(key, None)
                continue
            self.timetable.put(
                key, interval, first=self._first(check, interval, voters), skew=check.service.randskew
            )
            voters += check.votes
        self._reactions.adopt(plan)

    def start_over(self, plan: Plan) -> None:
        """Forget every turn and every running monitor, and plan anew (classic ``reset``)."""
        for key in self._plan.checks:
            self.timetable.remove(key)
            self._runner.cancel(key)
        self._rounds.clear()
        self._programs.clear()
        self._waiting.clear()
        self.adopt(plan)

    def _first(self, check: Check, interval: float, voters: int) -> float:
        """Voters at once, the others spread over their interval; classic: after it, or within randstart."""
        spread = self._plan.config.settings.randstart
        if self._classic:
            return self._random.uniform(0, spread) if spread else interval
        if check.votes:
            return voters * VOTER_GAP
        return self._random.uniform(0, min(interval, spread or interval))

    def check_now(self, key: Key) -> bool:
        """Run it at the next turn; False if it never runs (no monitor, no interval) or is running."""
        if self._rounds.get(key) or self.timetable.due_in(key) is None:
            return False
        self.timetable.again(key, 0.0)
        return True

    # One round.

    def _start(self, key: Key) -> None:
        check = self._plan.checks[key]
        if self._is_program(check) and self._no_room(key):
            self._waiting[key] = None
            self._hold_back(key)
            return
        self._waiting.pop(key, None)
        now = self._clock()
        hosts = self._book.monitor_hosts(key, now)
        if not hosts and self._needs_hosts(check):
            return  # it waits a whole interval (PROTOCOL §8)
        if why := self._book.may_run(key, now, hosts):
            events.log.debug("%s/%s: not run: %s", *key, why)
            self._hold_back(key)
            return
        environment = self._variables(key, check, now)
        self._book.started(key, now)
        ended = partial(self._round_ended, key, check, self._one_more(key))
        self._runner.begin(check, hosts, environment, self._heard, ended)

    def _hold_back(self, key: Key) -> None:
        self.timetable.again(key, self._soon(key))

    def _soon(self, key: Key) -> float:
        return min(HELD_BACK, self.timetable.interval(key) or HELD_BACK)

    def _variables(self, key: Key, check: Check, now: Moment) -> Mapping[str, str]:
        """The environment of its monitor; one of ours has none, and runs too often to make one in vain."""
        if check.monitor is None or check.monitor.plugin.form is Form.NATIVE:
            return {}
        return {**self._environment, **self._book.monitor_environment(key, now)}

    @staticmethod
    def _needs_hosts(check: Check) -> bool:
        return (
            check.monitor is not None and check.monitor.command.hosts and not check.service.allow_empty_group
        )

    @staticmethod
    def _is_program(check: Check) -> bool:
        return check.monitor is not None and check.monitor.plugin.form is Form.EXECUTABLE

    def _no_room(self, key: Key) -> bool:
        """May no program of the service begin: does it run already, or do as many as maxprocs allows?"""
        most = self._plan.config.settings.maxprocs or math.inf
        return key in self._rounds or len(self._programs) >= most

    def _one_more(self, key: Key) -> int:
        """Count a round that begins; its number."""
        number = next(self._numbers)
        self._rounds.setdefault(key, set()).add(number)
        if self._is_program(self._plan.checks[key]):
            self._programs.add(key)
        return number

    def _one_less(self, key: Key, number: int) -> None:
        """A round ended; one of a service that was planned anew meanwhile is forgotten already."""
        numbers = self._rounds.get(key)
        if numbers is not None:
            numbers.discard(number)
            if not numbers:
                del self._rounds[key]
                self._programs.discard(key)

    def _room_for_another(self, ended: Key) -> None:
        """A program ended: what has waited longest for maxprocs begins, itself after a rest."""
        if self._waiting.pop(ended, ended) is None:
            self.timetable.again(ended, REST * self._soon(ended))
        key = next((key for key in self._waiting if not self._no_room(key)), None)
        if key is not None:
            del self._waiting[key]
            self.timetable.again(key, 0.0)

    def _round_ended(self, key: Key, check: Check, number: int, result: RunResult | None) -> None:
        self._one_less(key, number)
        if result is not None and self._plan.checks.get(key) is check:
            for freed in self._reactions.freed(key):
                self._take(freed)
            self.conclude(result)
        self._room_for_another(key)

    def _heard(self, result: HostResult) -> None:
        """One host's result, the moment it is known; and what an event makes of it."""
        if (result.watch, result.service) in self._plan.checks:
            for each in self._reactions.of(result):
                self._take(each)

    def _recheck(self, key: Key, host: str) -> None:
        self._confirm_later(key, host, 0.0)

    def _changed(self, key: Key) -> None:
        """An event changed what is thought of a host of a service: people learn of it, after the balancer."""
        self._background.spawn(self._sum_up(key))

    async def _sum_up(self, key: Key) -> None:
        await asyncio.sleep(AFTERWARDS)
        result = self._runner.standing(key)
        if result is not None and key in self._plan.checks:
            self.conclude(result)

    def _take(self, result: HostResult) -> None:
        key = (result.watch, result.service)
        change = self._book.host_result(result)
        if change is not None:
            self._recorder.note(change)
        if self._plan.checks[key].votes:
            self._vote(key, result)

    def _vote(self, key: Key, result: HostResult) -> None:
        frozen = self._book.vote_frozen(key, result.host) or self._elsewhere(key, result.host)
        changed = self._pools.vote(result, result.at, frozen=frozen)
        if changed:
            self._keeper.wake(*changed, by=f"{'/'.join(key)}: {result.host} {result.verdict}")
        doubt = None if frozen else self._pools.doubt(result)
        if doubt is not None:
            for line in doubt.lines:
                events.say(logging.INFO, "doubt", line, host=result.host)
            if doubt.delay is not None:
                self._confirm_later(key, result.host, doubt.delay)

    def _elsewhere(self, key: Key, host: str) -> str:
        """Why a result is about another machine than the pool's server, "" if it is not."""
        why = self.moved_hosts.get(host, "")
        return why if why and looks_up_itself(self._plan.checks[key]) else ""

    def _confirm_later(self, key: Key, host: str, delay: float) -> None:
        """Check one host again soon: what it said differs from what is thought of it."""
        if (key, host) not in self._confirming:
            timer = asyncio.get_running_loop().call_later(delay, self._confirm, key, host)
            self._confirming[key, host] = timer

    def _confirm(self, key: Key, name: str) -> None:
        del self._confirming[key, name]
        check, now = self._plan.checks.get(key), self._clock()
        if check is None or self._book.may_run(key, now):
            return
        host = next((host for host in self._book.monitor_hosts(key, now) if host.name == name), None)
        if host is None or (self._is_program(check) and self._no_room(key)):
            return
        number = self._one_more(key)  # a program's counts as a round, so that no round overlaps it
        variables = self._variables(key, check, now)
        ended = partial(self._confirmed, key, number)
        self._runner.again(check, host, variables, self._heard, ended)

    def _confirmed(self, key: Key, number: int, _result: RunResult | None) -> None:
        self._one_less(key, number)
        self._room_for_another(key)

    def conclude(self, result: RunResult) -> None:
        """A whole round: to the book, to voters that take it whole, and to disk and people."""
        key, now = (result.watch, result.service), result.ended
        self._vote_as_a_whole(key, result, now)
        step = self._book.result(result, now, self._environment)
        interval = self._book.interval(key)
        if interval is not None and self.timetable.interval(key) not in (None, interval):
            skew = self._book.services[key].randskew
            self.timetable.put(key, interval, first=interval, skew=skew)
        self._recorder.touch(key)
        if step is not NOTHING:
            self._recorder.submit(step)  # in the turn of the decision: an end in the next one loses nothing

    def _vote_as_a_whole(self, key: Key, result: RunResult, now: Moment) -> None:
        """What the round says to the voters that take it whole (``--group``)."""
        if key in self._plan.checks and not self._plan.checks[key].votes:
            return
        frozen = self._book.vote_frozen(key, "")
        disabled = {host for group, host in self._book.disabled_members if group == result.watch}
        if self.moved_hosts and key in self._plan.checks and looks_up_itself(self._plan.checks[key]):
            disabled.update(self.moved_hosts)
        changed = self._pools.run_result(result, now, frozen=frozen, disabled=disabled)
        self._keeper.wake(*changed, by=f"a round of {'/'.join(key)}")

    async def test(self, key: Key) -> TestReport:
        """Run the monitor beside the schedule; nothing is kept or sent."""
        check, now = self._plan.checks[key], self._clock()
        if check.monitor is None:
            return TestReport(None, (), "it has no monitor, or none that was found")
        hosts = self._book.monitor_hosts(key, now)
        environment = self._variables(key, check, now)
        result = self._runner.standing(key)
        if result is None:
            result = await self._runner.round(check, hosts, environment, _ignore)
        if result is None:
            return TestReport(None, (), "it is running at this moment: try again")
        decided = self._book.preview(result, self._clock(), self._environment)
        told = tuple(each for each in decided if each.line not in self._plan.votes)
        return TestReport(result, told, votes=self._pools.voted_on(key))

    def running(self, key: Key) -> int | None:
        """The process of the running monitor, 0 for one of ours, None if it does not run."""
        return self._runner.in_flight(key)

    async def close(self) -> None:
        """Start nothing more, and end what runs."""
        self.timetable.stop()
        for key in self._plan.checks:
            self._runner.cancel(key)
        for timer in self._confirming.values():
            timer.cancel()
        await self._background.close()


def looks_up_itself(check: Check) -> bool:
    """Does the monitor ask the resolver, and not us?"""
    plugin = check.monitor.plugin if check.monitor else None
    return plugin is not None and (
        plugin.form is not Form.NATIVE or all(kind != "Probe" for _, kind in plugin.about.needs)
    )


def _ignore(_result: HostResult) -> None:
    """A test's host results concern nobody."""
