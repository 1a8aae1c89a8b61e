"""Servers, sinks and daemon together, and the one list of all that happened on them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from mon.demo.child import Child
from mon.demo.farm import Farm
from mon.demo.sinks import Sinks
from mon.errors import MonError
from mon.structs import Struct

Event = Mapping[str, object]


class StageError(MonError):
    """The demo cannot be set up; the text says what to do."""


class Happening(Struct, frozen=True):
    """An event and when it came (monotonic seconds)."""

    at: float
    event: Event


class Stage:
    """``events`` are all so far; ``watch`` is called with each one as it comes."""

    def __init__(self, config: Path, statedir: Path, watch: Callable[[Event], None]) -> None:
        self.farm = Farm()
        self.statedir = statedir
        self.events: list[Happening] = []
        self.daemon = Child(config, statedir, self._happened)
        self._sinks = Sinks(self._happened)
        self._watch = watch
        self._news = asyncio.Event()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Everything runs inside.  Raises StageError when a port is taken."""
        try:
            for part in (self._sinks, self.farm):
                await self._open(part)
            await self.daemon.start()
            yield
        finally:
            await self.daemon.stop()
            await self.farm.close()
            await self._sinks.close()

    async def wait_for(self, true: Callable[[Event], bool], since: int, seconds: float) -> Happening | None:
        """The first event from number ``since`` on for which it is true.

        None if none comes in time, or the daemon ends.
        """
        end = time.monotonic() + seconds
        while True:
            for happening in self.events[since:]:
                if true(happening.event):
                    return happening
                if happening.event["event"] == "end":
                    return None
            since = len(self.events)
            self._news.clear()
            try:
                async with asyncio.timeout(end - time.monotonic()):
                    await self._news.wait()
            except TimeoutError:
                return None

    def _happened(self, event: Event) -> None:
        self.events.append(Happening(time.monotonic(), event))
        self._news.set()
        self._watch(event)

    async def _open(self, part: Farm | Sinks) -> None:
        try:
            await part.open()
        except OSError as error:
            raise StageError(
                f"a port of the demo cannot be opened: {error.strerror or error}: "
                "end what listens there (`ss -ltnp` shows it; another demo?) and try again"
            ) from error
