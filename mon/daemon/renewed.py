"""Another configuration beside the one in force: read, compared and the old one freed, in a thread each.

The loop goes on meanwhile.  What would hold it up is avoided: a collection of garbage over all that was just
read, long turns of the thread, freeing ten thousand services at once.
"""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from mon.catalog import Check
from mon.daemon.differences import differences
from mon.daemon.loading import Loaded, load
from mon.daemon.options import Options
from mon.engine import Changes, compared
from mon.model.config import Config, Key
from mon.runner import loop
from mon.structs import Struct, replace

Name = TypeVar("Name")
Value = TypeVar("Value")

TURN = 0.0001
"""Seconds that a thread keeps the interpreter from the loop; usually it is five times as long.

The loop gives it up at each of some seven calls of the system that a check takes, and may get it back only
after that long: with 0.5 ms it was late by a quarter of a second, and checks came in heaps (decision 016).
"""


class Renewed(Struct, frozen=True):
    """A configuration, what differs in it, and the services whose checks are new, gone or not as before.

    ``lines`` say what differs.
    """

    loaded: Loaded
    changes: Changes
    checks: tuple[Key, ...]
    lines: tuple[str, ...]


def read(before: Loaded, options: Options) -> Renewed:
    """Load, and compare with what is in force."""
    fresh = [load(options)]
    renewed = compare(before, fresh[0])
    let_go(fresh)
    return renewed


def compare(before: Loaded, after: Loaded) -> Renewed:
    """Look for what is different.  What is the same is taken from ``before``: only one of them is to stay."""
    config = _shared(before.plan.config, after.plan.config)
    changes = compared(before.plan.config, config)
    old, new = before.plan.checks, {key: _under(config, after.plan.checks[key]) for key in config.services}
    checks = (*(key for key in old if key not in new), *(key for key in new if old.get(key) != new[key]))
    shared = replace(after, plan=replace(after.plan, config=config, checks=new))
    return Renewed(shared, changes, checks, differences(before, shared, changes))


def _shared(before: Config, after: Config) -> Config:
    services = _same(before.services, after.services)
    return replace(after, services=services, hostgroups=_same(before.hostgroups, after.hostgroups))


def _same(old: Mapping[Name, Value], new: Mapping[Name, Value]) -> dict[Name, Value]:
    """``new`` with keys and values of ``old`` where they are equal: sources are not compared."""
    known = {key: (key, value) for key, value in old.items()}
    found = {}
    for key, value in new.items():
        name, was = known.get(key, (key, value))
        found[name] = was if was == value else value
    return found


def _under(config: Config, check: Check) -> Check:
    """The check with the values of the configuration; its plugin is the one that was found last."""
    hosts = config.hosts(check.service.watch)
    return Check(config.services[check.key], check.monitor, hosts, check.timeout, check.votes)


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
        sys.setswitchinterval(max(usual, loop.TURN))  # two may overlap
        gc.freeze()
        gc.enable()
