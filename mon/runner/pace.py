"""Starting programs a few at a time: between them the event loop looks after everything else.

To start one holds the loop up until exec(2) is through (vfork), some tenths of a millisecond; that of all
services due at one moment must not add up.
"""

import asyncio
from collections import deque

SLICE = 0.002
"""Seconds of each turn of the loop that may go into starting programs; one is always started."""

LEARNING = 0.1
"""How much the latest start counts for what a start is thought to take."""


class Pace:
    """Who waits to start a program, in order.  ``spent`` is told what each start took."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._each = SLICE / 4
        self._left = SLICE
        self._turning = False

    async def turn(self) -> None:
        """Wait for one's turn: not at all while this turn of the loop has time left."""
        if self._left > 0 and not self._waiting:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._next_turn()
        await waiter

    def spent(self, seconds: float) -> None:
        """A program was started, or could not be."""
        self._left -= seconds
        self._each += LEARNING * (seconds - self._each)
        self._next_turn()

    def _next_turn(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        """A new turn: as many may start as should fit."""
        self._turning = False
        self._left = SLICE
        for _ in range(max(1, int(SLICE / max(self._each, 1e-6)))):
            while self._waiting and self._waiting[0].done():  # cancelled meanwhile
                self._waiting.popleft()
            if not self._waiting:
                return
            self._waiting.popleft().set_result(None)
        if self._waiting:
            self._next_turn()
