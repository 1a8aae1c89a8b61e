"""What became of alerts: all of them (``alerts``), and those of one service with their reasons (``why``).

Everything is from what was recorded when it happened; nothing is worked out anew.
"""

from mon.control import asked
from mon.control.asked import Arguments
from mon.control.operations import Operations
from mon.errors import ControlError, StoreError
from mon.model.config import Key
from mon.model.result import Transition
from mon.outbox import Entry
from mon.outbox.entry import entry_of
from mon.store import HistoryStore, Hold, Outcome, Row
from mon.structs import Struct

RECENT = 86400.0
"""Seconds that ``alerts`` looks back when it is not told how far."""

TICK = 0.001

MOST = 500
"""Rows of a kind in one answer: the latest."""


class AlertView(Struct, frozen=True):
    """An alert that was decided to be sent.  Times are wall seconds; ``why`` is how the last attempt ended.

    ``changed`` is when it came to its present stage, ``next`` when it is tried again (0.0: not at all).
    ``group`` and ``window`` are there where it is told together with others, which is until ``until``.
    """

    id: str
    stage: str
    watch: str
    service: str
    period: str
    kind: str
    type: str
    alert: str
    summary: str
    decided: float
    changed: float
    attempts: int
    next: float
    why: str
    remark: str = ""
    group: str = ""
    window: str = ""
    until: float = 0.0


class Alerts(Struct, frozen=True):
    """All that is recorded since a wall time, oldest first."""

    now: float
    since: float
    alerts: tuple[AlertView, ...]
    held: tuple[Hold, ...]
    trouble: str = ""


class Why(Struct, frozen=True):
    """What was recorded of one service around a moment: one standing opinion, and what followed from it.

    ``begin`` and ``end`` are wall time; ``end`` is 0.0 while the opinion stands.  ``before`` is the change
    that began it, None if that is not recorded; ``after`` the one that ended it.
    """

    now: float
    at: float
    watch: str
    service: str
    begin: float
    end: float
    before: Transition | None
    after: Transition | None
    hosts: tuple[Transition, ...] = ()
    waiting: tuple[AlertView, ...] = ()
    attempts: tuple[Outcome, ...] = ()
    held: tuple[Hold, ...] = ()


async def alerts(operations: Operations, arguments: Arguments) -> object:
    """What waits, failed, expired, was sent and was held; ``since`` is a wall time."""
    records, now = operations.records, operations.now().wall
    since = asked.number(arguments, "since")
    since = now - RECENT if since is None else since
    rows: dict[str, Row] = {}
    held: tuple[Hold, ...] = ()
    trouble = records.outbox.trouble or records.history.trouble
    try:
        rows = {row.id: row for row in await records.store.entries(since, MOST)}
        held = await records.history.holds(since=since, limit=MOST)
    except StoreError as error:  # what is in memory can still be told
        trouble = str(error)
    waiting = {entry.id: entry for entry in records.outbox.pending()}
    views = [view for row in rows.values() if row.id not in waiting and (view := _recorded(row))]
    views += [_view(entry, rows[entry.id].changed if entry.id in rows else 0.0) for entry in waiting.values()]
    return Alerts(now, since, tuple(views), held, trouble)


async def retry(operations: Operations, arguments: Arguments) -> object:
    """Try one now that waits, or once more one that has ended."""
    entry, outbox = await _found(operations, arguments), operations.records.outbox
    if entry.window in outbox.windows and not entry.stage.ended:
        raise ControlError(f"alert {entry.id[:8]} is told together with others of group {entry.group} soon")
    outbox.retry(entry)
    return _view(entry, 0.0)


async def drop(operations: Operations, arguments: Arguments) -> object:
    """Give one up; ``reason`` and ``who`` are kept with it."""
    entry = await _found(operations, arguments)
    reason, user = asked.text(arguments, "reason"), asked.text(arguments, "who") or "an operator"
    if not reason:
        raise ControlError("why? give a reason")
    if not await operations.records.outbox.drop(entry, f"dropped by {user}: {reason}"):
        raise ControlError(f"alert {entry.id[:8]} has ended, or is being sent just now")
    return _view(entry, 0.0)


