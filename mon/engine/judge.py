"""From a result to an opinion: what changes in a service's state before and after its alerts are decided.

The order matters and is classic mon's: alerts see the new status and, of a failure, the new summary, but
still the output of the run before (PROTOCOL §9).
"""

from mon.engine.event import spoken
from mon.engine.state import Acknowledgement, Outage, PeriodState, Run, ServiceState
from mon.model.config import EveryMode, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.result import OpStatus, RunResult
from mon.structs import Struct, replace


class Said(Struct, frozen=True):
    """A result, whoever gave it.  ``type`` is what a failure is called: FAILURE, TRAP or TRAPTIMEOUT.

    ``checked`` (wall) and ``duration`` are None unless a monitor ran.  ``word`` is the status as a trap said
    it, if that is no number.
    """

    type: AlertType
    status: int
    output: str
    now: Moment
    checked: float | None = None
    duration: float | None = None
    intended: str = ""
    trouble: str = ""
    word: str = ""

    @property
    def summary(self) -> str:
        """The first line; ``(NO SUMMARY)`` if a failure says nothing there."""
        return spoken(self.output) if self.status else self.output.partition("\n")[0]

    @property
    def detail(self) -> str:
        """The other lines."""
        return self.output.partition("\n")[2]


STARTS_OUTAGE = frozenset((OpStatus.OK, OpStatus.UNKNOWN, OpStatus.UNTESTED))


def begun(state: ServiceState, now: Moment) -> ServiceState:
    """Its monitor has been started."""
    return replace(state, run=replace(state.run, checked=now.wall))


def heard(state: ServiceState, said: Said) -> ServiceState:
    """What is known as soon as a result is there, good or bad."""
    run = replace(state.run, exitval=said.status, word=said.word)
    if said.checked is not None and said.duration is not None:
        run = replace(run, checked=said.checked, duration=said.duration)
    return replace(state, run=run, at=said.now)


def failing(state: ServiceState, said: Said) -> ServiceState:
    """A failure, as its alerts see it."""
    outage = state.outage
    first = said.now if state.opstatus in STARTS_OUTAGE else outage.first
    return replace(
        state,
        opstatus=OpStatus.FAIL,
        last_opstatus=state.opstatus,
        outage=replace(outage, first=first, last=said.now.wall, count=outage.count + 1),
        run=replace(state.run, summary=said.summary, detail=said.detail),
        failures=state.failures + 1,
        failed=said.now,
        failed_summary=said.summary,
    )


def failed(state: ServiceState, said: Said, service: Service) -> ServiceState:
    """A failure, after its alerts were decided."""
    hurried = state.outage.hurried or (
        said.type is AlertType.FAILURE and service.failure_interval is not None
    )
    return replace(
        state,
        outage=replace(state.outage, output=said.output, hurried=hurried),
        run=replace(state.run, output=said.output),
    )


def recovering(state: ServiceState) -> ServiceState:
    """A success, as upalerts see it: the new status, and all else as it was while failing."""
    return replace(state, opstatus=OpStatus.OK, last_opstatus=state.opstatus)


def well(state: ServiceState, said: Said, service: Service) -> ServiceState:
    """A success, after upalerts were decided: acknowledgement, counts and failure times go."""
    run = replace(
        state.run,
        success=said.now.wall,
        summary=said.summary,
        detail=said.detail,
        output=said.output,
    )
    strict = {p.key for p in service.periods if p.alertevery and p.alertevery.mode is EveryMode.STRICT}
    periods = {key: _at_rest(period, key in strict) for key, period in state.periods.items()}
    return replace(state, run=run, outage=Outage(), acknowledgement=Acknowledgement(), periods=periods)


def _at_rest(period: PeriodState, strict: bool) -> PeriodState:
    last = period.last_alert if strict else None
    untold = period.untold and replace(period.untold, sent=0, last_alert=last)
    return replace(period, last_alert=last, first_failure=None, sent=0, untold=untold)


def still_well(state: ServiceState, result: RunResult, now: Moment) -> ServiceState:
    """A success after a success, where nothing is pending: all that changes is the last run.

    The same as ``well`` would give, at a fraction of its cost, for the result that nearly every check has.
    """
    summary, _, detail = result.output.partition("\n")
    took = result.ended.mono - result.started.mono
    run = Run(0, result.started.wall, took, now.wall, summary, detail, result.output)
    return replace(state, opstatus=OpStatus.OK, last_opstatus=OpStatus.OK, run=run, at=now)
