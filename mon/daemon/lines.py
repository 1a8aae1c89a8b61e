"""The lines to all balancers in use: opened when first needed, closed when no pool uses them any more."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from mon.balancer import Balancer
from mon.daemon.journal import trigger
from mon.daemon.line import Line, Words

LETTING_GO = 0.75
"""Seconds that balancers may take at the end to finish what is under way."""


class Lines:
    """``look(pool, trigger)`` brings a pool into shape; for each balancer there is one at a time.

    Balancers are looked at side by side: one that hangs holds up its own pools only.
    """

    def __init__(
        self, open_balancer: Callable[[Words], Balancer], look: Callable[[str, str], Awaitable[None]]
    ) -> None:
        self._open = open_balancer
        self._look = look
        self._lines: dict[Words, Line] = {}
        self._work: dict[Words, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def to(self, words: Words) -> Line:
        """The line to a balancer."""
        if words not in self._lines:
            self._lines[words] = line = Line(words, self._open)
            self._work[words] = asyncio.create_task(self._serve(line), name=f"balancer {' '.join(words)}")
        return self._lines[words]

    def wake(self, words: Words, pool: str, by: str) -> None:
        """Have a pool looked at, at the next turn of the loop; ``by`` says what asks for it."""
        line = self.to(words)
        line.stale.setdefault(pool, []).append(by)
        line.wake.set()

    def keep(self, used: Collection[Words]) -> None:
        """Hang up on the other balancers; on one that is just being asked something, another time."""
        for words in [words for words in self._lines if words not in used]:
            line = self._lines[words]
            if not (line.busy or line.stale):
                del self._lines[words]
                self._work.pop(words).cancel()
                closing = asyncio.create_task(line.close(LETTING_GO))
                self._leaving.add(closing)
                closing.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        """Look no more; what a balancer is just doing goes on."""
        for task in self._work.values():
            task.cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)

    async def close(self) -> None:
        """Finish what is under way, side by side and not for long, and let go."""
        await asyncio.gather(*(line.close(LETTING_GO) for line in self._lines.values()), *self._leaving)

    async def _serve(self, line: Line) -> None:
        while True:
            await line.wake.wait()
            line.wake.clear()
            while line.stale:
                name = next(iter(line.stale))
                line.busy = True
                await self._look(name, trigger(line.stale.pop(name)))
                line.busy = False
