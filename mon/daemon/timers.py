"""One timer for each pool: the next one set takes the place of the last."""

import asyncio
from collections.abc import Callable, Collection


class Timers:
    """``ring(name)`` is called when the timer of that name is over."""

    def __init__(self, ring: Callable[[str], None]) -> None:
        self._ring = ring
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._handles

    def set(self, name: str, delay: float | None) -> None:
        """Ring in so many seconds; None: not at all."""
        if name in self._handles:
            self._handles.pop(name).cancel()
        if delay is not None:
            self._handles[name] = asyncio.get_running_loop().call_later(delay, self._over, name)

    def keep(self, names: Collection[str]) -> None:
        """Stop those of other names."""
        for name in [name for name in self._handles if name not in names]:
            self.set(name, None)

    def _over(self, name: str) -> None:
        del self._handles[name]
        self._ring(name)
