"""How many may run at once; who comes too late waits in order."""

import asyncio
from collections import deque


class Room:
    """``places`` of them.  Each ``enter`` that returned is followed by one ``leave``.

    asyncio's Semaphore does the same, with seven calls for a check where there is room anyway.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Take a place; wait for one if there is none."""
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it was given a place before it could be told
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to who waits longest; who was cancelled waits no more."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
