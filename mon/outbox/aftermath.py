"""What follows when an alert could not be delivered, or is no longer the whole truth.  Pure.

The ids of what follows are made from the id of what it follows: asked twice, it is the same alert.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence

from mon.model.config import AlertKind, AlertLine
from mon.model.notice import AlertType, Notice
from mon.outbox.entry import Entry
from mon.outbox.rules import CUT_OFF, NOT_RUN
from mon.store.values import Stage
from mon.structs import replace

IsAction = Callable[[AlertLine], bool]

MERGED = {AlertKind.UPALERT: "told together with its end", AlertKind.ALERT: "a later one tells it too"}
"""Why one ends before it was told, by what tells it instead."""


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
    """Is its end news for people?  What was undone, merged or dropped by somebody is not.

    That one of several recipients is refused it for good is news before its end.
    """
    lost = entry.stage is Stage.FAILED or (entry.stage is Stage.EXPIRED and entry.why in (CUT_OFF, NOT_RUN))
    return (lost or bool(lost_for(entry))) and not entry.reports and entry.type is not AlertType.TEST


def lost_for(entry: Entry) -> tuple[str, ...]:
    """The recipients that it is lost for while others have it, or may still get it; () is all or nobody."""
    some = entry.stage is Stage.RETRY or (entry.stage is Stage.FAILED and not entry.notice.left)
    return tuple(sorted(entry.refused)) if some else ()


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
    some = lost_for(entry)
    text = f"not delivered{' to all' if some else ''}: {_name(entry)}: {entry.why}"
    notice = replace(entry.notice, summary=text, output=f"{text}\n\n{entry.notice.output}", remark=text)
    made_id = follower_id(entry.id, " ".join(("report", *some)))
    return replace(_follower(entry, line, made_id, notice, is_action, at), reports=entry.id)


def pointless(entry: Entry, waiting: Sequence[Entry], *, stuck: bool) -> tuple[Entry, ...]:
    """The failures that ``waiting`` (its lane) still wants to tell although ``entry`` says they are over.

    Or that it says all of them again, as a reminder does.  Only when the first of them was tried and could
    not be sent, or (``stuck``) one before it: what merely queues goes out by itself.
    """
    if entry.action or not waiting:
        return ()
    if entry.kind is AlertKind.UPALERT and waiting[0].attempts:
        return tuple(
            each
            for each in waiting
            if each.kind is AlertKind.ALERT
            and not (each.action or each.reports)
            and each.notice.story == entry.notice.story
        )
    return tuple(each for each in waiting if _repeats(entry, each)) if stuck else ()


def _repeats(entry: Entry, earlier: Entry) -> bool:
    """Does it tell the outage of the earlier one as it is now?  Traps and reports stand for themselves."""
    told = entry.type is earlier.type is AlertType.FAILURE and not (entry.reports or earlier.reports)
    return told and entry.kind is earlier.kind and entry.notice.thread == earlier.notice.thread


def together(entry: Entry, earlier: Sequence[Entry]) -> Entry:
    """The message that takes the place of the earlier ones."""
    return both(entry, earlier) if entry.kind is AlertKind.UPALERT else _again(entry, earlier)


def _again(entry: Entry, earlier: Sequence[Entry]) -> Entry:
    """The latest of several that tell the same; its patience is that of the first, or it would never end."""
    first = earlier[0]
    count = "an earlier message" if len(earlier) == 1 else f"{len(earlier)} earlier messages"
    remark = f"{count} of it could not be delivered" + (f": {first.why}" if first.why else "")
    return replace(
        entry,
        notice=with_remark(entry.notice, remark),
        created=first.created,
        attempts=first.attempts,
        next_at=first.next_at,
        why=first.why,
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


def told_in(entry: Entry, by: Entry) -> Entry:
    """The end of an entry that goes out together with another."""
    return replace(entry, stage=Stage.EXPIRED, why=f"{MERGED[by.kind]}, in alert {by.id[:8]}", next_at=0.0)


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
        notice=replace(notice, id=id, left=()),
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
    if lost_for(entry):
        return f"did not reach all: {entry.why}"
    return f"was not delivered in time: {entry.why or 'no attempt has ended yet'}"
