"""The chain of small named rules that hold an alert, in the order of classic mon (PROTOCOL §10).

A rule looks at a scene and says why the alert is held, or "".  Some rules count before they look: the
counters move only when all rules before them let the event through.  The tables at the end are the chain.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from mon.engine.dependency import suppresses
from mon.engine.event import FAILURES, LineScene, PeriodScene, Scene, spoken
from mon.engine.state import Acknowledgement, ServiceState
from mon.model.config import AlertEvery, EveryMode
from mon.model.notice import AlertType
from mon.period import covers
from mon.structs import Struct, replace

S = TypeVar("S", Scene, PeriodScene, LineScene)


class Rule(Struct, Generic[S], frozen=True):
    """``holds`` says why the alert is held, "" if it is not; ``counts`` moves counters before that."""

    name: str
    holds: Callable[[S], str]
    counts: Callable[[S], S] | None = None


def walk(rules: Sequence[Rule[S]], scene: S) -> tuple[S, str, str]:
    """The scene with its counters moved, and name and words of the first rule that holds, or "", ""."""
    for rule in rules:
        if rule.counts:
            scene = rule.counts(scene)
        if why := rule.holds(scene):
            return scene, rule.name, why
    return scene, "", ""


# Rules about the service.


def pointless(scene: Scene) -> str:
    """A change of status that is none to call about: an upalert is for one from fail to ok only."""
    return scene.event.pointless


def stopped(scene: Scene) -> str:
    """Nothing is called while the scheduler is stopped."""
    return "" if scene.running else "the scheduler is stopped"


def disabled(scene: Scene) -> str:
    """The watch or the service is disabled."""
    return scene.disabled


def silenced(scene: Scene) -> str:
    """An operator wants quiet: it holds failures; what was told of before is told to be over."""
    return scene.silenced


def dependency(scene: Scene) -> str:
    """Something it depends on fails, or that could never be found out."""
    expression = suppresses(scene.service, scene.dep_behavior)
    if not expression or scene.state.depstatus:
        return ""
    if scene.state.depstatus is None:
        return f"the dependency {expression!r} could not be evaluated"
    because = ", ".join(map("/".join, scene.culprits))
    return f"the dependency {expression!r} fails" + (f" because of {because}" if because else "")


def drop_outdated_ack(scene: Scene) -> Scene:
    """unack_summary: another summary than that of the previous failure ends the acknowledgement."""
    if not scene.state.ack or not scene.unack_summary or not _news(scene):
        return scene
    return replace(scene, state=_not_acknowledged(scene.state))


def _news(scene: Scene) -> bool:
    before, after = spoken(scene.state.failure_output), scene.event.summary
    return "".join(before.split()) != "".join(after.split())


def _not_acknowledged(state: ServiceState) -> ServiceState:
    # The counters of alertevery and alertafter begin anew, that of numalerts does not.
    periods = {
        key: replace(period, last_alert=None, first_failure=None, fail_count=0)
        for key, period in state.periods.items()
    }
    return replace(
        state,
        acknowledgement=Acknowledgement(),
        outage=replace(state.outage, count=1),
        periods=periods,
    )


def acknowledged(scene: Scene) -> str:
    """Somebody knows."""
    if not scene.state.ack:
        return ""
    user, _, comment = scene.state.ackcomment.partition(": ")
    return f"acknowledged by {user}: {comment}" if user else f"acknowledged: {comment}"


# Rules about a period.


def outside_period(here: PeriodScene) -> str:
    """The present is not in the period."""
    if covers(here.period.spec, here.now.wall):
        return ""
    return f"outside the period {here.period.spec}"


def no_alert_before(here: PeriodScene) -> str:
    """Law 5: an upalert or ack alert needs an alert of this period since the last success."""
    if here.period.no_comp_alerts or here.state.sent:
        return ""
    return "this period has sent no alert since the last success"


def upalertafter(here: PeriodScene) -> str:
    """The outage was too short to be worth an upalert."""
    least, lasted = here.period.upalertafter, here.scene.state.failing_for(here.now)
    if least is None or lasted >= least:
        return ""
    return f"the outage lasted {seconds(lasted)}, upalertafter is {seconds(least)}"


def alertexitrange(here: PeriodScene) -> str:
    """The period is not about this exit status."""
    return _outside_range(here.scene.event.status, here.period.alertexitrange, "alertexitrange")


def collected(here: PeriodScene) -> str:
    """It is in the message that goes at the end of the window, as it was the last time."""
    group, untold = here.group, here.state.untold
    if group is None or not here.joins or untold is None or untold.window != group.window:
        return ""
    if here.state.sent <= untold.sent or _news(here.scene):
        return ""
    return f"{_whose(here)}the message that is being collected has it"


def numalerts(here: PeriodScene) -> str:
    """So many alerts are enough."""
    most = here.period.numalerts
    if not most or here.sent < most or here.joins or here.period.until_ack or _reminder_due(here):
        return ""
    return f"{_whose(here)}alerts sent: {here.sent}, numalerts is {most}"


def _whose(here: PeriodScene) -> str:
    """The beginning of a reason that is about a group."""
    return f"group {here.period.collate.group}: " if here.group and here.period.collate else ""


def reminder(here: PeriodScene) -> str:
    """``reminder T``: it was told, and is told again after T (with alertevery, that says when before)."""
    after, last = here.period.reminder, here.last_alert
    if after is None or last is None or here.period.alertevery or here.is_news or _reminder_due(here):
        return ""
    ago = seconds(here.now.mono - last.mono)
    return f"{_whose(here)}the last alert was {ago} ago, reminder is {seconds(after)}"


def _reminder_due(here: PeriodScene) -> bool:
    after, last = here.period.reminder, here.last_alert
    return after is not None and last is not None and here.now.mono - last.mono >= after


def alertevery(here: PeriodScene) -> str:
    """The last alert is not long ago, and the failure is the same by the mode's measure."""
    every, last = here.period.alertevery, here.last_alert
    if every is None or last is None:
        return ""
    ago = here.now.mono - last.mono
    if ago >= every.seconds or _reminder_due(here) or _changed(here, every):
        return ""
    return f"{_whose(here)}the last alert was {seconds(ago)} ago, alertevery is {seconds(every.seconds)}"