async def why(operations: Operations, arguments: Arguments) -> object:
    """The story of one service around ``at`` (wall time, default now)."""
    key, now = asked.service(operations, arguments), operations.now().wall
    at = asked.number(arguments, "at")
    try:
        return await _story(operations, key, now if at is None else at, now)
    except StoreError as error:
        raise ControlError(f"what was recorded cannot be read: {error}") from error


async def _story(operations: Operations, key: Key, at: float, now: float) -> Why:
    records = operations.records
    before, after = await _turns(records.history, key, at)
    begin = before.at.wall if before else 0.0
    end = after.at.wall if after else 0.0
    until = end - TICK if end else now  # what happened at the end belongs to what came then
    attempts = await records.history.deliveries(key, since=begin, limit=MOST)
    rows = {row.id: row for row in await records.store.those(tuple({each.id for each in attempts}))}
    waiting = (entry for entry in records.outbox.pending() if (entry.watch, entry.service) == key)

    def belongs(decided: float) -> bool:
        return begin <= decided and (not end or decided < end)

    return Why(
        now,
        at,
        *key,
        begin,
        end,
        before,
        after,
        hosts=tuple(
            change
            for change in await records.history.transitions(key, since=begin, until=until, limit=MOST)
            if change.host
        ),
        waiting=tuple(_view(entry, 0.0) for entry in waiting if belongs(entry.created)),
        attempts=tuple(
            each for each in attempts if belongs(rows[each.id].created if each.id in rows else each.at)
        ),
        held=await records.history.holds(key, since=begin, until=until, limit=MOST),
    )


async def _turns(history: HistoryStore, key: Key, at: float) -> tuple[Transition | None, Transition | None]:
    """The last change of opinion until then, and the first one after it."""
    earlier = await history.transitions(key, host="", until=at, limit=1)
    later = await history.transitions(key, host="", since=at, oldest=True, limit=2)
    return earlier[0] if earlier else None, next((each for each in later if each.at.wall > at), None)


async def _found(operations: Operations, arguments: Arguments) -> Entry:
    """The entry that ``id``, or the beginning of it, names.  Raises ControlError when it is not one."""
    wanted = asked.text(arguments, "id")
    if len(wanted) < 4:
        raise ControlError("which alert? give its id, or four letters of it at least")
    waiting = {
        entry.id: entry for entry in operations.records.outbox.pending() if entry.id.startswith(wanted)
    }
    rows = {row.id: row for row in await operations.records.store.named(wanted)}
    if wanted in waiting or wanted in rows:
        return waiting[wanted] if wanted in waiting else _entry(rows[wanted])
    both = sorted({*waiting, *rows})
    if not both:
        raise ControlError(f"no alert {wanted!r:.80} (ended ones are kept for a while only)")
    if both[1:]:
        raise ControlError(f"{wanted!r:.80} begins the id of {len(both)} alerts: give more of it")
    return waiting.get(both[0]) or _entry(rows[both[0]])


def _entry(row: Row) -> Entry:
    try:
        return entry_of(row)
    except StoreError as error:
        raise ControlError(f"alert {row.id} cannot be read: {error}") from error


def _recorded(row: Row) -> AlertView | None:
    try:
        return _view(entry_of(row), row.changed)
    except StoreError:  # of another version: told in the log when it was found
        return None


def _view(entry: Entry, changed: float) -> AlertView:
    return AlertView(
        id=entry.id,
        stage=entry.stage,
        watch=entry.watch,
        service=entry.service,
        period=entry.period,
        kind=entry.kind,
        type=entry.type,
        alert=entry.command,
        summary=entry.notice.summary,
        decided=entry.created,
        changed=changed,
        attempts=entry.attempts,
        next=entry.next_at,
        why=entry.why,
        remark=entry.notice.remark,
        group=entry.group if entry.window else "",
        window=entry.window,
        until=entry.until,
    )
