"""Sends what is in the outbox, and writes down what became of it."""

import asyncio
import heapq
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from mon.engine.step import Closed, Withdrawn
from mon.errors import StoreError
from mon.model.config import AlertLine
from mon.model.moment import Moment
from mon.model.notice import Decision, Delivery, Fate
from mon.outbox.aftermath import pointless, together, told_in
from mon.outbox.bundles import Bundles
from mon.outbox.entry import Entry, decided, entry_of, outcome_of, row_of
from mon.outbox.followers import Followers, Store
from mon.outbox.lanes import ALL, EACH, Item, Lanes
from mon.outbox.notebook import Notebook
from mon.outbox.policy import Policy
from mon.outbox.rules import MOST_ASKED, UNDONE, after, at_start, once_more, patience_for
from mon.store.values import Outcome, Row, Stage
from mon.structs import replace

Send = Callable[[Entry, int], Awaitable[Delivery]]
"""Try once: an entry, and the number of the attempt (from 1)."""

Observer = Callable[[Entry, Delivery], None]

MESSAGE_GRACE = 1.0
"""At the end, seconds for messages that are being sent; cut off they are sent again at the next start."""


class Outbox:
    """Alerts that were decided and not yet sent.

    ``observers`` are called after each attempt, and for each entry that ends without one, with the entry
    as it is now and how that came.  ``moved`` is
    when an entry last ended.  ``chance`` gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        store: Store,
        send: Send,
        clock: Callable[[], Moment],
        *,
        policy: Policy | None = None,
        observe: Observer | None = None,
        ids: Callable[[], str] = lambda: uuid.uuid4().hex,
        chance: Callable[[], float] = lambda: 0.5,
        each: int = EACH,
        limit: int = ALL,
    ) -> None:
        self.policy = policy or Policy()
        self.observers: list[Observer] = [observe] if observe else []
        self.moved = clock()
        self._store = store
        self._send = send
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._lanes = Lanes(each=each, all=limit)
        self._followers = Followers(self.policy, store)
        self._notebook = Notebook(store, self._followers, clock)
        self._fresh: dict[str, Entry] = {}  # decided, and not committed yet
        self._merging: dict[str, list[Item]] = {}  # what goes out together with the entry of this id
        self._bundles = Bundles()
        self._overdue: list[tuple[float, int, Item]] = []  # when the ``within`` of a line is over
        self._tickets = count()
        self._woken = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._tasks: dict[asyncio.Future[object], Item] = {}

    @property
    def trouble(self) -> str:
        """What the disk said last, "" when it is well."""
        return self._notebook.trouble

    def entries_for(
        self, decisions: Iterable[Decision], is_action: Callable[[AlertLine], bool] | None = None
    ) -> tuple[Row, ...]:
        """The rows for the decisions to send; they belong into the same batch as the transition.

        Decisions to hold give none.  Raises StoreError for a notice that has no bytes.
        """
        action = is_action or self.policy.is_action
        entries = [
            decided(decision, decision.notice, self._ids(), action=action(decision.line))
            for decision in decisions
            if decision.notice is not None
        ]
        self._fresh |= {entry.id: entry for entry in entries}
        return tuple(map(row_of, entries))

    def merged(self, rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[Outcome, ...]]:
        """The rows, those that end what could not be told yet telling both; and how the others end by it.

        Outcomes and rows belong into one batch: the one message replaces the others or nothing does.
        """
        now, outcomes = self._clock().wall, list[Outcome]()
        return tuple(self._merged(row, outcomes, now) for row in rows), tuple(outcomes)

    def _merged(self, row: Row, outcomes: list[Outcome], now: float) -> Row:
        entry = self._fresh.get(row.id) or entry_of(row)
        if entry.window:  # see ``release``
            return row
        lane = self._lanes.before(entry)
        waiting = [item for item in lane if not item.running]
        stuck = bool(lane) and lane[0].entry.attempts > lane[0].running
        gone = pointless(entry, [item.entry for item in waiting], stuck=stuck)
        if not gone:
            return row
        self._merging[row.id] = [item for item in waiting if item.entry in gone]
        outcomes += [outcome_of(told_in(each, entry), now) for each in gone]
        self._fresh[row.id] = together(entry, gone)
        return row_of(self._fresh[row.id])

    def committed(self, rows: Sequence[Row], *, saved: bool = True) -> None:
        """The rows are on disk (or not ``saved``: the disk is gone, one goes on without it): send them."""
        for row in rows:
            if not saved:
                self._notebook.rows[row.id] = row
            if row.id not in self._lanes:
                entry = self._fresh.pop(row.id) if row.id in self._fresh else entry_of(row)
                for item in self._merging.pop(row.id, ()):
                    self._leave_to(item, entry)
                self._add(entry)
        self.wake()

    def _leave_to(self, item: Item, entry: Entry) -> None:
        if not item.running and item.entry.id in self._lanes:  # else its last attempt began meanwhile
            self._lanes.drop(item)
            self._tell(told_in(item.entry, entry), 0.0)

    # Windows: what is told together.

    @property
    def windows(self) -> frozenset[str]:
        """Those whose messages wait for ``release``."""
        return self._bundles.windows

    def withdraw(self, gone: Sequence[Withdrawn]) -> tuple[Outcome, ...]:
        """Take out what is not to be told after all; how it ends, for the batch that says why."""
        now = self._clock().wall
        return tuple(outcome_of(each, now) for each in self._bundles.withdraw(gone, self._fresh.values()))

    def keep(self, outcomes: Sequence[Outcome]) -> None:
        """Write these down later: the disk did not take them."""
        self._notebook.outcomes += outcomes

    def release(self, closed: Closed) -> None:
        """A window is over: send what waited for it, and with it what could not be sent before."""
        for bundle in self._bundles.close(closed, self._lanes):
            self._to_lane(bundle)
        self.wake()

    async def start(self, rows: Sequence[Row] | None = None) -> tuple[str, ...]:
        """Take up what a former life left, and begin to send; warnings for the log.

        ``rows`` are the store's unsent ones (``Saved.entries``), None reads them.  Messages are sent again;
        actions expire, unless their line says ``replay=yes``.
        """
        known = await self._followers.remember()
        warnings = await self._resume(await self._store.unsent() if rows is None else rows)
        self._pump = asyncio.create_task(self._run(), name="outbox")
        return (known, *warnings) if known else warnings

    def wake(self) -> None:
        """Look again what is due."""
        self._woken.set()

    def pending(self) -> tuple[Entry, ...]:
        """What has not ended, in the order of the decisions."""
        sent = [entry for item in self._lanes for entry in self._bundles.of(item.entry)]
        return (*sent, *self._bundles.waiting())

    def overdue(self) -> float:
        """For how many seconds something has been due that nobody began: 0.0 while the outbox moves."""
        due = self._lanes.next_due()
        return 0.0 if due is None else max(0.0, self._clock().mono - due)

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

    async def save(self, *, anew: bool = False) -> None:
        """Write down what the disk has not taken so far, if anything; ``anew``: it has lost what it had."""
        await self._notebook.save(self.pending() if anew else None)

    # What an operator may do to one entry.

    def retry(self, entry: Entry) -> None:
        """Try now: one that waits, or once more one that had ended."""
        item = self._lanes.get(self._bundles.bundle_of(entry.id))
        now = self._clock()
        if item is None:
            entry = once_more(entry, now.wall)
            self._add(entry)
            self._spawn(self._notebook.write([outcome_of(entry, now.wall)]), self._lanes.get(entry.id))
        elif not item.running:
            self._lanes.hasten(item, now.mono)
        self.wake()

    async def drop(self, entry: Entry, why: str) -> bool:
        """Give up one that has not ended; False if it is being sent just now, or has ended.

        With one that is being tried together with others, all of them are given up.
        """
        if self._bundles.remove(entry.id):
            await self._conclude([replace(entry, stage=Stage.EXPIRED, why=why, next_at=0.0)])
            return True
        item = self._lanes.get(self._bundles.bundle_of(entry.id))
        if item is None or item.running:
            return False
        self._lanes.drop(item)
        await self._conclude([replace(item.entry, stage=Stage.EXPIRED, why=why, next_at=0.0)])
        return True

    # The life of an entry.

    async def _resume(self, rows: Sequence[Row]) -> tuple[str, ...]:
        now, warnings, expired = self._clock(), [], []
        for row in rows:
            if row.id in self._lanes or row.id in self._bundles:
                continue
            try:
                entry = at_start(entry_of(row))
            except StoreError as error:
                why = f"what was saved of it cannot be read: {error}"
                warnings.append(f"alert {row.id}: {why}")
                self._notebook.outcomes.append(Outcome(row.id, Stage.FAILED, row.attempts, why, now.wall))
                continue
            if entry.stage is Stage.EXPIRED:
                expired.append(entry)
            else:
                self._add(entry)
        if expired or self._notebook.outcomes:
            await self._conclude(expired)
        return tuple(warnings)

    def _add(self, entry: Entry) -> None:
        (self._bundles.add if entry.window else self._to_lane)(entry)

    def _to_lane(self, entry: Entry) -> None:
        now = self._clock()
        # A wall clock that was set must neither age an alert nor put it off for longer than its wait.
        age = max(0.0, now.wall - entry.created)
        longest = max(MOST_ASKED, patience_for(entry, self.policy.retry).longest)
        wait = min(max(0.0, entry.next_at - now.wall), longest)
        item = Item(entry, born=now.mono - age, due=now.mono + wait)
        undone = self._lanes.add(item)
        if undone:
            gone = [replace(item.entry, stage=Stage.EXPIRED, why=UNDONE, next_at=0.0) for item in undone]
            self._spawn(self._conclude(gone), undone[0])
        if entry.line.otherwise is not None and entry.line.within is not None:
            heapq.heappush(self._overdue, (item.born + entry.line.within, next(self._tickets), item))

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            now = self._clock().mono
            for item in self._lanes.take(now):
                self._spawn(self._one(item), item)
            while self._overdue and self._overdue[0][0] <= now:
                late = heapq.heappop(self._overdue)[2]
                if late.entry.id in self._lanes:
                    self._spawn(self._conclude([], late=[late.entry]), late)
            due = self._next_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if due is None else max(0.0, due - now))

    def _next_due(self) -> float | None:
        times = (self._lanes.next_due(), self._overdue[0][0] if self._overdue else None)
        return min((time for time in times if time is not None), default=None)

    def _spawn(self, work: Awaitable[object], item: Item | None) -> None:
        task = asyncio.ensure_future(work)
        if item is not None:
            self._tasks[task] = item
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _one(self, item: Item) -> None:
        item.entry = replace(item.entry, stage=Stage.IN_FLIGHT, attempts=item.entry.attempts + 1)
        if item.entry.action:
            await self._notebook.write([outcome_of(item.entry, self._clock().wall)])
        delivery = await self._attempt(item.entry)
        now = self._clock()
        entry = after(
            item.entry,
            delivery,
            wall=now.wall,
            age=now.mono - item.born,
            undone=item.undone,
            patience=patience_for(item.entry, self.policy.retry),
            chance=self._chance(),
        )
        self._lanes.answer(item)
        self.wake()
        await self._conclude([entry], delivery.duration)
        item.entry = entry
        if entry.stage.ended:
            self._lanes.done(item)
        else:
            self._lanes.again(item, now.mono + entry.next_at - now.wall)
        self.wake()

    async def _attempt(self, entry: Entry) -> Delivery:
        try:
            return await self._send(entry, entry.attempts)
        except Exception as error:  # noqa: BLE001 - a fault of the sender's must not cost an alert
            return Delivery(Fate.RETRY, f"{type(error).__name__}: {error}")

    async def _conclude(
        self, entries: Sequence[Entry], duration: float = 0.0, late: Sequence[Entry] = ()
    ) -> None:
        """Write down how these ended (or go on), together with what follows from it; then send that."""
        now = self._clock().wall
        rows = [row for entry in entries for row in await self._followers.of(entry, now)]
        rows += [row for entry in late for row in await self._followers.of(entry, now, late=True)]
        ended = [outcome_of(part, now, duration) for entry in entries for part in self._bundles.parts(entry)]
        saved = await self._notebook.write(ended, rows)
        self.committed(rows, saved=saved)
        for entry in entries:
            if entry.stage.ended:
                self._bundles.done(entry.id)
            self._tell(entry, duration)

    def _tell(self, entry: Entry, duration: float) -> None:
        if entry.stage.ended:
            self.moved = self._clock()
        delivery = Delivery(Fate(entry.stage.value), entry.why, duration)
        for observer in self.observers:
            observer(entry, delivery)


async def _ended(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
