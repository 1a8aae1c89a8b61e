"""Telling people that mon itself is in trouble: its state cannot be kept.

There is no service whose alert that could be, so it goes to everybody who is told of anything, once each.
"""

import logging
from collections.abc import Callable, Iterator

from mon.catalog import Plan
from mon.daemon import events
from mon.engine import Step
from mon.model.config import AlertKind, AlertLine, Period, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Notice
from mon.model.result import OpStatus

LASTING = 30.0
"""Seconds after which trouble is told: a disk that is full for a moment, or locked by a backup, is none."""


class OwnTrouble:
    """``tells(line)`` is true of alerts that only tell people; ``send`` lets a step go."""

    def __init__(self, tells: Callable[[AlertLine], bool], send: Callable[[Step], object]) -> None:
        self._tells = tells
        self._send = send
        self._since: Moment | None = None
        self._told = ""

    def look(self, plan: Plan, trouble: str, now: Moment, *, at_once: bool = False) -> None:
        """This is what is wrong now, "" if nothing is; ``at_once``: it is not to be waited for."""
        if not trouble:
            self._since = None
            if self._told:
                self._told = ""
                self._say(plan, "mon's state is being saved again", now, well=True)
            return
        self._since = self._since or now
        if not self._told and (at_once or now.mono - self._since.mono >= LASTING):
            self._told = trouble
            said = f"mon's state cannot be saved, checks and alerts go on: {trouble}"
            self._say(plan, said, now, well=False)

    def _say(self, plan: Plan, said: str, now: Moment, *, well: bool) -> None:
        events.say(logging.INFO if well else logging.ERROR, "store", said)
        kind = AlertKind.UPALERT if well else AlertKind.ALERT
        decisions: dict[str, Decision] = {}
        for service, period, line in _lines(plan, kind):
            if line not in plan.votes and self._tells(line):
                made = _decision(service, period, line, said, now, well=well)
                decisions.setdefault(line.command.text, made)
        self._send(Step(decisions=tuple(decisions.values())))


def _lines(plan: Plan, kind: AlertKind) -> Iterator[tuple[Service, Period, AlertLine]]:
    for service in plan.config.services.values():
        for period in service.periods:
            yield from ((service, period, line) for line in period.of_kind(kind) if line in plan.alerts)


def _decision(
    service: Service, period: Period, line: AlertLine, said: str, now: Moment, *, well: bool
) -> Decision:
    type_ = AlertType.UP if well else AlertType.FAILURE
    notice = Notice(
        type_, service.watch, service.name, period.key, now.wall, int(not well),
        OpStatus.OK if well else OpStatus.FAIL, said, f"{said}\n",
        description="mon itself", story="mon/store",
        environment={"MON_GROUP": service.watch, "MON_SERVICE": service.name, "MON_ALERTTYPE": type_.value,
                     "MON_LAST_SUMMARY": said},
    )  # fmt: skip
    return Decision(
        service.watch, service.name, period.key, line, type_, "send", "mon itself is in trouble", now, notice
    )
