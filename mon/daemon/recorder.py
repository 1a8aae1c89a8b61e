"""From a step of the engine to disk and to the outbox: decided, then durable, then sent (law 6)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from mon import codec
from mon.catalog import Plan
from mon.daemon import events
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.touched import GROUP, SILENCES, Touched
from mon.engine import Book, Group, HostState, ServiceState, Silence, Step
from mon.errors import StoreError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.notice import Decision
from mon.model.result import Transition
from mon.outbox import Draft, Outbox
from mon.pool.pools import Pools
from mon.pool.record import SavedPool
from mon.store import Batch, Kept, Saved, StateStore
from mon.structs import replace

LOT = 250
"""Services saved at a time where nothing but their last check is news: about 2 ms of the loop."""

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Recorder:
    """From what happened to batches of the store.

    A decision and its state are submitted in the same turn of the loop, as one batch, by a plain function;
    waiting for the disk is separate.  What nobody is told of is marked: one batch of marks is under way at a
    time, and what comes meanwhile joins the next.  ``close`` waits for all that was submitted.
    """

    def __init__(
        self,
        book: Book,
        pools: Pools,
        store: StateStore,
        outbox: Outbox,
        journals: Journals,
        clock: Callable[[], Moment],
    ) -> None:
        self.plan = Plan(book.config)
        self.silent = False  # passive: what would be sent is only logged
        self._pools = pools
        self._book = book
        self._store = store
        self._outbox = outbox
        self._journals = journals
        self._clock = clock
        self._touched = Touched(book, pools, clock)
        self._joined: asyncio.Future[bool] | None = None  # for what joins the next batch
        self._saver: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._marks: Future[None] = Future()  # the last batch of marks
        self._marks.set_result(None)
        self._trouble = ""
        self._renewals = store.renewals

    @property
    def trouble(self) -> str:
        """What the disk said last, "" when it takes all."""
        return self._trouble

    def touch(self, key: Key) -> None:
        """This service has news that can wait for the next flush."""
        self._touched.service(key)

    def touch_pools(self, *names: str) -> None:
        """What is ours on the balancers of these pools, or a vote, is another one now."""
        self._touched.pools(names)

    def know_pools(self, names: Iterable[str]) -> None:
        """These pools are on disk; those that are gone by now are forgotten there with the next flush."""
        self._touched.know_pools(names)

    def note(self, change: Transition) -> None:
        """A host's verdict changed: logged now, saved with the service's result."""
        events.transition(change)
        self._touched.host(change)
        self._touched.pools(self._pools.voted_on((change.watch, change.service)))

    # Decisions.

    def submit(self, step: Step, *, pools: Iterable[str] = ()) -> Awaitable[bool] | None:
        """Have a step saved, with what there is of these pools; then its alerts go.

        What is returned is True when the disk has it; None: nothing of it is worth a batch of its own.
        If the disk does not take it the alerts go all the same: late and twice is better than never.
        """
        if not step.matters:
            for key in step.keys:
                self._touched.service(key)
            self._touched.pools(pools)
            return None
        held = self._logged(step)
        draft = self._outbox.accept(self._to_send(step), step.withdrawn, step.closed)
        if not draft:
            return self._join_step(step, held, pools)
        batch = self._touched.of_step(step.keys, pools)
        transitions = (*batch.transitions, *step.transitions)
        batch = replace(batch, transitions=transitions, holds=held)
        batch = replace(batch, entries=draft.entries, deliveries=draft.deliveries)
        return self._follow(self._settled(self._store.submit(batch), draft, step))

    async def carry_out(self, step: Step, *, pools: Iterable[str] = ()) -> bool:
        """Submit a step and wait; True if the disk has it, and all that an operator said with it."""
        submitted = self.submit(step, pools=pools)
        self._touched.services(step.keys if submitted is None else ())
        saved = submitted is None or await asyncio.shield(submitted)
        return await self.save() and saved

    def _logged(self, step: Step) -> tuple[Decision, ...]:
        """What was held back; it is logged, and the transitions."""
        for change in step.transitions:
            events.transition(change)
        # A vote follows each result whatever holds the alerts of its period: it is none of those held.
        votes = self.plan.votes
        held = tuple(each for each in step.decisions if not each.send and each.line not in votes)
        for decision in held:
            events.held(decision)
        return held

    def _to_send(self, step: Step) -> list[Decision]:
        people = [decision for decision in step.sent if decision.line not in self.plan.votes]
        if self.silent:
            for decision in people:
                events.passive(decision)
            return []
        return people

    def _join_step(
        self, step: Step, held: tuple[Decision, ...], pools: Iterable[str]
    ) -> "asyncio.Future[bool]":
        """Of a step that tells nobody anything the state is saved with the next batch."""
        self._store.tell(Batch(self._clock().wall, transitions=step.transitions, holds=held))
        self._touched.services(step.keys)
        self._touched.pools(pools)
        if step.downtimes or step.called:
            self._follow(self._journals.take(step))
        return self._join()

    async def _settled(self, submitted: Future[None], draft: Draft, step: Step) -> bool:
        saved = await self._saved(submitted)
        self._outbox.settle(draft)
        await self._journals.take(step)
        return saved

    async def look_at_windows(self) -> None:
        """Send what windows have collected that are over: first those that a former life left behind."""
        for window in sorted(self._outbox.windows - self._book.open_windows()):
            self._outbox.release(self._book.closing(window))
        self.submit(self._book.windows_over(self._clock()))

    # What is only marked.

    def save_soon(self) -> None:
        """Save what does not wait for the next second, without waiting for it (law 3)."""
        self._join()

    async def save(self) -> bool:
        """Wait until all that an operator said by now is on disk; False if the disk does not take it."""
        return await asyncio.shield(self._join())

    async def flush_some(self) -> None:
        """Save a lot of what has news: encoding all at once would block the loop."""
        await self.flush(LOT)

    async def flush(self, most: int | None = None, *, hurried: bool = False) -> bool:
        """Save what has news, at most so many services, None is all; True if the disk has it.

        ``hurried``: no services that can wait.
        """
        if most is not None and not self._marks.done() and not await self._saved(self._marks):
            return False  # a disk that hangs must not find a batch for each second
        if self._is_lost():
            again = self._outbox.again()
            await self._saved(self._store.submit(again))
        batch = self._touched.some(most, hurried=hurried)
        if batch is None and (self._trouble or self._outbox.trouble):
            batch = Batch(self._clock().wall)  # to learn whether the disk takes what it has refused
        if batch is None:
            self._store.look()
            return True
        self._marks = self._store.submit(batch)
        return await self._saved(self._marks)

    async def close(self) -> bool:
        """The end: save all there is, and wait for all that was submitted; True if the disk has it."""
        self._touched.services(self._book.services)
        self._touched.pools(self._pools.recorded)
        await self.flush()
        if self._begun_anew:  # by this very batch
            await self.flush()
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
        return not self._store.unsaved

    def _join(self) -> "asyncio.Future[bool]":
        """When all that is marked by now, and does not wait, is saved."""
        if self._joined is None:
            self._joined = asyncio.get_running_loop().create_future()
            if self._saver is None or self._saver.done():
                self._saver = self._follow(self._save_joined())
        return self._joined

    async def _save_joined(self) -> None:
        while (waiting := self._joined) is not None:
            self._joined, saved = None, False
            try:
                saved = await self.flush(LOT, hurried=True)
                while saved and (self._touched.hurries or self._begun_anew):
                    saved = await self.flush(LOT, hurried=True)
            finally:
                waiting.set_result(saved)

    def _follow(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Have something go on that the end of the daemon waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            events.log.error("saving failed: %s", error, exc_info=error)

    @property
    def _begun_anew(self) -> bool:
        return self._store.renewals != self._renewals

    def _is_lost(self) -> bool:
        """Was the file damaged or gone, and begun anew?  Then all that is known is news."""
        for remark in self._store.remarks():
            events.say(logging.ERROR, "store", remark)
        if not self._begun_anew:
            return False
        self._renewals = self._store.renewals
        self._touched.everything()
        self.save_soon()
        return True

    async def _saved(self, submitted: Future[None]) -> bool:
        """Did the disk take it?  What it refused the store keeps, and writes with what comes next."""
        try:
            await self._store.saved(submitted)
        except StoreError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                events.say(logging.ERROR, "store", f"the state cannot be saved, alerts go on: {error}")
            return False
        if self._trouble:
            events.say(logging.INFO, "store", "the state is being saved again")
        self._trouble = ""
        self._outbox.disk_is_well()
        return True


def restored(saved: Saved, book: Book, now: Moment) -> None:
    """Give the book what was saved.  What cannot be read is told and left out."""
    states = _decoded(saved.states, ServiceState)
    hosts = _decoded(saved.hosts, HostState)
    book.restore(states, saved.at, now, hosts)
    groups = {name: kept for name, kept in saved.notes.items() if name.startswith(GROUP)}
    known = _decoded(groups, Group)
    book.restore_groups({name.removeprefix(GROUP): group for name, group in known.items()}, now)
    for kind, watch, name in saved.disabled:
        _disable(book, kind, watch, name)
    quiet = {name: kept for name, kept in saved.notes.items() if name == SILENCES}
    for silences in _decoded(quiet, tuple[Silence, ...]).values():
        book.silences.restore(silences, now)


def restored_pools(saved: Saved) -> dict[str, SavedPool]:
    """What of the balancers' tables is ours, and the votes.  Needed whatever else a start forgets."""
    return _decoded(saved.pools, SavedPool)


def _decoded(kept: Mapping[K, Kept], type_: type[V]) -> dict[K, V]:
    found: dict[K, V] = {}
    for key, each in kept.items():
        try:
            found[key] = codec.decode(each.body, type_)
        except StoreError as error:
            events.say(logging.ERROR, "store", f"the saved state of {key} is left out: {error}")
    return found


def _disable(book: Book, kind: str, watch: str, name: str) -> None:
    if kind == "host":
        book.disabled_members.add((watch, name))
    elif kind == "watch":
        book.disable_watch(watch)
    elif (watch, name) in book.services:
        book.disabled_services.add((watch, name))
