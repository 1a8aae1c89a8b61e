"""From an event to exactly one decision for each alert line of each period (law 4)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mon.engine.environment import for_alert
from mon.engine.event import FAILURES, LINES, Event, LineScene, PeriodScene, Scene
from mon.engine.group import Group, counted, opened
from mon.engine.rules import LINE_RULES, PERIOD_RULES, SERVICE_RULES, walk
from mon.engine.state import AT_REST, PeriodState, ServiceState, Untold
from mon.engine.step import SEND
from mon.model.config import AlertKind, AlertLine, Period
from mon.model.notice import AlertType, Decision, Grouped, HeldService, HostReport, Notice
from mon.structs import Struct, field, replace


class Audience(Struct, frozen=True):
    """What notices say besides the event: hosts that are not disabled, opinions on them, static variables,
    services that are not told of because this one fails."""

    hosts: tuple[str, ...] = ()
    reports: tuple[HostReport, ...] = ()
    static: Mapping[str, str] = field(default_factory=dict)
    held: tuple[HeldService, ...] = ()


class Decided(Struct, frozen=True):
    """The state and the groups with their counters moved (``groups``: those that were), and the decisions."""

    state: ServiceState
    groups: Mapping[str, Group]
    decisions: tuple[Decision, ...]


def decide(scene: Scene, audience: Callable[[], Audience]) -> Decided:
    """Walk the chain for all periods."""
    kind = LINES[scene.event.type]
    scene, rule, why = walk(SERVICE_RULES[scene.event.type], scene)
    desk = _Desk(scene, audience)
    decisions: list[Decision] = []
    periods, groups = dict(scene.state.periods), dict[str, Group]()
    for period in scene.service.periods:
        before = scene.state.in_period(period.key)
        if rule:
            decisions += desk.held(period, period.of_kind(kind), rule, why)
            continue
        collates = any(scene.collates(line) for line in period.of_kind(kind))
        group = scene.group_of(period) if collates else None
        after, made = _in_period(desk, PeriodScene(scene, period, before, group))
        periods[period.key] = after.state
        decisions += made
        if period.collate and after.group is not None and after.group is not group:
            groups[period.collate.group] = after.group
            scene = desk.scene = replace(scene, groups={**scene.groups, **groups})
    sent = sum(decision.send for decision in decisions)
    state = replace(scene.state, periods=periods, alerts=scene.state.alerts + sent)
    return Decided(state, groups, tuple(decisions))


def redistributed(scene: Scene, audience: Callable[[], Audience]) -> tuple[Decision, ...]:
    """``redistribute`` is called for each event, whatever holds the alerts, but not while stopped."""
    command = scene.service.redistribute
    if command is None:
        return ()
    line = AlertLine(LINES[scene.event.type], command, source=command.source)
    desk = _Desk(scene, audience)
    if not scene.running:
        return tuple(desk.held(NO_PERIOD, (line,), "stopped", "the scheduler is stopped"))
    return (desk.sent(PeriodScene(scene, NO_PERIOD, AT_REST), line, "redistributed", rule="redistribute"),)


def tested(
    scene: Scene, period: Period, kind: AlertKind, audience: Callable[[], Audience]
) -> tuple[Decision, ...]:
    """All lines of this kind of one period, without asking any rule (``test alert``)."""
    desk = _Desk(scene, audience)
    here = PeriodScene(scene, replace(period, collate=None), AT_REST)
    lines = period.of_kind(kind)
    return tuple(desk.sent(here, line, "tested by an operator", rule="test") for line in lines)


NO_PERIOD = Period()

MOST_HELD = 100
"""So many of the services that one failure holds are kept with its message; of the others the number."""


def _in_period(desk: "_Desk", here: PeriodScene) -> tuple[PeriodScene, list[Decision]]:
    """The scene with the counters moved, and the decisions."""
    event = here.scene.event
    lines = here.period.of_kind(LINES[event.type])
    here, rule, why = walk(PERIOD_RULES[event.type], here)
    if rule:
        return here, list(desk.held(here.period, lines, rule, why))
    walked = [(line, *walk(LINE_RULES, LineScene(desk.scene, line))[1:]) for line in lines]
    called = [line for line, rule, _ in walked if not rule]
    if called:
        here = _collated(here, called)
        here = replace(here, state=_counted(here.state, event))
    decisions = [
        desk.decision(here.period, line, rule, why) if rule else desk.sent(here, line, "")
        for line, rule, why in walked
    ]
    return here, decisions


def _collated(here: PeriodScene, called: Sequence[AlertLine]) -> PeriodScene:
    """With a window open for the lines that wait for others, and what the counters are without it."""
    event, collate = here.scene.event, here.period.collate
    if here.group is None or collate is None or not any(map(here.scene.collates, called)):
        return here
    group = opened(here.group, collate.group, collate.seconds, event.now)
    group = counted(group, event.now) if event.type in FAILURES else group
    state = here.state
    if state.untold is None or state.untold.window != group.window:
        before = Untold(group.window, state.sent, state.last_alert, told=state.sent > 0)
        state = replace(state, untold=before)
    return replace(here, group=group, state=state)


def _counted(state: PeriodState, event: Event) -> PeriodState:
    if event.type is AlertType.UP:
        untold = state.untold and replace(state.untold, sent=0, last_alert=None)
        return replace(state, sent=0, last_alert=None, untold=untold)
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

    def sent(self, here: PeriodScene, line: AlertLine, why: str, *, rule: str = SEND) -> Decision:
        period = here.period
        before = self.scene.state.in_period(period.key).last_alert
        last = before.wall if before is not None else 0.0
        group = here.group or self.scene.group_of(period)
        notice = replace(self.notice(), period=period.key, last_message=last, group=_as_told(period, group))
        made = self.decision(period, line, rule, why or self.scene.event.summary, notice)
        if period.collate is None or group is None:
            return made
        made = replace(made, group=period.collate.group)
        if group.until is None or rule != SEND or not self.scene.collates(line):
            return made
        return replace(made, window=group.window, until=group.until.wall)

    def notice(self) -> Notice:
        """What all alerts of the scene are told; made once, as it holds the whole environment."""
        if self._notice is None:
            self._notice = notice_of(self.scene, self._audience())
        return self._notice


def _as_told(period: Period, group: Group | None) -> Grouped | None:
    """The group as a message sees it that is not collated yet."""
    if period.collate is None or group is None or not group.since:
        return None
    return Grouped(period.collate.group, group.thread(period.collate.group), group.failing)


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
        held=audience.held[:MOST_HELD],
        held_total=len(audience.held),
    )
