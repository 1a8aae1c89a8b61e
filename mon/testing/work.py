"""Counting what something costs: a count is the same on a busy machine, a time is not."""

import sys
from collections.abc import Callable

from mon.model.pool import ServerId


class CountedServer(ServerId, frozen=True):
    """A server whose comparisons are calls of Python, so that a search in a tuple of servers counts."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerId) and (self.address, self.port) == (other.address, other.port)

    def __hash__(self) -> int:
        return hash((self.address, self.port))


def work(does: Callable[[], object]) -> int:
    """How many calls of functions it takes, of Python and of C."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        does()
    finally:
        sys.setprofile(None)
    return calls
