"""What follows when an alert could not be delivered, or is no longer the whole truth.  Pure.

The ids of what follows are made from the id of what it follows: asked twice, it is the same alert.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mon.model.config import AlertKind, AlertLine
from mon.model.notice import AlertType, Notice
from mon.outbox.entry import Entry
from mon.outbox.rules import CUT_OFF, NOT_RUN
from mon.store.values import Stage

IsAction = Callable[[AlertLine], bool]

MERGED = "told together with its end, in alert"


def second(entry: Entry, is_action: IsAction, at: float) -> Entry | None:
    """What stands behind the ``else`` of its line; None if nothing does."""
    line = entry.line.otherwise
    if line is None:
        return None
    remark = f"sent this way because {_name(entry)} {_said(entry)}"
    return _follower(
        entry, line, follower_id(entry.id, "else"), with_remark(entry.notice, remark), is_action, at
    )


def is_to_be_reported(entry: Entry) -> bool:
    """Is its end news for people?  What was undone, merged or dropped by somebody is not."""
    lost = entry.stage is Stage.FAILED or (entry.stage is Stage.EXPIRED and entry.why in (CUT_OFF, NOT_RUN))
    return lost and not entry.reports and entry.type is not AlertType.TEST


def report(entry: Entry, lines: Iterable[AlertLine], is_action: IsAction, at: float) -> Entry | None:
    """The message on another channel of the period that this one was not delivered; None without one.

    ``lines`` are those of its period that can be called; the best is one of its own kind that goes through
    another plugin.
    """
    others = [
        line for line in lines if line.command.words != entry.line.command.words and not is_action(line)
    ]
    if not others:
        return None
    line = min(others, key=lambda line: _strangeness(entry.line, line))
    text = f"not delivered: {_name(entry)}: {entry.why}"
    notice = replace(entry.notice, summary=text, output=f"{text}\n\n{entry.notice.output}", remark=text)
    made = _follower(entry, line, follower_id(entry.id, "report"), notice, is_action, at)
    return replace(made, reports=entry.id)


def pointless(entry: Entry, waiting: Sequence[Entry]) -> tuple[Entry, ...]:
    """The failures that ``waiting`` (its lane) still wants to tell although ``entry`` says they are over.

    Only when the first of them was tried and could not be sent: what merely queues goes out by itself.
    """
    if entry.kind is not AlertKind.UPALERT or entry.action or not waiting or not waiting[0].attempts:
        return ()
    return tuple(
        each for each in waiting if each.kind is AlertKind.ALERT and not each.action and not each.reports
    )


def both(entry: Entry, earlier: Sequence[Entry]) -> Entry:
    """The message that says both: it failed, and it is over."""
    first = earlier[0]
    times = f" (and {len(earlier) - 1} more messages)" if earlier[1:] else ""
    remark = f"the failure could not be told while it lasted: {first.notice.summary}{times}; {first.why}"
    notice = with_remark(entry.notice, remark)
    return replace(
        entry, notice=replace(notice, first_failure=notice.first_failure or first.notice.first_failure)
    )


def told_in(entry: Entry, id: str) -> Entry:
    """The end of an entry that goes out together with the one of this id."""
    return replace(entry, stage=Stage.EXPIRED, why=f"{MERGED} {id[:8]}", next_at=0.0)


def with_remark(notice: Notice, remark: str) -> Notice:
    """The notice with one more thing to say, also for programs that only read the text."""
    said = f"{notice.remark}; {remark}" if notice.remark else remark
    return replace(notice, remark=said, output=f"{notice.output.rstrip()}\n\n{remark}\n")


def follower_id(id: str, what: str) -> str:
    """The id of what follows the alert with this id."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{id} {what}").hex


def _follower(
    entry: Entry, line: AlertLine, id: str, notice: Notice, is_action: IsAction, at: float
) -> Entry:
    return Entry(
        id=id,
        watch=entry.watch,
        service=entry.service,
        period=entry.period,
        type=entry.type,
        line=line,
        notice=replace(notice, id=id),
        action=is_action(line),
        created=at,
    )


def _strangeness(own: AlertLine, other: AlertLine) -> tuple[bool, bool]:
    return other.kind is not own.kind, other.command.plugin == own.command.plugin


def _name(entry: Entry) -> str:
    return f"{entry.kind} {entry.command}"


def _said(entry: Entry) -> str:
    if entry.stage is Stage.FAILED:
        return f"failed: {entry.why}"
    if entry.stage is Stage.EXPIRED:
        return f"expired: {entry.why}"
    return f"was not delivered in time: {entry.why or 'no attempt has ended yet'}"