def _changed(here: PeriodScene, every: AlertEvery) -> bool:
    # Compared is the previous failure, not the previous alert.
    scene = here.scene
    if here.is_news:
        return every.mode in (EveryMode.SUMMARY, EveryMode.OBSERVE_DETAIL)
    if every.mode is EveryMode.SUMMARY:
        return spoken(scene.state.failure_output) != scene.event.summary
    return every.mode is EveryMode.OBSERVE_DETAIL and scene.state.failure_output != scene.event.output


def alertafter_count(here: PeriodScene) -> str:
    """``alertafter N``: it has not failed N times in a row."""
    after, failures = here.period.alertafter, here.scene.state.consec_failures
    if after is None or after.count is None or after.seconds is not None or failures >= after.count:
        return ""
    return f"failures in a row: {failures}, alertafter is {after.count}"


def begin_alertafter_time(here: PeriodScene) -> PeriodScene:
    """``alertafter T`` counts from the first failure that gets this far."""
    after = here.period.alertafter
    if after is None or after.count is not None or after.seconds is None or here.state.first_failure:
        return here
    return replace(here, state=replace(here.state, first_failure=here.now))


def alertafter_time(here: PeriodScene) -> str:
    """``alertafter T``: it has not failed for longer than T."""
    after, first = here.period.alertafter, here.state.first_failure
    if after is None or after.count is not None or after.seconds is None or first is None:
        return ""
    lasted = here.now.mono - first.mono
    if lasted > after.seconds:
        return ""
    return f"failing for {seconds(lasted)}, alertafter is {seconds(after.seconds)}"


def count_alertafter_both(here: PeriodScene) -> PeriodScene:
    """``alertafter N T`` counts the failures within T, and after T begins again with 1."""
    after, first = here.period.alertafter, here.state.first_failure
    if after is None or after.count is None or after.seconds is None:
        return here
    if first is None or here.now.mono - first.mono > after.seconds:
        return replace(here, state=replace(here.state, first_failure=here.now, fail_count=1))
    return replace(here, state=replace(here.state, fail_count=here.state.fail_count + 1))


