"""Whose turn it is: entries of one lane in order, lanes of one destination taking turns, destinations side
by side.  No clock and no I/O: ``now`` and ``due`` are on the monotonic clock.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from enum import Enum
from itertools import count

from mon.outbox.entry import Destination, Entry
from mon.structs import Struct, field

EACH = 2
"""Alerts to one destination under way at once: a server that hangs is not hit by all services at once."""

ALL = 64
"""Alerts under way in all."""


class Item(Struct, eq=False):
    """An entry on its way.  ``born`` is when it was decided, ``due`` the earliest next attempt.

    ``answered``: its attempt is over, what came of it is being written down.
    """

    entry: Entry
    born: float
    due: float
    undone: bool = False
    running: bool = False
    answered: bool = False


class _Where(Enum):
    NOWHERE = 0
    LATER = 1
    READY = 2
    RUNNING = 3
    BLOCKED = 4


class _Lane(Struct, eq=False):
    destination: Destination
    items: deque[Item] = field(default_factory=deque)
    where: _Where = _Where.NOWHERE
    ticket: int = 0


class Lanes:
    """The queues.  ``each`` and ``all`` bound what is under way per destination, and in total."""

    def __init__(self, *, each: int = EACH, all: int = ALL) -> None:
        self._each = each
        self._all = all
        self._items: dict[str, Item] = {}
        self._lanes: dict[tuple[object, ...], _Lane] = {}
        self._stories: dict[tuple[str, ...], dict[str, Item]] = {}
        self._later: list[tuple[float, int, _Lane]] = []
        self._ready: dict[Destination, deque[_Lane]] = {}
        self._running: Counter[Destination] = Counter()
        self._blocked: dict[tuple[str, ...], list[_Lane]] = {}
        self._tickets = count(1)

    def __contains__(self, id: object) -> bool:
        return id in self._items

    def __iter__(self) -> Iterator[Item]:
        """In the order in which they came."""
        return iter(self._items.values())

    def add(self, item: Item) -> list[Item]:
        """Put an entry behind those of its lane; the actions that it undoes are taken out and returned."""
        entry = item.entry
        out = self.undo(entry)
        self._items[entry.id] = item
        self._stories.setdefault(entry.story, {})[entry.id] = item
        lane = self._lanes.setdefault(entry.lane, _Lane(entry.destination))
        lane.items.append(item)
        if lane.where is _Where.NOWHERE:
            self._wait(lane)
        return out

    def undo(self, entry: Entry) -> list[Item]:
        """Take out the actions that an entry undoes, which need not be here (yet); they are returned.

        One that is running is only marked: it is not tried again.
        """
        rivals = [item for item in self._stories.get(entry.story, {}).values() if entry.undoes(item.entry)]
        for rival in rivals:
            rival.undone = True
        out = [rival for rival in rivals if not rival.running]
        for rival in out:
            self._remove(rival)
        return out

    def take(self, now: float) -> list[Item]:
        """The entries to be sent now; each is running until ``done`` or ``again``."""
        self._ripen(now)
        taken: list[Item] = []
        for destination in list(self._ready):
            ready = self._ready[destination]
            while ready and self._running[destination] < self._each and self._running.total() < self._all:
                lane = ready.popleft()
                if not self._block(lane):
                    taken.append(self._start(lane))
            if not ready:
                del self._ready[destination]
        return taken

    def get(self, id: str) -> Item | None:
        """The entry with this id, None if it is not here."""
        return self._items.get(id)

    def hasten(self, item: Item, due: float) -> None:
        """Let the lane of this entry go on at ``due``, whatever its first entry waits for."""
        lane = self._lanes[item.entry.lane]
        lane.items[0].due = min(lane.items[0].due, due)
        if lane.where is _Where.LATER:
            self._wait(lane)

    def drop(self, item: Item) -> None:
        """Take out an entry that is not running."""
        self._remove(item)

    def before(self, entry: Entry) -> list[Item]:
        """What waits in the lane of an entry that is not in it yet, in order."""
        lane = self._lanes.get(entry.lane)
        return list(lane.items) if lane else []

    def next_due(self) -> float | None:
        """When ``take`` may have something that it has not now; None if only ``done`` can change that."""
        while self._later and self._later[0][1] != self._later[0][2].ticket:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def done(self, item: Item) -> None:
        """It has ended: the next of its lane may follow."""
        self._stop(item)
        self._remove(item)
        for lane in self._blocked.pop(item.entry.story, ()):
            if lane.where is _Where.BLOCKED:
                self._wait(lane)

    def answer(self, item: Item) -> None:
        """Its attempt is over: another lane may use its destination; its own waits for ``done``/``again``.

        So a slow disk slows no destination, and after a crash nothing is told again out of order.
        """
        item.answered = True
        self._free(item.entry.destination)

    def again(self, item: Item, due: float) -> None:
        """It is to be tried again at ``due``; its lane waits for it."""
        self._stop(item)
        item.due = due
        self._wait(self._lanes[item.entry.lane])

    def _block(self, lane: _Lane) -> bool:
        # An action and the one that undoes it may have different arguments, hence different lanes:
        # "up" must not overtake a "down" that is still running.
        entry = lane.items[0].entry
        rivals = self._stories[entry.story].values()
        if not any(rival.running and entry.undoes(rival.entry) for rival in rivals):
            return False
        lane.where = _Where.BLOCKED
        self._blocked.setdefault(entry.story, []).append(lane)
        return True

    def _start(self, lane: _Lane) -> Item:
        lane.where = _Where.RUNNING
        self._running[lane.destination] += 1
        lane.items[0].running = True
        return lane.items[0]

    def _stop(self, item: Item) -> None:
        item.running = False
        self._lanes[item.entry.lane].where = _Where.NOWHERE
        if not item.answered:
            self._free(item.entry.destination)
        item.answered = False

    def _free(self, destination: Destination) -> None:
        self._running[destination] -= 1
        if not self._running[destination]:
            del self._running[destination]

    def _wait(self, lane: _Lane) -> None:
        lane.where = _Where.LATER
        lane.ticket = next(self._tickets)
        heapq.heappush(self._later, (lane.items[0].due, lane.ticket, lane))

    def _ripen(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            _, ticket, lane = heapq.heappop(self._later)
            if ticket == lane.ticket:
                lane.where = _Where.READY
                self._ready.setdefault(lane.destination, deque()).append(lane)

    def _remove(self, item: Item) -> None:
        entry = item.entry
        lane = self._lanes[entry.lane]
        del self._items[entry.id]
        del self._stories[entry.story][entry.id]
        if not self._stories[entry.story]:
            del self._stories[entry.story]
        lane.items.remove(item)
        if lane.where is _Where.RUNNING:
            return
        if lane.where is _Where.READY:
            self._ready[lane.destination].remove(lane)
        lane.where, lane.ticket = _Where.NOWHERE, 0
        if lane.items:
            self._wait(lane)
        else:
            del self._lanes[entry.lane]
