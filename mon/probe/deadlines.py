"""Time limits of many short things: one timer of the loop for all that end in the same hundredth of a second.

Nearly every limit is set and taken back without ever striking; the loop's own timers are made for those that
do strike, and cost five times as much (a heap, a handle, and room until they would have been due).
"""

import asyncio
from collections.abc import Callable
from math import ceil

GRAIN = 0.01
"""Seconds by which a limit may strike late."""


class Deadline:
    """One limit: ``call`` is called once, unless it is cancelled before.  ``when`` is on the loop's clock."""

    __slots__ = ("_call", "_due", "struck", "when")

    def __init__(self, when: float, call: Callable[[], object], due: "_Due") -> None:
        self.when = when
        self.struck = False
        self._call = call
        self._due = due

    def cancel(self) -> None:
        """It is not needed any more; nothing happens if it has struck."""
        self._call = _nothing  # whose limit it was often holds it: no circles
        self._due.drop(self)

    def strike(self) -> None:
        """The time is over."""
        self.struck = True
        call, self._call = self._call, _nothing
        call()


def _nothing() -> None:
    """What a limit calls that is over or taken back."""


class Deadlines:
    """The limits of one event loop."""

    def __init__(self) -> None:
        self._due: dict[int, _Due] = {}

    def set(self, seconds: float, call: Callable[[], object]) -> Deadline:
        """Have ``call`` called in ``seconds``, up to ``GRAIN`` later."""
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        grain = ceil(when / GRAIN)
        due = self._due.get(grain)
        if due is None:
            due = self._due[grain] = _Due(self._due, grain, loop)
        deadline = Deadline(when, call, due)
        due.waiting[deadline] = None
        return deadline

    def close(self) -> None:
        """Nothing strikes any more."""
        for due in list(self._due.values()):
            due.waiting.clear()
            due.drop(None)


class _Due:
    """All limits that strike at one moment, in the order in which they were set."""

    __slots__ = ("_all", "_grain", "_loop", "_timer", "waiting")

    def __init__(self, all_: dict[int, "_Due"], grain: int, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: dict[Deadline, None] = {}
        self._all = all_
        self._grain = grain
        self._loop = loop
        self._timer = loop.call_at(grain * GRAIN, self._strike)

    def drop(self, deadline: Deadline | None) -> None:
        """One is not needed any more; without any, neither is the timer."""
        if deadline is not None:
            self.waiting.pop(deadline, None)
        if not self.waiting and self._all.get(self._grain) is self:
            self._timer.cancel()
            del self._all[self._grain]

    def _strike(self) -> None:
        self._all.pop(self._grain, None)
        try:
            while self.waiting:  # one that strikes may take back another
                deadline = next(iter(self.waiting))
                del self.waiting[deadline]
                deadline.strike()
        finally:
            if self.waiting:  # it raised: the others strike all the same
                self._loop.call_soon(self._strike)
