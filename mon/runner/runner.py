"""Runs one monitor or one alert under a deadline; whatever happens becomes a result."""

from collections.abc import Callable, Mapping, Sequence

from mon.catalog.plan import Bound, Check
from mon.model.config import CommandLine, Host, Key
from mon.model.moment import Moment
from mon.model.notice import Delivery, Notice
from mon.model.result import RunResult
from mon.probe.threads import Threads
from mon.runner.calls import Calls
from mon.runner.following import Following
from mon.runner.hosted import Worker
from mon.runner.judging import Report
from mon.runner.programs import Programs
from mon.runner.rounds import Done, Rounds
from mon.runner.sending import Sending
from mon.runner.spawn import Spawner
from mon.runner.spread import Spread

CHECK_THREADS = 64
ALERT_THREADS = 32
"""For plugins of ours that block; messages never wait for checks."""

PROGRAMS = 100
"""Programs that our own monitors run at once, one for each host."""


class Runner:
    """Everything that is being run for the daemon; make it inside the running event loop.

    ``probe`` and ``render`` are given to plugins that ask for them; ``worker`` runs operators' Python;
    ``limit`` bounds the checks under way, and the programs.  ``templates`` are the directories that an
    operator's alert gets its templates from.
    """

    def __init__(
        self,
        probe: object,
        render: object,
        worker: Worker | None,
        *,
        clock: Callable[[], Moment],
        limit: int = 1000,
        spawner: Spawner | None = None,
        templates: Sequence[str] = (),
    ) -> None:
        self._spawner = spawner or Spawner()
        self._worker = worker
        given = {"Probe": probe, "Render": render, "Spawn": Programs(self._spawner, PROGRAMS)}
        self._check_threads = Threads(CHECK_THREADS, "check")
        self._alert_threads = Threads(ALERT_THREADS, "alert")
        calls = Calls(worker, self._check_threads, given)
        self._rounds = Rounds(self._spawner, calls, clock=clock, limit=limit)
        self._spread = Spread(self._rounds, clock=clock)
        self._following = Following(given=given, clock=clock)
        self._sending = Sending(
            self._spawner, worker, self._alert_threads, given=given, clock=clock, templates=tuple(templates)
        )

    async def round(
        self, check: Check, hosts: Sequence[Host], environment: Mapping[str, str], report: Report
    ) -> RunResult | None:
        """Check those of ``hosts`` that are not being checked already; None if that is nobody.

        ``report`` is called the moment a host's result is known; the run result rolls up all ``hosts``.
        None also if the round was cancelled by ``cancel``.  The hosts of an event monitor are followed from
        then on, and ``report`` is called whenever something happens.
        """
        if check.monitor is not None and check.monitor.plugin.follows:
            return await self._following.round(check, hosts, report)
        return await self._rounds_of(check).round(check, hosts, environment, report)

    def begin(
        self,
        check: Check,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
        report: Report,
        done: Done,
    ) -> None:
        """The same, for who does not wait: ``done`` is called with what ``round`` would have given."""
        if check.monitor is not None and check.monitor.plugin.follows:
            self._following.begin(check, hosts, report, done)
        else:
            self._rounds_of(check).begin(check, hosts, environment, report, done)

    def again(
        self, check: Check, host: Host, environment: Mapping[str, str], report: Report, done: Done
    ) -> None:
        """Check one host beside the rounds, unless it is being checked, or followed; then ``done``."""
        if check.monitor is not None and check.monitor.plugin.follows:
            done(None)
        else:
            self._rounds_of(check).begin(check, (host,), environment, report, done, beside=True)

    def spread(self, workers: int) -> None:
        """Have so many workers probe for us; 0 is none."""
        self._spread.resize(workers)

    def pin(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        """Have the workers take these addresses for these names."""
        self._spread.pin(addresses)

    @property
    def workers(self) -> list[int]:
        """The process numbers of those workers."""
        return self._spread.pids

    def _rounds_of(self, check: Check) -> Rounds | Spread:
        return self._spread if self._spread.takes(check) else self._rounds

    def standing(self, key: Key) -> RunResult | None:
        """What an event monitor knows of its hosts; None of any other service."""
        return self._following.standing(key)

    def in_flight(self, key: Key) -> int | None:
        """The process of a running monitor, 0 for one of ours, None if none is running."""
        return 0 if self._spread.in_flight(key) else self._rounds.in_flight(key)

    def cancel(self, key: Key) -> None:
        """End what is running of a service, and forget its standing verdicts."""
        self._rounds.cancel(key)
        self._spread.cancel(key)
        self._following.cancel(key)

    async def send(self, bound: Bound, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Call an alert once; ``attempt`` counts from 1."""
        return await self._sending.send(bound, notice, attempt=attempt)

    async def call(self, command: CommandLine, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Call a command with just its own words; the notice is its environment and its stdin."""
        return await self._sending.call(command, notice, attempt=attempt)

    async def close(self, grace: float) -> None:
        """End all monitors at once; wait ``grace`` seconds for alerts.

        An action that still runs then is left to finish by itself (law 6).
        """
        await self._spread.close()
        await self._rounds.close()
        await self._following.close()
        await self._sending.close(grace)
        if self._worker is not None:
            await self._worker.close()
        await self._spawner.close()
        self._check_threads.close()
        self._alert_threads.close()
