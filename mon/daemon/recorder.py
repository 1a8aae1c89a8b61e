"""From a step of the engine to disk and to the outbox: decided, then durable, then sent (law 6)."""

import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TypeVar

from mon import codec
from mon.catalog import Plan
from mon.daemon import events
from mon.daemon.classicfiles.journals import Journals
from mon.engine import Book, Group, HostKey, HostState, ServiceState, Silence, Step
from mon.errors import StoreError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.result import Transition
from mon.outbox import Outbox
from mon.pool.pools import Pools
from mon.pool.record import SavedPool
from mon.store import Batch, Disabled, Kept, Saved, StateStore
from mon.structs import replace

LOT = 250
"""Services saved at a time where nothing but their last check is news: about 2 ms of the loop."""

SILENCES = "silences"
"""The note that holds the quiet times."""

GROUP = "group "
"""... and those of groups that are told together: this, and the name."""

K = TypeVar("K")
V = TypeVar("V")


class Recorder:
    """Owns what is not yet saved.

    Transitions and decisions are committed at once; a result that changes no opinion only marks its
    service, and ``flush`` saves those together every few seconds.
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
        self._book = book
        self._pools = pools
        self._store = store
        self._outbox = outbox
        self._journals = journals
        self._clock = clock
        self._keys: dict[Key, None] = {}  # who waits longest first
        self._hosts: set[HostKey] = set()
        self._notes: list[Transition] = []  # of hosts: saved with the next batch
        self._pools_changed = False
        self._known_pools: frozenset[str] = frozenset()
        self._saved_disabled: frozenset[Disabled] = frozenset()
        self._saved_silences: tuple[Silence, ...] = ()
        self._saved_groups: dict[str, Group] = {}
        self._trouble = ""
        self._renewals = store.renewals

    @property
    def trouble(self) -> str:
        """What the disk said last, "" when it takes all."""
        return self._trouble

    def touch(self, key: Key) -> None:
        """This service has news that can wait for the next flush."""
        self._keys[key] = None

    def touch_pools(self) -> None:
        """What is ours on the balancers, or a vote, is another one now."""
        self._pools_changed = True

    def note(self, change: Transition) -> None:
        """A host's verdict changed: logged now, saved with the service's result."""
        events.transition(change)
        self._notes.append(change)
        self._hosts.add((change.watch, change.service, change.host))
        self._pools_changed = True

    async def carry_out(self, step: Step, *, pools: bool = False) -> None:
        """Save a step (with ``pools`` what there is of them too), then let its alerts go.

        If the disk does not take them the alerts go all the same: late and twice is better than never.
        """
        self._keys.update(dict.fromkeys(step.keys))
        self._pools_changed = self._pools_changed or pools
        if not step.matters:
            return
        for change in step.transitions:
            events.transition(change)
        # A vote follows each result whatever holds the alerts of its period: it is none of those held.
        votes = self.plan.votes
        held = tuple(each for each in step.decisions if not each.send and each.line not in votes)
        for decision in held:
            events.held(decision)
        people = [decision for decision in step.sent if decision.line not in self.plan.votes]
        if self.silent:
            for decision in people:
                events.passive(decision)
            people = []
        entries, merged = self._outbox.merged(self._outbox.entries_for(people))
        withdrawn = self._outbox.withdraw(step.withdrawn)
        batch = self._batch(step.keys)
        batch = replace(batch, pools=self._changed_pools() if pools else {})
        transitions, ends = (*batch.transitions, *step.transitions), (*merged, *withdrawn)
        batch = replace(batch, entries=entries, deliveries=ends, transitions=transitions, holds=held)
        saved = await self._commit(replace(batch, notes=self._changed_groups()))
        self._outbox.committed(entries, saved=saved)
        if not saved:
            self._outbox.keep(withdrawn)
        for closed in step.closed:
            self._outbox.release(closed)
        await self._journals.take(step)

    async def look_at_windows(self) -> None:
        """Send what windows have collected that are over: first those that a former life left behind."""
        for window in sorted(self._outbox.windows - self._book.open_windows()):
            self._outbox.release(self._book.closing(window))
        await self.carry_out(self._book.windows_over(self._clock()))

    def _changed_groups(self) -> dict[str, bytes | None]:
        """What is to be saved of groups: of those that are another value than what is on disk."""
        groups = self._book.groups
        news = {name: group for name, group in groups.items() if group is not self._saved_groups.get(name)}
        self._saved_groups = dict(groups)
        return {f"{GROUP}{name}": codec.encode(group) for name, group in news.items()}

    async def flush_some(self) -> None:
        """Save a lot of what has news, who waits longest first: encoding all at once would block the loop."""
        await self.flush(LOT)

    async def flush(self, most: int | None = None) -> None:
        """Save what has news and what the disk did not take; at most so many services, None is all."""
        await self._outbox.save(anew=self._is_lost())
        disabled, silences = self._disabled(), self._book.silences.standing(self._clock())
        news = self._keys or self._hosts or self._notes or self._pools_changed
        if not news and disabled == self._saved_disabled and silences == self._saved_silences:
            return
        pools = self._changed_pools()
        batch = self._batch(tuple(islice(self._keys, most)))
        quiet = {SILENCES: codec.encode(silences)}
        if await self._commit(replace(batch, pools=pools, disabled=disabled, notes=quiet)):
            self._saved_disabled, self._saved_silences = disabled, silences

    def _is_lost(self) -> bool:
        """Was the file damaged and begun anew?  Then all that is known is news."""
        if self._store.renewals == self._renewals:
            return False
        self._renewals = self._store.renewals
        self._keys.update(dict.fromkeys(self._book.states))
        self._hosts.update(self._book.host_states)
        self._pools_changed = True
        self._saved_disabled, self._saved_silences, self._saved_groups = frozenset(), (), {}
        return True

    def know_pools(self, names: Iterable[str]) -> None:
        """These pools are on disk; those that are gone by now are forgotten there with the next change."""
        self._known_pools = frozenset(names)

    def _changed_pools(self) -> dict[str, bytes | None]:
        """What is to be saved of pools; None for one that is gone: what it owned is ours no longer."""
        if not self._pools_changed:
            return {}
        self._pools_changed = False
        there = {pool.name: codec.encode(pool) for pool in self._pools.saved()}
        gone = self._known_pools - frozenset(self._pools.names)
        self._known_pools = frozenset(there)
        return {**dict.fromkeys(gone), **there}

    def _batch(self, keys: Iterable[Key]) -> Batch:
        """The states of these services, and of the hosts with news."""
        hosts, self._hosts = self._hosts, set()
        notes, self._notes = tuple(self._notes), []
        states, known = self._book.states, self._book.host_states
        batch = Batch(
            at=self._clock().wall,
            states={key: codec.encode(states[key]) if key in states else None for key in keys},
            hosts={key: codec.encode(known[key]) if key in known else None for key in hosts},
            transitions=notes,
        )
        for key in keys:
            self._keys.pop(key, None)
        return batch

    def _disabled(self) -> frozenset[Disabled]:
        book = self._book
        return frozenset(
            (
                *(("host", group, host) for group, host in book.disabled_members),
                *(("watch", watch, "") for watch in book.disabled_watches),
                *(("service", *key) for key in book.disabled_services),
            )
        )

    async def _commit(self, batch: Batch) -> bool:
        """Save; True if the disk took it.  What it did not take is saved by the next flush."""
        try:
            await self._store.commit(batch)
        except StoreError as error:
            self._failed(str(error))
            self._keys.update(dict.fromkeys(batch.states))
            self._hosts.update(batch.hosts)
            self._saved_groups = {}
            self._pools_changed = True
            return False
        if self._trouble:
            await self._outbox.save()
            events.say(logging.INFO, "store", "the state is being saved again")
        self._trouble = ""
        return True

    def _failed(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            events.say(logging.ERROR, "store", f"the state cannot be saved, alerts go on: {trouble}")


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
