"""What the daemon and the workers that probe for it say to each other: all of one turn in one message."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from zlib import crc32

from mon.catalog.plan import Value
from mon.model.config import Host, Key
from mon.model.result import HostResult
from mon.structs import Struct, field

T = TypeVar("T")


class Known(Struct, frozen=True):
    """The monitor of one service, which a worker is told once; ``plugin`` is the name of one of ours."""

    number: int
    watch: str
    service: str
    plugin: str
    options: dict[str, Value]
    timeout: float


class Order(Struct, frozen=True):
    """Check these hosts of a known service, each once."""

    number: int
    known: int
    hosts: tuple[Host, ...]


class Orders(Struct):
    """What the daemon says; it is done in this order.

    ``pinned`` are the addresses of names from now on, if they are not as before.  ``forget`` are numbers of
    what is known: what runs of it is ended.  ``answer``: say something, so that we know you live.
    """

    pinned: dict[str, tuple[str, ...]] | None = None
    forget: list[int] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    answer: bool = False


class Said(Struct):
    """What a worker says.  An order is over with the result of its last host.

    ``ended`` are orders that gave none for some host, and why; ``advice`` is for the operator.
    """

    results: list[tuple[int, HostResult]] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


class Turn(Generic[T]):
    """Collects what is to be said in one turn of the event loop; ``say`` is called with it in the next.

    What can wait may wait ``pause`` seconds after what was said last, for more: each message wakes the other
    side up, which costs more than what it says.
    """

    def __init__(self, new: Callable[[], T], say: Callable[[T], None], *, pause: float = 0.0) -> None:
        self._new = new
        self._say = say
        self._pause = pause
        self._collected: T | None = None
        self._soon = False
        self._said = 0.0

    def now(self) -> T:
        """What is being collected, to be said in the next turn: add to it at once."""
        if not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._flush)
        return self._have()

    def later(self) -> T:
        """The same, for what can wait."""
        if self._collected is None:
            loop = asyncio.get_running_loop()
            wait = self._said + self._pause - loop.time()
            if wait <= 0:
                return self.now()
            loop.call_later(wait, self._flush)
        return self._have()

    def _have(self) -> T:
        if self._collected is None:
            self._collected = self._new()
        return self._collected

    def drop(self) -> None:
        """What was collected is for nobody any more."""
        self._collected = None

    def _flush(self) -> None:
        collected, self._collected, self._soon = self._collected, None, False
        if collected is not None:
            self._said = asyncio.get_running_loop().time()
            self._say(collected)


def place(key: Key, host: str, places: int) -> int:
    """Which of ``places`` workers checks this host of a service: always the same one."""
    return crc32(f"{key[0]}/{key[1]}/{host}".encode(errors="surrogateescape")) % places
