"""Was this process itself held up?  A check that ran out of time meanwhile says nothing about its host."""

import asyncio
from collections import deque

BEAT = 0.25
"""Seconds between two beats; a beat is late by what the event loop was held up."""

NOTICED = 0.05
"""Seconds by which a beat may be late without being noted."""


class Pulse:
    """Beats while anything is under way, and notes every beat that comes late.

    ``with pulse:`` around what is under way; ``held_up(since)`` afterwards.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._late: deque[tuple[float, float]] = deque(maxlen=256)  # (when it was due, how late it came)

    def begin(self) -> None:
        """One more thing is under way."""
        self._under_way += 1
        if self._timer is None:
            self._set(asyncio.get_running_loop())

    def end(self) -> None:
        """One thing less; without any the pulse stops at its next beat."""
        self._under_way -= 1

    def held_up(self, since: float) -> float:
        """Seconds of the time since ``since`` (the loop's clock) in which the loop did not run."""
        now = asyncio.get_running_loop().time()
        late = sum(max(0.0, due + behind - max(due, since)) for due, behind in self._late)
        running = max(0.0, now - max(self._due, since)) if self._timer else 0.0
        return late + (running if running > NOTICED else 0.0)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + BEAT
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        behind = loop.time() - self._due
        if behind > NOTICED:
            self._late.append((self._due, behind))
        self._timer = None
        if self._under_way > 0:
            self._set(loop)
