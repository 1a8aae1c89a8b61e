"""Programs that our own monitors run: what a plugin that declares ``Spawn`` is given."""

import asyncio
from collections.abc import Sequence

from mon.plugin import Ran
from mon.runner.launch import Command
from mon.runner.spawn import Spawner


class Programs:
    """Runs programs for checks, ``limit`` at once; the others wait for their turn."""

    def __init__(self, spawner: Spawner, limit: int) -> None:
        self._spawner = spawner
        self._room = asyncio.Semaphore(limit)

    async def __call__(self, words: Sequence[str], *, timeout: float) -> Ran:
        """Run one to its end; whatever happens is a Ran."""
        async with self._room:
            ended = await self._spawner.run(Command(tuple(words), owner=words[0], apart=True), timeout)
        return Ran(ended.status, ended.output, ended.trouble, ended.errors)
