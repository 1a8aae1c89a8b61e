"""Runs event monitors: one long-lived call of ``follow`` for each host, which reports what happens.

Each report is passed on at once as a host result that is final: it is an event and not a sample, so it needs
no second one of its kind.  A round of such a service tests nothing, it rolls up what stands.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mon.catalog.plan import Bound, Check
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.model.weight import Detail
from mon.runner.judging import Finished, Report, finding, roll_up
from mon.runner.rounds import wanted_hosts
from mon.structs import Struct, field, replace

BURST, PER_SECOND = 10, 2.0
"""Reports of one host that are passed on at once; the others wait, and only the latest is kept."""

AGAIN = (1.0, 60.0)
"""Seconds until a call that ended is made again, the first time and at most."""


class Watch(Struct):
    """One host of one service that is being followed."""

    host: Host
    heard: Report
    first: asyncio.Event
    standing: HostResult | None = None
    task: asyncio.Task[None] | None = None
    left: float = BURST
    at: float = 0.0
    waiting: asyncio.TimerHandle | None = None
    latest: tuple[Verdict, Detail, Cause] | None = None


class _Service(Struct):
    """What runs for one service."""

    bound: Bound
    watches: dict[str, Watch] = field(default_factory=dict)


class Following:
    """All event monitors.  ``given`` are the daemon's own objects by the class asked for."""

    def __init__(self, *, given: Mapping[str, object], clock: Callable[[], Moment]) -> None:
        self._given = given
        self._clock = clock
        self._services: dict[Key, _Service] = {}
        self._first_words: set[asyncio.Task[RunResult | None]] = set()

    async def round(self, check: Check, hosts: Sequence[Host], heard: Report) -> RunResult | None:
        """Follow exactly these hosts from now on, and roll up what stands.

        A host that is new has the time of the check to say its first word.  None if it was cancelled.
        """
        assert check.monitor is not None  # asked by the runner
        started = self._clock()
        service = self._services.setdefault(check.key, _Service(check.monitor))
        self._follow(check.key, service, wanted_hosts(check.monitor, hosts), heard)
        first = [watch.first.wait() for watch in service.watches.values()]
        try:
            async with asyncio.timeout(check.timeout):
                await asyncio.gather(*first)
        except TimeoutError:
            pass  # who has not spoken is said to be unknown
        if self._services.get(check.key) is not service:
            return None
        return self._rolled_up(Finished(check.key, started, self._clock()), service)

    def begin(
        self,
        check: Check,
        hosts: Sequence[Host],
        heard: Report,
        done: Callable[[RunResult | None], None],
    ) -> None:
        """The same, for who does not wait."""
        task = asyncio.get_running_loop().create_task(self.round(check, hosts, heard))
        self._first_words.add(task)

        def ended(task: asyncio.Task[RunResult | None]) -> None:
            self._first_words.discard(task)
            done(None if task.cancelled() else task.result())

        task.add_done_callback(ended)

    def standing(self, key: Key) -> RunResult | None:
        """What stands of a service at this moment; None if it is not followed."""
        service = self._services.get(key)
        if service is None:
            return None
        now = self._clock()
        return self._rolled_up(Finished(key, now, now), service)

    def cancel(self, key: Key) -> None:
        """Follow nobody of a service any more."""
        service = self._services.pop(key, None)
        for watch in service.watches.values() if service else ():
            _end(watch)

    async def close(self) -> None:
        """Follow nobody any more."""
        watches = [watch for service in self._services.values() for watch in service.watches.values()]
        for key in list(self._services):
            self.cancel(key)
        followed = [watch.task for watch in watches if watch.task]
        await asyncio.gather(*followed, *self._first_words, return_exceptions=True)

    def _follow(self, key: Key, service: _Service, hosts: Sequence[Host], heard: Report) -> None:
        wanted = {host.name: host for host in hosts}
        for name, watch in list(service.watches.items()):
            if wanted.get(name) != watch.host:
                _end(service.watches.pop(name))
        for name, host in wanted.items():
            if name not in service.watches:
                watch = service.watches[name] = Watch(host, heard, asyncio.Event())
                watch.task = asyncio.create_task(self._call(key, service.bound, watch))

    async def _call(self, key: Key, bound: Bound, watch: Watch) -> None:
        """Have the plugin follow one host; a call that ends, whyever, is made again after a pause."""
        plugin, pause = bound.plugin, AGAIN[0]
        assert plugin.function is not None  # there for a native plugin
        given = {name: self._given[kind] for name, kind in plugin.about.needs}
        call = partial(plugin.function, watch.host.target, **bound.options, **given)
        report = self._reporter(key, watch)
        while True:
            try:
                await call(report)
                found = (Verdict.UNKNOWN, "the monitor ended", Cause.NONE)
            except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes a result
                found = finding(error)
            report(*found)
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN[1])

    def _reporter(self, key: Key, watch: Watch) -> Callable[..., None]:
        """The ``report`` that a call is given; bounded, whatever the plugin does with it."""
        loop = asyncio.get_running_loop()
        watch.at = loop.time()

        def report(verdict: Verdict, detail: Detail = "", cause: Cause = Cause.NONE) -> None:
            watch.latest = (Verdict(verdict), detail, cause)
            if watch.waiting is None:
                due = _due(watch, loop.time())
                if due <= 0:
                    self._pass_on(key, watch)
                else:
                    watch.waiting = loop.call_later(due, self._pass_on, key, watch)

        return report

    def _pass_on(self, key: Key, watch: Watch) -> None:
        watch.waiting = None
        assert watch.latest is not None  # it is set before this is called
        verdict, detail, cause = watch.latest
        now = self._clock()
        result = Finished(key, now, now).of_host(watch.host.name, verdict, detail, cause=cause)
        watch.standing = replace(result, final=True)
        watch.first.set()
        watch.heard(watch.standing)

    @staticmethod
    def _rolled_up(run: Finished, service: _Service) -> RunResult:
        silent = "the monitor has said nothing about it yet"
        unheard = {name: run.of_host(name, Verdict.UNKNOWN, silent) for name in service.watches}
        return roll_up(run, [watch.standing or unheard[name] for name, watch in service.watches.items()])


def _due(watch: Watch, now: float) -> float:
    """Seconds until one more report may be passed on; it is counted."""
    watch.left = min(BURST, watch.left + (now - watch.at) * PER_SECOND) - 1
    watch.at = now
    return -watch.left / PER_SECOND if watch.left < 0 else 0.0


def _end(watch: Watch) -> None:
    if watch.task is not None:
        watch.task.cancel()
    if watch.waiting is not None:
        watch.waiting.cancel()
    watch.first.set()
