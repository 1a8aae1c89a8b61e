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
from mon.outbox.bundles import Bundles
from mon.outbox.drafts import Draft, Drafts
from mon.outbox.entry import Entry, entry_of, outcome_of, row_of
from mon.outbox.followers import Followers, Store
from mon.outbox.lanes import ALL, EACH, Item, Lanes
from mon.outbox.notebook import Notebook
from mon.outbox.policy import Policy
from mon.outbox.rules import MOST_ASKED, after, at_start, once_more, patience_for, undone
from mon.store.values import Batch, Outcome, Row, Stage
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
        self._chance = chance
        self._lanes = Lanes(each=each, all=limit)
        self._followers = Followers(self.policy, store)
        self._notebook = Notebook(store, self._followers, clock)
        self._bundles = Bundles()
        self._drafts = Drafts(self._lanes, self._bundles, clock, ids)
        self._overdue: list[tuple[float, int, Item]] = []  # when the ``within`` of a line is over
        self._tickets = count()
        self._woken = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._tasks: dict[asyncio.Future[object], Item] = {}

    @property
    def trouble(self) -> str:
        """What the disk said last, "" when it is well."""
        return self._notebook.trouble

    def disk_is_well(self) -> None:
        """Something that was submitted later was written, hence all before it."""
        self._notebook.trouble = ""

    # The door: what was decided comes in, in the turn of the decision, and goes out when its batch is over.

    def accept(
        self,
        decisions: Iterable[Decision],
        withdrawn: Sequence[Withdrawn] = (),
        closed: Sequence[Closed] = (),
        *,
        is_action: Callable[[AlertLine], bool] | None = None,
    ) -> Draft:
        """Take the decisions of a step (those to hold give nothing), and what it takes back.

        What comes out belongs into the batch that says why; when that was written, or the disk does not take
        it, ``settle``.  One that ends what could not be told yet tells both; what is undone or withdrawn is
        not begun any more.  Raises StoreError for a notice that has no bytes.
        """
        return self._drafts.accept(decisions, withdrawn, closed, is_action or self.policy.is_action)

    def settle(self, draft: Draft) -> None:
        """The batch of a draft is on disk, or one goes on without: send, with what its windows collected."""
        for entry in draft.told:
            self._tell(entry, 0.0)
        for entry in self._drafts.settled(draft):
            self._add(entry)
        for closed in draft.closed:
            self.release(closed)
        self.wake()

    @property
    def windows(self) -> frozenset[str]:
        """Those whose messages wait for ``release``."""
        return self._bundles.windows

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
        return (*sent, *self._bundles.waiting(), *self._drafts.pending())

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

    def again(self) -> Batch:
        """All that belongs on disk, for one that has lost it."""
        return self._notebook.again(self.pending())

    # What an operator may do to one entry.

    def retry(self, entry: Entry) -> None:
        """Try now: one that waits, or once more one that had ended."""
        item = self._lanes.get(self._bundles.bundle_of(entry.id))
        now = self._clock()
        if item is None:
            entry = once_more(entry, now.wall)
            self._add(entry)
            # Its row may have been one of too many, and is gone.
            noted = self._notebook.submit([outcome_of(entry, now.wall)], [row_of(entry)])
            self._spawn(self._notebook.written(noted), self._lanes.get(entry.id))
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
        now, warnings, expired, unreadable = self._clock(), [], [], []
        for row in rows:
            if row.id in self._lanes or row.id in self._bundles:
                continue
            try:
                entry = at_start(entry_of(row))
            except StoreError as error:
                why = f"what was saved of it cannot be read: {error}"
                warnings.append(f"alert {row.id}: {why}")
                unreadable.append(Outcome(row.id, Stage.FAILED, row.attempts, why, now.wall))
                continue
            if entry.stage is Stage.EXPIRED:
                expired.append(entry)
            else:
                self._add(entry)
        if unreadable:
            await self._notebook.write(unreadable)
        if expired:
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
        if out := self._lanes.add(item):
            self._spawn(self._conclude([undone(each.entry) for each in out]), out[0])
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
                async with asyncio.timeout(None if due is None else max(0.0, due - now)):
                    await self._woken.wait()

    def _next_due(self) -> float | None:
        times = (self._lanes.next_due(), self._overdue[0][0] if self._overdue else None)
        return min((time for time in times if time is not None), default=None)

    def _spawn(self, work: Awaitable[object], item: Item | None) -> None:
        task = asyncio.ensure_future(work)
        if item is not None:
            self._tasks[task] = item
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _one(self, item: Item) -> None:
        before = item.entry
        item.entry = replace(before, stage=Stage.IN_FLIGHT, attempts=before.attempts + 1)
        if item.entry.action:
            await self._notebook.write([outcome_of(item.entry, self._clock().wall)])
        if item.undone:  # meanwhile
            await self._conclude([undone(before)])
            item.entry = undone(before)
        else:
            await self._try(item)
        if item.entry.stage.ended:
            self._lanes.done(item)
        else:
            now = self._clock()
            self._lanes.again(item, now.mono + item.entry.next_at - now.wall)
        self.wake()

    async def _try(self, item: Item) -> None:
        """One attempt, and the note of it."""
        delivery = await self._attempt(item.entry)
        entry = after(
            item.entry,
            delivery,
            wall=self._clock().wall,
            age=self._clock().mono - item.born,
            undone=item.undone,
            patience=patience_for(item.entry, self.policy.retry),
            chance=self._chance(),
        )
        self._lanes.answer(item)
        self.wake()
        await self._conclude([entry], delivery.duration)
        if item.undone and not entry.stage.ended:  # while that was being written
            entry = undone(entry)
            await self._conclude([entry])
        item.entry = entry

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
        made = [row for entry in entries for row in self._followers.of(entry, now)]
        made += [row for entry in late for row in self._followers.of(entry, now, late=True)]
        ended = [outcome_of(part, now, duration) for entry in entries for part in self._bundles.parts(entry)]
        try:
            rows = await self._followers.unknown(made) if made else ()
        except asyncio.CancelledError:  # the end of mon: the next start finds it, as far as it is new
            self._notebook.submit(ended, made)
            raise
        await self._notebook.write(ended, rows)
        for row in rows:
            self._add(entry_of(row))
        self.wake()
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
