"""Sends what is in the outbox, and writes down what became of it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from mon.errors import StoreError
from mon.model.config import AlertLine
from mon.model.moment import Moment
from mon.model.notice import Decision, Delivery, Fate
from mon.outbox.entry import Entry, decided, entry_of, outcome_of, row_of
from mon.outbox.lanes import ALL, EACH, Item, Lanes
from mon.outbox.rules import UNDONE, after, at_start
from mon.store.values import Batch, Outcome, Row, Stage

Send = Callable[[Entry, int], Awaitable[Delivery]]
"""Try once: an entry, and the number of the attempt (from 1)."""

Observer = Callable[[Entry, Delivery], None]

MESSAGE_GRACE = 1.0
"""At the end, seconds for messages that are being sent; cut off they are sent again at the next start."""

DISK_PATIENCE = 5.0
"""Seconds to wait for the disk before an alert goes out without a note of it: late is worse than twice."""


class Store(Protocol):
    """What the outbox needs of the state store."""

    async def commit(self, batch: Batch, *, patience: float = ...) -> None:
        """Write a batch."""
        ...

    async def unsent(self) -> tuple[Row, ...]:
        """What had not ended when mon did."""
        ...


class Outbox:
    """Alerts that were decided and not yet sent.

    ``observers`` are called after each attempt, and for each entry that ends without one, with the entry
    as it is now and how that came.  ``trouble`` is what the disk said last, "" when it is well.
    """

    def __init__(
        self,
        store: Store,
        send: Send,
        clock: Callable[[], Moment],
        *,
        observe: Observer | None = None,
        ids: Callable[[], str] = lambda: uuid.uuid4().hex,
        each: int = EACH,
        limit: int = ALL,
    ) -> None:
        self.observers: list[Observer] = [observe] if observe else []
        self.trouble = ""
        self._store = store
        self._send = send
        self._clock = clock
        self._ids = ids
        self._lanes = Lanes(each=each, all=limit)
        self._unrecorded: list[Outcome] = []
        self._woken = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._tasks: dict[asyncio.Task[None], Item] = {}

    def entries_for(
        self, decisions: Iterable[Decision], is_action: Callable[[AlertLine], bool]
    ) -> tuple[Row, ...]:
        """The rows for the decisions to send; they belong into the same batch as the transition.

        Decisions to hold give none.  Raises StoreError for a notice that has no bytes.
        """
        return tuple(
            row_of(decided(decision, decision.notice, self._ids(), action=is_action(decision.line)))
            for decision in decisions
            if decision.notice is not None
        )

    def committed(self, rows: Sequence[Row]) -> None:
        """The rows are on disk (or the disk is gone, and one goes on without it): send them."""
        for row in rows:
            if row.id not in self._lanes:
                self._add(entry_of(row))
        self.wake()

    async def start(self, rows: Sequence[Row] | None = None) -> tuple[str, ...]:
        """Take up what a former life left, and begin to send; warnings for the log.

        ``rows`` are the store's unsent ones (``Saved.entries``), None reads them.

        Messages are sent again; actions expire, unless their line says ``replay=yes``.
        """
        warnings = await self._resume(await self._store.unsent() if rows is None else rows)
        self._pump = asyncio.create_task(self._run(), name="outbox")
        return warnings

    def wake(self) -> None:
        """Look again what is due."""
        self._woken.set()

    def pending(self) -> tuple[Entry, ...]:
        """What has not ended, in the order of the decisions."""
        return tuple(item.entry for item in self._lanes)

    async def stop(self, grace: float) -> None:
        """Begin nothing more; wait up to ``grace`` seconds for actions that run; the rest stays on disk."""
        await _ended([self._pump] if self._pump else [])
        self._pump = None
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=min(grace, MESSAGE_GRACE))
        actions = [task for task, item in self._tasks.items() if item.entry.action]
        if actions and grace > MESSAGE_GRACE:
            await asyncio.wait(actions, timeout=grace - MESSAGE_GRACE)
        await _ended(list(self._tasks))

    async def _resume(self, rows: Sequence[Row]) -> tuple[str, ...]:
        now, warnings, expired = self._clock(), [], []
        for row in rows:
            if row.id in self._lanes:
                continue
            try:
                entry = at_start(entry_of(row))
            except StoreError as error:
                why = f"what was saved of it cannot be read: {error}"
                warnings.append(f"alert {row.id}: {why}")
                self._unrecorded.append(Outcome(row.id, Stage.FAILED, row.attempts, why, now.wall))
                continue
            if entry.stage is Stage.EXPIRED:
                expired.append(entry)
            else:
                self._add(entry)
        await self._expire(expired)
        return tuple(warnings)

    def _add(self, entry: Entry) -> None:
        now = self._clock()
        # A wall clock that was set must neither age an alert nor put it off for longer than its wait.
        age = max(0.0, now.wall - entry.created)
        wait = min(max(0.0, entry.next_at - now.wall), 600.0)
        undone = self._lanes.add(Item(entry, born=now.mono - age, due=now.mono + wait))
        if undone:
            gone = [replace(item.entry, stage=Stage.EXPIRED, why=UNDONE, next_at=0.0) for item in undone]
            task = asyncio.ensure_future(self._expire(gone))
            self._tasks[task] = undone[0]
            task.add_done_callback(self._tasks.pop)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            now = self._clock().mono
            for item in self._lanes.take(now):
                task = asyncio.create_task(self._one(item))
                self._tasks[task] = item
                task.add_done_callback(self._tasks.pop)
            due = self._lanes.next_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if due is None else max(0.0, due - now))

    async def _one(self, item: Item) -> None:
        item.entry = replace(item.entry, stage=Stage.IN_FLIGHT, attempts=item.entry.attempts + 1)
        if item.entry.action:
            await self._record([outcome_of(item.entry, self._clock().wall)])
        delivery = await self._attempt(item.entry)
        now = self._clock()
        entry = after(item.entry, delivery, wall=now.wall, age=now.mono - item.born, undone=item.undone)
        await self._record([outcome_of(entry, now.wall, delivery.duration)])
        item.entry = entry
        if entry.stage.ended:
            self._lanes.done(item)
        else:
            self._lanes.again(item, now.mono + entry.next_at - now.wall)
        self.wake()
        self._tell(entry, delivery.duration)

    async def _attempt(self, entry: Entry) -> Delivery:
        try:
            return await self._send(entry, entry.attempts)
        except Exception as error:  # noqa: BLE001 - a fault of the sender's must not cost an alert
            return Delivery(Fate.RETRY, f"{type(error).__name__}: {error}")

    async def _expire(self, entries: Sequence[Entry]) -> None:
        now = self._clock().wall
        if entries or self._unrecorded:
            await self._record([outcome_of(entry, now) for entry in entries])
        for entry in entries:
            self._tell(entry, 0.0)

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        told = [*self._unrecorded, *outcomes]
        self._unrecorded = []
        try:
            await self._store.commit(
                Batch(self._clock().wall, deliveries=tuple(told)), patience=DISK_PATIENCE
            )
            self.trouble = ""
        except StoreError as error:
            # The alert matters more than the note of it, which goes with the next one.
            self._unrecorded = told + self._unrecorded
            self.trouble = str(error)

    def _tell(self, entry: Entry, duration: float) -> None:
        delivery = Delivery(Fate(entry.stage.value), entry.why, duration)
        for observer in self.observers:
            observer(entry, delivery)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
