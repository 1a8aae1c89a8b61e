"""What is known about one service and about one host: small frozen parts, so that a result replaces few.

Wall times are seconds since 1970, 0.0 for never.  Where a duration is counted from it, a time is a Moment
(None for never), so that a step of the wall clock changes no duration.
"""

from collections.abc import Mapping

from mon.model.config import Service
from mon.model.moment import Moment
from mon.model.result import Cause, OpStatus, Verdict
from mon.structs import Struct, field, replace


class Run(Struct, frozen=True, gc=False):
    """The last result.  ``exitval`` and ``output`` are None before the first; ``duration`` is then -1.

    ``word`` is its status as a trap said it, if that is no number.
    """

    exitval: int | None = None
    checked: float = 0.0  # when the last run of the monitor began
    duration: float = -1.0
    success: float = 0.0
    summary: str = ""
    detail: str = ""
    output: str | None = None
    word: str = ""


class Outage(Struct, frozen=True, gc=False):
    """The failure that goes on; all at rest while the service is well.

    ``count`` is the failures in a row as ``alertafter N`` counts them, ``output`` that of the last failing
    result, ``hurried`` says that failure_interval is in force.
    """

    first: Moment | None = None
    last: float = 0.0
    count: int = 0
    output: str = ""
    hurried: bool = False


class Acknowledgement(Struct, frozen=True, gc=False):
    """Somebody knows about the failure.  ``comment`` is ``USER: COMMENT``."""

    at: float = 0.0
    comment: str = ""


class Traps(Struct, frozen=True, gc=False):
    """``due``: without a trap by then it is a trap timeout; ``until``: then trapduration makes it ok."""

    last: float = 0.0
    due: Moment | None = None
    until: Moment | None = None


class Untold(Struct, frozen=True, gc=False):
    """The counters of a period as they are without what an open window holds.

    ``told``: something was told of the outage before the window, so its end is told whatever becomes of this.
    """

    window: str
    sent: int = 0
    last_alert: Moment | None = None
    told: bool = False


class PeriodState(Struct, frozen=True, gc=False):
    """The counters of one period (PROTOCOL §10).

    ``sent`` are the alerts since the last success, ``first_failure`` and ``fail_count`` belong to
    alertafter with a time.  ``counts`` is False with alerts_dont_count.  ``untold`` is about the last window
    that something of it was decided in, over or not.
    """

    last_alert: Moment | None = None
    sent: int = 0
    first_failure: Moment | None = None
    fail_count: int = 0
    counts: bool = True
    untold: Untold | None = None


class ServiceState(Struct, frozen=True, gc=False):
    """The standing opinion on a service and all that rules and clients ask about it.

    ``depstatus`` is the outcome of the last dependency evaluation, None before the first.  ``failures``
    and ``alerts`` are totals.  ``failed`` is when it last failed and ``failed_summary`` what it said then,
    both kept after a recovery, for dep_memory.  ``at`` is the moment of the last change: the reference for
    the monotonic times when the state is saved.
    """

    opstatus: OpStatus = OpStatus.UNTESTED
    last_opstatus: OpStatus = OpStatus.UNTESTED
    run: Run = Run()
    outage: Outage = Outage()
    acknowledgement: Acknowledgement = Acknowledgement()
    traps: Traps = Traps()
    periods: Mapping[str, PeriodState] = field(default_factory=dict)
    depstatus: bool | None = None
    failures: int = 0
    alerts: int = 0
    failed: Moment | None = None
    failed_summary: str = ""
    at: Moment = Moment(0.0, 0.0)

    # The names of PROTOCOL §2, "status lines".

    @property
    def exitval(self) -> int | None:
        """Exit status of the last result, None before the first."""
        return self.run.exitval

    @property
    def last_check(self) -> float:
        """When the last run of the monitor began."""
        return self.run.checked

    @property
    def monitor_duration(self) -> float:
        """Seconds that the last run took, -1.0 before the first."""
        return self.run.duration

    @property
    def last_success(self) -> float:
        """When the last good result came."""
        return self.run.success

    @property
    def last_summary(self) -> str:
        """First line of the last result, ``(NO SUMMARY)`` for a failure that says nothing there."""
        return self.run.summary

    @property
    def last_detail(self) -> str:
        """The rest of the last result."""
        return self.run.detail

    @property
    def last_output(self) -> str | None:
        """The whole last result, None before the first."""
        return self.run.output

    @property
    def first_failure(self) -> float:
        """When the failure that goes on began."""
        return self.outage.first.wall if self.outage.first else 0.0

    @property
    def last_failure(self) -> float:
        """When the last failing result of this outage came."""
        return self.outage.last

    @property
    def consec_failures(self) -> int:
        """Failures in a row, as alertafter counts them."""
        return self.outage.count

    @property
    def failure_output(self) -> str:
        """Output of the last failing result of this outage."""
        return self.outage.output

    @property
    def last_trap(self) -> float:
        """When the last trap came."""
        return self.traps.last

    @property
    def ack(self) -> float:
        """When the failure was acknowledged."""
        return self.acknowledgement.at

    @property
    def ackcomment(self) -> str:
        """``USER: COMMENT`` of the acknowledgement."""
        return self.acknowledgement.comment

    @property
    def alerts_sent(self) -> int:
        """Alerts since the last success, over the periods whose alerts count."""
        return sum(period.sent for period in self.periods.values() if period.counts)

    @property
    def last_alert(self) -> float:
        """When the last alert was sent, over all periods."""
        return max((p.last_alert.wall for p in self.periods.values() if p.last_alert), default=0.0)

    def failing_for(self, now: Moment) -> float:
        """Seconds since the first failure, 0.0 if it does not fail."""
        return now.mono - self.outage.first.mono if self.outage.first else 0.0

    def in_period(self, key: str) -> PeriodState:
        """The counters of the period with this key."""
        return self.periods.get(key, AT_REST)


