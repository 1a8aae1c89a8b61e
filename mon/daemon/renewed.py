"""Another configuration beside the one in force: read, compared and the old one freed, in a thread each.

The loop goes on meanwhile.  What would hold it up is avoided: a collection of garbage over all that was just
read, long turns of the thread, freeing ten thousand services at once.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mon.daemon.loading import Loaded
from mon.engine import Changes, compared
from mon.model.config import Key
from mon.struct import Struct

TURN = 0.0005
"""Seconds that a thread keeps the interpreter from the loop; Python's default is ten times as long."""


class Renewed(Struct, frozen=True):
    """A configuration, what differs in it, and the services whose checks are new, gone or not as before."""

    loaded: Loaded
    changes: Changes
    checks: tuple[Key, ...]


def compare(before: Loaded, after: Loaded) -> Renewed:
    """Look for what is different."""
    old, new = before.plan.checks, after.plan.checks
    checks = (*(key for key in old if key not in new), *(key for key in new if old.get(key) != new[key]))
    return Renewed(after, compared(before.plan.config, after.plan.config), checks)


def let_go(last: list[Loaded]) -> None:
    """Free a configuration piece by piece; ``last`` has the only reference to it."""
    plan = last.pop().plan
    mappings = (plan.checks, plan.alerts, plan.config.services, plan.config.hostgroups)
    pieces: list[object] = [piece for mapping in mappings for pair in mapping.items() for piece in pair]
    del plan, mappings
    while pieces:
        pieces.pop()


@contextmanager
def aside() -> Iterator[None]:
    """While a thread reads: short turns, and no collection, since all that is read is there to stay."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(TURN, usual))
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(max(usual, 10 * TURN))  # two may overlap
        gc.freeze()
        gc.enable()