def alertafter_both(here: PeriodScene) -> str:
    """``alertafter N T``: it has not failed N times within T."""
    after, failures = here.period.alertafter, here.state.fail_count
    if after is None or after.count is None or after.seconds is None or failures >= after.count:
        return ""
    return f"failures within {seconds(after.seconds)}: {failures}, alertafter is {after.count}"


# Rules about an alert line.


def exit_range(here: LineScene) -> str:
    """``exit=``: the line is not about this exit status."""
    return _outside_range(here.scene.event.status, here.line.exit, "exit")


def not_installed(here: LineScene) -> str:
    """There is no such alert; classic mon skips it, and it does not count."""
    name = here.line.command.plugin
    return f"there is no alert {name!r}" if name in here.scene.missing else ""


def _outside_range(status: int | None, wanted: tuple[int, int] | None, what: str) -> str:
    status = status or 0
    if wanted is None or wanted[0] <= status <= wanted[1]:
        return ""
    low, high = wanted
    return f"the exit status is {status}, {what} is {low if low == high else f'{low}-{high}'}"


def seconds(value: float) -> str:
    """A duration for people: ``90s``, ``0.5s``."""
    return f"{value:.1f}".removesuffix(".0") + "s"


# The chain.

_NO_OCCASION = Rule("no occasion", pointless)
_STOPPED = Rule("stopped", stopped)
_DISABLED = Rule("disabled", disabled)
_SILENCED = Rule("silenced", silenced)
_DEPENDENCY = Rule("dependency", dependency)
_ACKNOWLEDGED = Rule("acknowledged", acknowledged)
_PERIOD = Rule("outside the period", outside_period)
_NO_ALERT = Rule("no alert before", no_alert_before)

_FAILURE_SERVICE = (
    _NO_OCCASION,
    _STOPPED,
    _DISABLED,
    _SILENCED,
    _DEPENDENCY,
    Rule("acknowledged", acknowledged, counts=drop_outdated_ack),
)
_FAILURE_PERIOD = (
    _PERIOD,
    Rule("alertexitrange", alertexitrange),
    Rule("collected", collected),
    Rule("numalerts", numalerts),
    Rule("reminder", reminder),
    Rule("alertevery", alertevery),
    Rule("alertafter count", alertafter_count),
    Rule("alertafter time", alertafter_time, counts=begin_alertafter_time),
    Rule("alertafter count in time", alertafter_both, counts=count_alertafter_both),
)

WITHDRAWING: Sequence[Rule[Scene]] = (_DISABLED, _SILENCED, _DEPENDENCY, _ACKNOWLEDGED)
"""Asked again when what was collated is to be told."""

SERVICE_RULES: Mapping[AlertType, Sequence[Rule[Scene]]] = {
    **dict.fromkeys(FAILURES, _FAILURE_SERVICE),
    AlertType.UP: (_NO_OCCASION, _STOPPED, _DISABLED),
    AlertType.STARTUP: (_STOPPED, _DISABLED, _SILENCED, _ACKNOWLEDGED),
    AlertType.ACK: (_STOPPED, _DISABLED, _DEPENDENCY),
    AlertType.DISABLE: (_STOPPED, _DISABLED, _DEPENDENCY),
}
"""Asked once for all periods, by kind of event."""

PERIOD_RULES: Mapping[AlertType, Sequence[Rule[PeriodScene]]] = {
    **dict.fromkeys(FAILURES, _FAILURE_PERIOD),
    AlertType.UP: (_PERIOD, _NO_ALERT, Rule("upalertafter", upalertafter)),
    AlertType.STARTUP: (_PERIOD,),
    AlertType.ACK: (_PERIOD, _NO_ALERT),
    AlertType.DISABLE: (_PERIOD,),
}
"""Asked for each period that the service's rules let through."""

LINE_RULES: Sequence[Rule[LineScene]] = (
    Rule("exit range", exit_range),
    Rule("not installed", not_installed),
)
"""Asked for each alert line at last."""
