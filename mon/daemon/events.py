"""One log line per thing that happened: a sentence for people, fields for programs (--log-json)."""

import logging
from collections.abc import Mapping

from mon.model.notice import Decision
from mon.model.pool import Pool, ServerId, Table
from mon.model.result import Transition

log = logging.getLogger("mon")

BAD = frozenset({"fail", "down", "unknown", "timeout"})


def say(level: int, event: str, message: str, **fields: object) -> None:
    """Log ``message`` with ``fields`` beside it; the JSON formatter prints them, the plain one does not."""
    log.log(level, "%s", message, extra={"event": event, "fields": fields})


def transition(change: Transition) -> None:
    """A change of opinion on a service or on one of its hosts."""
    where = f"{change.watch}/{change.service}" + (f" {change.host}" if change.host else "")
    say(
        logging.WARNING if change.new in BAD else logging.INFO,
        "transition",
        f"{where}: {change.old} -> {change.new}" + (f": {change.why}" if change.why else ""),
        watch=change.watch,
        service=change.service,
        host=change.host,
        old=change.old,
        new=change.new,
        why=change.why,
    )


def held(decision: Decision) -> None:
    """An alert line that was not sent, with its reason (law 4); of interest when asked for."""
    say(
        logging.DEBUG,
        "held",
        f"{decision.watch}/{decision.service}: {decision.line.kind} {decision.line.command.text} held: "
        f"{decision.why}",
        watch=decision.watch,
        service=decision.service,
        period=decision.period,
        rule=decision.rule,
        why=decision.why,
    )


def passive(decision: Decision) -> None:
    """An alert that would have been sent if the daemon were not passive."""
    say(
        logging.INFO,
        "passive",
        f"{decision.watch}/{decision.service}: would send {decision.line.kind} {decision.line.command.text}",
        watch=decision.watch,
        service=decision.service,
        alert=decision.line.command.text,
    )


def alert(
    watch: str, service: str, period: str, kind: str, type_: str, text: str, fate: str, why: str
) -> None:
    """How sending one alert ended."""
    say(
        logging.INFO if fate == "sent" else logging.WARNING,
        "alert",
        f"{watch}/{service}: {kind} {text}: {fate}" + (f": {why}" if why else ""),
        watch=watch,
        service=service,
        period=period,
        kind=kind,
        type=type_,
        alert=text,
        fate=fate,
        why=why,
    )


def pool(name: str, server: str, old: int | None, new: int | None, why: str) -> None:
    """A real server's weight on the balancer, changed and read back; None is "not in the table"."""

    if old is None:
        what = f"added with weight {new}"
    elif new is None:
        what = f"removed (it had weight {old})"
    else:
        what = f"weight {old} -> {new}"
    say(
        logging.INFO,
        "pool",
        f"pool {name}: {server}: {what}" + (f": {why}" if why else ""),
        pool=name,
        server=server,
        old=old,
        new=new,
        why=why,
    )


def weights(plan: Pool, before: Table, after: Table, why: Mapping[ServerId, str]) -> None:
    """A line for each weight that is another one now."""
    old = {server.id: server.weight for server in before.servers}
    new = {server.id: server.weight for server in after.servers}
    names = {member.id: member.name for member in plan.members}
    for server in dict.fromkeys((*new, *old)):
        if old.get(server) != new.get(server):
            shown = f"{names[server]} {server}" if server in names else str(server)
            pool(plan.name, shown, old.get(server), new.get(server), why.get(server, ""))
