"""A runner that runs nothing: monitors say what a test tells them to."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from mon.catalog.plan import Bound, Check
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.notice import Delivery, Notice
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.model.weight import Detail
from mon.runner.judging import Finished, Report, roll_up
from mon.testing.alert import RecordingAlert

Said = tuple[Verdict, Detail, Cause]


class FakeRunner:
    """Stands in for mon.runner.Runner.

    ``say`` sets the verdict of a host from then on (ok until then); ``answer`` that of a whole round, as
    a program would give it.  ``rounds`` are the rounds asked for, ``alert`` has the notices sent.
    """

    def __init__(self, clock: Callable[[], Moment]) -> None:
        self.rounds: list[tuple[Key, tuple[str, ...], Mapping[str, str]]] = []
        self.alert = RecordingAlert()
        self.busy: dict[Key, int] = {}
        self._clock = clock
        self._said: dict[tuple[Key, str], Said] = {}
        self._answers: dict[Key, tuple[int, str]] = {}

    def say(
        self, key: Key, host: str, verdict: Verdict, detail: Detail = "", cause: Cause = Cause.NONE
    ) -> None:
        """What the monitor of service ``key`` finds out about ``host`` from now on."""
        self._said[key, host] = (verdict, detail, cause)

    def answer(self, key: Key, status: int, output: str) -> None:
        """Exit status and output of the monitor of service ``key`` from now on; its hosts say nothing."""
        self._answers[key] = (status, output)

    async def round(
        self, check: Check, hosts: Sequence[Host], environment: Mapping[str, str], report: Report
    ) -> RunResult | None:
        """The round as it was told, at once."""
        key, now = check.key, self._clock()
        if key in self.busy:
            return None
        self.rounds.append((key, tuple(host.name for host in hosts), dict(environment)))
        run = Finished(key, now, now)
        if key in self._answers:
            return run.of_run(*self._answers[key], ())
        results = [self._result(run, host) for host in hosts]
        for result in results:
            report(result)
        return roll_up(run, results)

    def begin(
        self,
        check: Check,
        hosts: Sequence[Host],
        environment: Mapping[str, str],
        report: Report,
        done: Callable[[RunResult | None], None],
    ) -> None:
        """The same at the loop's next turn, for who does not wait."""
        task = asyncio.get_running_loop().create_task(self.round(check, hosts, environment, report))
        task.add_done_callback(lambda ended: done(ended.result()))

    def again(
        self,
        check: Check,
        host: Host,
        environment: Mapping[str, str],
        report: Report,
        done: Callable[[RunResult | None], None],
    ) -> None:
        """One host as it was told; it is among the ``rounds``."""
        self.begin(check, (host,), environment, report, done)

    def _result(self, run: Finished, host: Host) -> HostResult:
        verdict, detail, cause = self._said.get((run.key, host.name), (Verdict.OK, "", Cause.NONE))
        return run.of_host(host.name, verdict, detail, cause=cause)

    def standing(self, key: Key) -> RunResult | None:
        """No monitor of this runner goes on between rounds."""
        return None

    def in_flight(self, key: Key) -> int | None:
        """What a test put into ``busy``."""
        return self.busy.get(key)

    def cancel(self, key: Key) -> None:
        """It is not busy any more."""
        self.busy.pop(key, None)

    async def send(self, bound: Bound, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Record it; see RecordingAlert."""
        return await self.alert.send(bound, notice, attempt=attempt)

    async def close(self, grace: float) -> None:
        """Nothing runs."""
