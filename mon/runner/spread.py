"""Our own monitors in workers: which worker checks which host, and what is done when one dies.

Rounds are here what they are in the daemon itself: each host result is passed on the moment it comes, no
host is checked twice at a time, and a run result rolls up all hosts.  The workers only probe.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from mon.catalog.plan import Bound, Check, Form
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import HostResult, RunResult, Verdict
from mon.runner.judging import Finished, Report
from mon.runner.orders import place
from mon.runner.prober import Prober
from mon.runner.rounds import Done, Flight, Round, Rounds, awaited, wanted_hosts
from mon.structs import Struct

log = logging.getLogger("mon.runner")

DEATHS = 3
"""A check that so many workers died with is given up: it may be what kills them."""

LOOK_SECONDS = 1.0


class _Asked(Struct):
    """Hosts of one round that one worker is to check."""

    round: Round
    left: dict[str, Host]
    by: Prober | None = None
    deaths: int = 0


class Spread:
    """All native rounds while there are workers; ``local`` makes them while no worker can.

    ``resize`` says how many there are, at first none.  ``advise`` is told what an operator should know.
    """

    def __init__(
        self, local: Rounds, *, clock: Callable[[], Moment], advise: Callable[[str], None] = log.warning
    ) -> None:
        self._local = local
        self._clock = clock
        self._advise = advise
        self._probers: list[Prober] = []
        self._flights: dict[Key, Flight] = {}
        self._asked: dict[int, _Asked] = {}
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pinned: Mapping[str, tuple[str, ...]] = {}
        self._looking: asyncio.TimerHandle | None = None

    @property
    def pids(self) -> list[int]:
        """The workers' process numbers."""
        return [prober.pid for prober in self._probers if prober.there]

    def takes(self, check: Check) -> bool:
        """Is it for the workers?  Not programs, operators' Python, events, nor what runs programs."""
        if not self._probers or check.monitor is None:
            return False
        plugin = check.monitor.plugin
        if plugin.form is not Form.NATIVE or plugin.follows:
            return False
        return all(kind != "Spawn" for _, kind in plugin.about.needs)

    def resize(self, workers: int) -> None:
        """Have so many workers; what those too many were doing is done by others."""
        leaving = self._probers[workers:]
        del self._probers[workers:]
        for prober in leaving:
            asked = set(prober.asked)
            self._in_background(prober.close())
            self._on_lost(asked, begun=False)
        while len(self._probers) < workers:
            self._probers.append(Prober(self._on_result, self._on_ended, self._on_lost, self._advise))
            self._probers[-1].pin(self._pinned)
        if self._probers and self._looking is None:
            self._look()

    def pin(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        """Have all workers take these addresses for these names."""
        self._pinned = addresses
        for prober in self._probers:
            prober.pin(addresses)

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
        """As ``Rounds.begin``, for what it ``takes``."""
        bound = check.monitor
        assert bound is not None  # asked by takes
        key = check.key
        flight = self._flights.setdefault(key, Flight())
        wanted = hosts if beside else wanted_hosts(bound, hosts)
        begun = [host for host in wanted if host.name not in flight.hosts]
        if not begun and wanted:
            return done(None)
        if not begun:
            return self._local.begin(check, hosts, environment, report, done, beside=beside)
        names = None if beside else tuple([host.name for host in wanted])
        shares = list(self._shares(bound, key, begun))
        round_ = Round(check, key, bound, flight, names, self._clock(), report, done, len(shares))
        flight.rounds.add(round_)
        flight.hosts.update([host.name for host in begun])
        for share in shares:
            number = next(self._numbers)
            self._asked[number] = asked = _Asked(round_, {host.name: host for host in share})
            self._ask(number, asked)
        return None

    async def round(
        self, check: Check, hosts: Sequence[Host], environment: Mapping[str, str], report: Report
    ) -> RunResult | None:
        """The same, for who waits; cancelled itself, it cancels what runs of the service."""
        begin = partial(self.begin, check, hosts, environment, report)
        return await awaited(begin, partial(self.cancel, check.key))

    def in_flight(self, key: Key) -> bool:
        """Is anything of this service being checked?"""
        flight = self._flights.get(key)
        return flight is not None and bool(flight.hosts)

    def cancel(self, key: Key) -> None:
        """End what is running of a service and forget it; its round gives None."""
        flight = self._flights.pop(key, None)
        if flight is None:
            return
        for number in self._numbers_of(flight) if flight.hosts else ():
            self._forget(number)
        for round_ in tuple(flight.rounds):
            round_.end(None)
        for prober in self._probers:
            prober.forget(key)

    def _numbers_of(self, flight: Flight) -> list[int]:
        return [number for number, asked in self._asked.items() if asked.round.flight is flight]

    async def close(self) -> None:
        """End everything."""
        for key in list(self._flights):
            self.cancel(key)
        if self._looking:
            self._looking.cancel()
        probers, self._probers = self._probers, []
        await asyncio.gather(*(prober.close() for prober in probers), *self._tasks, return_exceptions=True)

    # -- asking --------------------------------------------------------------------------------

    def _shares(self, bound: Bound, key: Key, hosts: Sequence[Host]) -> Iterator[Sequence[Host]]:
        """Who is checked by one worker: a sweep is one call for all, else each host has its place."""
        if len(hosts) == 1 or bound.plugin.sweep:
            yield hosts
            return
        shares: dict[int, list[Host]] = {}
        for host in hosts:
            shares.setdefault(place(key, host.name, len(self._probers) or 1), []).append(host)
        yield from shares.values()

    def _ask(self, number: int, asked: _Asked) -> None:
        check, hosts = asked.round.check, list(asked.left.values())
        asked.by = self._prober_for(asked)
        if asked.by is not None:
            return asked.by.ask(number, check, hosts)

        def done(_result: object) -> None:
            if number in self._asked:
                self._finish(number)

        return self._local.begin(check, hosts, {}, lambda result: self._on_result(number, result), done)

    def _prober_for(self, asked: _Asked) -> Prober | None:
        """The worker at its place, or the next one that works, or that is about to.

        None if there is none: the daemon itself, but not for what a worker may have died of.
        """
        probers = self._probers
        if not probers:
            return None
        host = "" if asked.round.bound.plugin.sweep else next(iter(asked.left))
        first = place(asked.round.check.key, host, len(probers))
        if probers[first].ready:
            return probers[first]
        ring = [*probers[first:], *probers[:first]]
        others = [prober for prober in ring if prober.ready] or [prober for prober in ring if prober.there]
        if others:
            return others[0]
        return ring[0] if asked.deaths else None

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what is heard -------------------------------------------------------------------------

    def _on_result(self, number: int, result: HostResult) -> None:
        asked = self._asked.get(number)
        if asked is None or asked.left.pop(result.host, None) is None:
            return
        flight = asked.round.flight
        flight.standing[result.host] = result
        flight.hosts.discard(result.host)
        try:
            asked.round.report(result)
        except Exception:  # a fault of ours: it is told, and other hosts' results go on
            log.exception("a result was not taken")
        if not asked.left:
            self._finish(number)

    def _on_ended(self, number: int, trouble: str) -> None:
        """An order is over; of hosts that nothing was said of, this is said."""
        asked = self._asked.get(number)
        if asked is None:
            return
        run = Finished(asked.round.check.key, asked.round.started, self._clock())
        for name in list(asked.left):
            self._on_result(number, run.of_host(name, Verdict.UNKNOWN, trouble))

    def _on_lost(self, numbers: set[int], begun: bool) -> None:
        """A worker is gone: what it was doing is done by another one."""
        for number in sorted(numbers):
            asked = self._asked.get(number)
            if asked is None:
                continue
            asked.deaths += begun
            if asked.deaths < DEATHS:
                self._ask(number, asked)
            else:
                self._on_ended(number, f"{DEATHS} workers died that checked it")

    def _finish(self, number: int) -> None:
        """An order is over; with the last one its round is."""
        round_ = self._forget(number).round
        try:
            round_.call_over(self._clock())
        except Exception:  # as above
            log.exception("a round was not taken")

    def _forget(self, number: int) -> _Asked:
        """An order is over, or nobody waits for it any more."""
        asked = self._asked.pop(number)
        asked.round.flight.hosts.difference_update(asked.left)
        if asked.by is not None:
            asked.by.asked.discard(number)
        return asked

    def _look(self) -> None:
        """Do all of them live?"""
        self._looking = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        for prober in self._probers:
            prober.look()
