"""When which service's trap timer may run out: asked each second, it costs what is due, not what is there."""

import heapq
from collections.abc import Iterator, Mapping

from mon.engine.state import ServiceState, Traps
from mon.model.config import Key

NEVER = float("inf")


class TrapClock:
    """A heap of services by the next end of one of their timers (monotonic seconds).

    A timer that is put off stays where it is in the heap and is looked at once in vain.
    """

    def __init__(self, states: Mapping[Key, ServiceState]) -> None:
        self._heap: list[tuple[float, Key]] = []
        self._planned: dict[Key, float] = {}
        for key, state in states.items():
            self.note(key, state.traps)

    def note(self, key: Key, traps: Traps) -> None:
        """The timers of a service are these now."""
        ends = [moment.mono for moment in (traps.due, traps.until) if moment is not None]
        if ends and (end := min(ends)) < self._planned.get(key, NEVER):
            self._planned[key] = end
            heapq.heappush(self._heap, (end, key))

    def due(self, now: float) -> Iterator[Key]:
        """Services with a timer that may have run out; each has to be noted again."""
        while self._heap and self._heap[0][0] <= now:
            end, key = heapq.heappop(self._heap)
            if self._planned.get(key) == end:
                del self._planned[key]
                yield key