AT_REST = PeriodState()


class HostState(Struct, frozen=True, gc=False):
    """The standing opinion on one host, as one service sees it.  ``since`` is when ``verdict`` began."""

    verdict: Verdict
    since: Moment
    detail: str = ""
    last: Moment = Moment(0.0, 0.0)
    duration: float = 0.0
    cause: Cause = Cause.NONE
    status: int = 0


def fresh(service: Service, now: Moment) -> ServiceState:
    """A service of which nothing is known yet."""
    return adapted(ServiceState(at=now), service, now)


def adapted(state: ServiceState, service: Service, now: Moment) -> ServiceState:
    """The state under a new version of its service: periods by key, the trap clock as it now must be."""
    periods = {
        period.key: replace(state.in_period(period.key), counts=not period.alerts_dont_count)
        for period in service.periods
    }
    return replace(state, periods=periods, traps=_trap_clock(state.traps, service, now))


def _trap_clock(traps: Traps, service: Service, now: Moment) -> Traps:
    """Timers that the service no longer has end; one that got shorter ends no later than it says."""
    return replace(
        traps,
        due=_no_later(traps.due, now.later(service.traptimeout)) if service.traptimeout else None,
        until=traps.until if service.trapduration else None,
    )


def _no_later(due: Moment | None, latest: Moment) -> Moment:
    return latest if due is None or due.mono > latest.mono else due


def at_wall(wall: float, now: Moment) -> Moment | None:
    """The moment of a wall time that was read from somewhere; None for 0.0, never in the future."""
    return Moment(wall, now.mono - max(0.0, now.wall - wall)) if wall else None


def carried_over(state: ServiceState, saved_at: float, now: Moment) -> ServiceState:
    """A state saved at wall time ``saved_at``, perhaps by another process, on the clocks of ``now``.

    The wall time since the save, never negative, is added to every age (DESIGN §1).
    """
    at_save = state.at.mono + max(0.0, saved_at - state.at.wall)
    shift = now.mono - max(0.0, now.wall - saved_at) - at_save
    periods = {
        key: replace(
            period,
            last_alert=_shifted(period.last_alert, shift),
            first_failure=_shifted(period.first_failure, shift),
            untold=period.untold
            and replace(period.untold, last_alert=_shifted(period.untold.last_alert, shift)),
        )
        for key, period in state.periods.items()
    }
    return replace(
        state,
        outage=replace(state.outage, first=_shifted(state.outage.first, shift)),
        traps=replace(
            state.traps, due=_shifted(state.traps.due, shift), until=_shifted(state.traps.until, shift)
        ),
        periods=periods,
        failed=_shifted(state.failed, shift),
        at=Moment(state.at.wall, state.at.mono + shift),
    )


def host_carried_over(state: HostState, saved_at: float, now: Moment) -> HostState:
    """A saved opinion on a host on the clocks of ``now``; see ``carried_over``."""
    at_save = state.last.mono + max(0.0, saved_at - state.last.wall)
    shift = now.mono - max(0.0, now.wall - saved_at) - at_save
    return replace(
        state,
        since=Moment(state.since.wall, state.since.mono + shift),
        last=Moment(state.last.wall, state.last.mono + shift),
    )


def _shifted(moment: Moment | None, seconds: float) -> Moment | None:
    return moment and Moment(moment.wall, moment.mono + seconds)
