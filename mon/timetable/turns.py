"""A heap of turns on the monotonic clock, drained every ``TICK`` seconds: 6 to 20 us for a start."""

import heapq
from asyncio import AbstractEventLoop, Handle, get_running_loop
from collections.abc import Callable
from itertools import count
from random import Random

from mon.model.config import Key
from mon.model.moment import Moment
from mon.structs import Struct
from mon.timetable.calendar import Calendar

TICK = 0.020
"""Seconds between two looks at the heap: the most that a check is late on an idle machine."""

SPELL = 0.002
LOT = 8
"""Many may be due at once: after each lot the clock is looked at, and after a spell of so many seconds all
else in the loop has its turn before it goes on.  What is started is worked off in the next turn, and takes
as long again: a reaction meets a few such turns on its way to the balancer."""


LONG = 0.010
"""A turn of the loop of so many seconds is long: then a single lot is started in the next one.

A start takes 20 us, but a result that comes at once and is news takes 2 ms (a port that refuses, of 10,000
services): a spell of starts then made turns of 100 ms, and an alert needs seven to be sent.
"""


class _Turn(Struct):
    """The plan for one service.  ``base`` is its turn without skew, ``due`` with it (monotonic seconds)."""

    interval: float
    skew: float
    base: float
    due: float
    number: int  # of the heap entry that counts; older ones are left to be skipped
    started: float | None = None


class Timetable:
    """Calls ``start(key)`` in the loop, once per turn, for every key that was put in.

    Turns keep their phase: a late start does not delay the next one, missed turns are skipped.
    ``start`` must not block; what it raises is logged and concerns no other key.
    """

    def __init__(self, clock: Callable[[], Moment], start: Callable[[Key], None], random: Random) -> None:
        self._clock = clock
        self._start = start
        self._random = random
        self._turns: dict[Key, _Turn] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._numbers = count()
        self._calendar = Calendar(clock, TICK, self._tick, self._is_due)
        self._loop: AbstractEventLoop | None = None
        self._rest: Handle | None = None
        self._paused = 0.0
        self._long = False

    def put(self, key: Key, interval: float, *, first: float, skew: float = 0.0) -> None:
        """Plan a service: first in ``first`` seconds, then every ``interval``, give or take ``skew``.

        A known key with the same interval keeps its turn.  A changed interval counts from the last
        start; if that is past already, ``first`` applies.
        """
        if interval <= 0:
            raise ValueError(f"interval of {key} is {interval}, must be above 0")
        now = self._clock().mono
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = _Turn(interval, skew, base=0.0, due=0.0, number=-1)
            self._plan(key, turn, now + first)
        elif turn.interval != interval:
            turn.interval = interval
            renewed = (turn.started if turn.started is not None else now) + interval
            self._plan(key, turn, renewed if renewed > now else now + first)
        turn.skew = skew

    def remove(self, key: Key) -> None:
        """Forget a service; nothing happens if it is not known."""
        self._turns.pop(key, None)

    def again(self, key: Key, delay: float) -> None:
        """Let the next turn be in ``delay`` seconds, and count the later ones from there."""
        if turn := self._turns.get(key):
            self._plan(key, turn, self._clock().mono + delay)

    def interval(self, key: Key) -> float | None:
        """Seconds between its turns, None for an unknown key."""
        turn = self._turns.get(key)
        return None if turn is None else turn.interval

    def due_in(self, key: Key) -> float | None:
        """Seconds to the next turn (0.0 if it is late), None for an unknown key."""
        turn = self._turns.get(key)
        return None if turn is None else max(0.0, turn.due - self._clock().mono)

    def __len__(self) -> int:
        return len(self._turns)

    def every(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        """Call a function, plain or ``async``, in the loop every so often; a second one replaces the first.

        A coroutine that is still running is not started again.
        """
        self._calendar.every(name, seconds, function)

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._loop = get_running_loop()
        self._calendar.start()

    def stop(self) -> None:
        """Start nothing any more."""
        self._loop = None
        if self._rest is not None:
            self._rest.cancel()
        self._calendar.stop()

    def _plan(self, key: Key, turn: _Turn, base: float) -> None:
        turn.base = turn.due = base
        self._push(key, turn)

    def _push(self, key: Key, turn: _Turn) -> None:
        turn.number = next(self._numbers)
        heapq.heappush(self._heap, (turn.due, turn.number, key))
        if len(self._heap) > 2 * len(self._turns) + 64:
            self._heap = [(turn.due, turn.number, key) for key, turn in self._turns.items()]
            heapq.heapify(self._heap)

    def _is_due(self) -> bool:
        return bool(self._heap) and self._heap[0][0] <= self._clock().mono

    def _tick(self) -> None:
        if self._rest is None:  # else it goes on by itself
            self._start_what_is_due()

    def _start_what_is_due(self) -> None:
        began = now = self._clock().mono
        self._rest, starts = None, 0
        while self._heap and self._heap[0][0] <= now:
            _, number, key = heapq.heappop(self._heap)
            turn = self._turns.get(key)
            if turn is not None and turn.number == number:
                self._advance(key, turn, now)
                self._start(key)
                starts += 1
                if not starts % LOT and (self._long or self._clock().mono - began > SPELL):
                    return self._pause()
        return None

    def _pause(self) -> None:
        """Go on in the next turn of the loop."""
        if self._loop is not None:
            self._paused = self._clock().mono
            self._rest = self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._long = self._clock().mono - self._paused > LONG
        self._start_what_is_due()

    def _advance(self, key: Key, turn: _Turn, now: float) -> None:
        turn.started = now
        turn.base += turn.interval * (max(0.0, now - turn.base) // turn.interval + 1)
        if turn.base <= now:  # by a rounding error
            turn.base += turn.interval
        jitter = self._random.uniform(-turn.skew, turn.skew) if turn.skew else 0.0
        turn.due = max(now, turn.base + jitter)
        self._push(key, turn)
