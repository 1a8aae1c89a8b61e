"""The quorum of a pool turned: its command as an action of the outbox (DESIGN §5).

It stands with the service that votes on the pool: where the failure of a command is told, too.
"""

import shlex
from collections.abc import Mapping

from mon.catalog import Plan
from mon.daemon.announce import periods_of
from mon.engine import Step
from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Notice
from mon.model.pool import Pool
from mon.model.quorum import Call
from mon.model.result import OpStatus
from mon.pool.quorum import Turn


def quorum_called(plan: Plan, pool: Pool, turn: Turn, environment: Mapping[str, str], now: Moment) -> Step:
    """The call of the command for this turn; nothing if there is none."""
    call = turn.quorum.up if turn.up else turn.quorum.down
    if call is None:
        return Step()
    watch, service, period = _where(plan, pool)
    type_ = AlertType.UP if turn.up else AlertType.FAILURE
    said = f"pool {pool.name}: {turn}"
    notice = Notice(
        type=type_,
        watch=watch,
        service=service,
        period=period,
        at=now.wall,
        status=0 if turn.up else 1,
        opstatus=OpStatus.OK if turn.up else OpStatus.FAIL,
        summary=said,
        output=f"{said}\n",
        description=f"pool {pool.name}, {pool.id}",
        story=f"quorum/{pool.id}",
        environment={
            **environment,
            "MON_GROUP": watch,
            "MON_SERVICE": service,
            "MON_ALERTTYPE": type_.value,
            "MON_LAST_SUMMARY": said,
            **_variables(pool, turn),
        },
    )
    line = _line(call, AlertKind.UPALERT if turn.up else AlertKind.ALERT)
    return Step(decisions=(Decision(watch, service, period, line, type_, "quorum", str(turn), now, notice),))


def _variables(pool: Pool, turn: Turn) -> dict[str, str]:
    return {
        "MON_POOL": pool.name,
        "MON_VIRTUAL": str(pool.id),
        "MON_QUORUM": str(turn.quorum.count),
        "MON_HYSTERESIS": str(turn.quorum.hysteresis),
        "MON_HEALTHY": str(turn.healthy),
        "MON_SERVERS": str(turn.base),
    }


def _line(call: Call, kind: AlertKind) -> AlertLine:
    command = CommandLine(shlex.join(call.words), call.words, hosts=False, runas=call.runas)
    return AlertLine(kind, command, plain=True)


def _where(plan: Plan, pool: Pool) -> tuple[str, str, str]:
    """The first voter and its period; nowhere if nobody votes any more."""
    for voter in pool.voters:
        for period in periods_of(plan, voter):
            return voter.watch, voter.service, period.key
    return "", "", ""
