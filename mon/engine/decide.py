"""From an event to exactly one decision for each alert line of each period (law 4)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mon.engine.environment import for_alert
from mon.engine.event import LINES, Event, LineScene, PeriodScene, Scene
from mon.engine.rules import LINE_RULES, PERIOD_RULES, SERVICE_RULES, walk
from mon.engine.state import PeriodState, ServiceState
from mon.engine.step import SEND
from mon.model.config import AlertKind, AlertLine, Period
from mon.model.notice import AlertType, Decision, HostReport, Notice


@dataclass(frozen=True, slots=True)
class Audience:
    """What notices say besides the event: hosts that are not disabled, opinions on them, static variables."""

    hosts: tuple[str, ...] = ()
    reports: tuple[HostReport, ...] = ()
    static: Mapping[str, str] = field(default_factory=dict)


def decide(scene: Scene, audience: Callable[[], Audience]) -> tuple[ServiceState, tuple[Decision, ...]]:
    """Walk the chain for all periods: the state with its counters moved, and the decisions."""
    kind = LINES[scene.event.type]
    scene, rule, why = walk(SERVICE_RULES[scene.event.type], scene)
    desk = _Desk(scene, audience)
    decisions: list[Decision] = []
    periods = dict(scene.state.periods)
    for period in scene.service.periods:
        before = scene.state.in_period(period.key)
        if rule:
            decisions += desk.held(period, period.of_kind(kind), rule, why)
            continue
        after, made = _in_period(desk, PeriodScene(scene, period, before))
        periods[period.key] = after
        decisions += made
    sent = sum(decision.send for decision in decisions)
    return replace(scene.state, periods=periods, alerts=scene.state.alerts + sent), tuple(decisions)


def redistributed(scene: Scene, audience: Callable[[], Audience]) -> tuple[Decision, ...]:
    """``redistribute`` is called for each event, whatever holds the alerts, but not while stopped."""
    command = scene.service.redistribute
    if command is None:
        return ()
    line = AlertLine(LINES[scene.event.type], command, source=command.source)
    desk = _Desk(scene, audience)
    if not scene.running:
        return tuple(desk.held(NO_PERIOD, (line,), "stopped", "the scheduler is stopped"))
    return (desk.sent(NO_PERIOD, line, "redistributed", rule="redistribute"),)


def tested(
    scene: Scene, period: Period, kind: AlertKind, audience: Callable[[], Audience]
) -> tuple[Decision, ...]:
    """All lines of this kind of one period, without asking any rule (``test alert``)."""
    desk = _Desk(scene, audience)
    lines = period.of_kind(kind)
    return tuple(desk.sent(period, line, "tested by an operator", rule="test") for line in lines)


NO_PERIOD = Period()


def _in_period(desk: "_Desk", here: PeriodScene) -> tuple[PeriodState, list[Decision]]:
    event = here.scene.event
    lines = here.period.of_kind(LINES[event.type])
    here, rule, why = walk(PERIOD_RULES[event.type], here)
    if rule:
        return here.state, list(desk.held(here.period, lines, rule, why))
    decisions = [_on_line(desk, here.period, line) for line in lines]
    called = any(decision.send for decision in decisions)
    return (_counted(here.state, event) if called else here.state), decisions


def _on_line(desk: "_Desk", period: Period, line: AlertLine) -> Decision:
    _, rule, why = walk(LINE_RULES, LineScene(desk.scene, line))
    if rule:
        return desk.decision(period, line, rule, why)
    return desk.sent(period, line, "")


def _counted(state: PeriodState, event: Event) -> PeriodState:
    if event.type is AlertType.UP:
        return replace(state, sent=0, last_alert=None)
    if event.type is AlertType.STARTUP:
        # Classic mon counts it, and so lets an upalert through that had no alert: against law 5.
        return state
    return replace(state, sent=state.sent + 1, last_alert=event.now)


class _Desk:
    """Writes decisions and notices about one scene."""

    def __init__(self, scene: Scene, audience: Callable[[], Audience]) -> None:
        self.scene = scene
        self._audience = audience
        self._notice: Notice | None = None

    def decision(
        self, period: Period, line: AlertLine, rule: str, why: str, notice: Notice | None = None
    ) -> Decision:
        service, event = self.scene.service, self.scene.event
        return Decision(
            service.watch, service.name, period.key, line, event.type, rule, why, event.now, notice
        )

    def held(self, period: Period, lines: Sequence[AlertLine], rule: str, why: str) -> Iterator[Decision]:
        return (self.decision(period, line, rule, why) for line in lines)

    def sent(self, period: Period, line: AlertLine, why: str, *, rule: str = SEND) -> Decision:
        before = self.scene.state.in_period(period.key).last_alert
        notice = replace(
            self.notice(), period=period.key, last_message=before.wall if before is not None else 0.0
        )
        return self.decision(period, line, rule, why or self.scene.event.summary, notice)

    def notice(self) -> Notice:
        """What all alerts of the scene are told; made once, as it holds the whole environment."""
        if self._notice is None:
            self._notice = notice_of(self.scene, self._audience())
        return self._notice


def notice_of(scene: Scene, audience: Audience) -> Notice:
    """What an alert is told about this event, in no period."""
    event, service, state = scene.event, scene.service, scene.state
    return Notice(
        type=event.type,
        watch=service.watch,
        service=service.name,
        period="",
        at=event.now.wall,
        status=event.status or 0,
        opstatus=state.opstatus,
        summary=event.summary if event.output or event.type is not AlertType.STARTUP else "",
        output=event.output,
        hosts=audience.hosts,
        reports=audience.reports,
        description=service.description,
        first_failure=state.first_failure,
        last_failure=state.last_failure,
        last_success=state.last_success,
        ack=state.ackcomment if state.ack else "",
        environment=for_alert(service, state, event, audience.static),
    )
