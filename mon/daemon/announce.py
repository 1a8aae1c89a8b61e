"""Telling people about a pool as a whole: its balancer does not answer, the floor holds, nobody serves.

It goes where the failures of its voters go: to the alert lines beside the vote lines (law 1).
"""

from collections.abc import Iterator

from mon.catalog import Plan
from mon.engine import Step
from mon.model.config import AlertKind, AlertLine, Period
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Notice
from mon.model.pool import Pool, Voter
from mon.model.result import OpStatus


def announcement(plan: Plan, pool: Pool, text: str, now: Moment) -> Step:
    """The alerts that say ``text`` about the pool; "" says that it is well again."""
    lines: dict[str, Decision] = {}
    kind = AlertKind.ALERT if text else AlertKind.UPALERT
    for voter in pool.voters:
        for period, line in _lines(plan, voter, kind):
            lines.setdefault(line.command.text, _decision(pool, voter, period, line, text, now))
    return Step(decisions=tuple(lines.values()))


def _lines(plan: Plan, voter: Voter, kind: AlertKind) -> Iterator[tuple[Period, AlertLine]]:
    service = plan.config.services.get((voter.watch, voter.service))
    for period in service.periods if service else ():
        if any(line in plan.votes for line in period.lines):
            for line in period.of_kind(kind):
                if line not in plan.votes:
                    yield period, line


def _decision(pool: Pool, voter: Voter, period: Period, line: AlertLine, text: str, now: Moment) -> Decision:
    said = f"pool {pool.name}: {text or 'well again'}"
    type_ = AlertType.FAILURE if text else AlertType.UP
    notice = Notice(
        type=type_,
        watch=voter.watch,
        service=voter.service,
        period=period.key,
        at=now.wall,
        status=1 if text else 0,
        opstatus=OpStatus.FAIL if text else OpStatus.OK,
        summary=said,
        output=f"{said}\n",
        description=f"pool {pool.name}, {pool.id}",
        story=f"pool/{pool.name}",
        environment={"MON_GROUP": voter.watch, "MON_SERVICE": voter.service, "MON_ALERTTYPE": type_.value},
    )
    return Decision(
        voter.watch, voter.service, period.key, line, type_, "send", "the pool as a whole", now, notice
    )
