"""What a pool remembers besides its votes: operators' words, and the clocks of drain and slow start."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from mon.model.moment import Moment
from mon.model.pool import ServerEntry, ServerId, ServiceEntry, Table
from mon.pool.advice import Course
from mon.structs import Struct, field, replace

LOOK = 1.0
"""Seconds between two looks at the connections of a server that is finishing them."""

STEPS = 10
"""The most steps of a slow start."""

HAND = "hand in the balancer's table"
"""Who said a word that nobody gave us: a server was edited out of the table (a user has no such name)."""

NOBODY: Mapping[ServerId, Moment] = MappingProxyType({})


class Word(Struct, frozen=True):
    """What an operator said about one server: its weight (0 is out), who, why, when and until when.

    ``drain`` is how long (seconds) it may finish its connections before it is removed; 0: it stays in the
    table with weight 0.  ``name`` is what mon.cf called the server then.
    """

    weight: int
    who: str
    why: str
    at: Moment
    until: Moment | None = None
    drain: float = 0.0
    name: str = ""

    def over(self, now: Moment) -> bool:
        """Is its time over?"""
        return self.until is not None and now.mono >= self.until.mono

    def __str__(self) -> str:
        reason = f": {self.why}" if self.why else ""
        return ("disabled" if not self.weight else f"weight {self.weight}") + f" by {self.who}{reason}"


class Drain(Struct, frozen=True):
    """A server that finishes its connections: from when, until when at most, and its row in the table."""

    since: Moment
    until: Moment
    entry: ServerEntry


class Memory(Struct, frozen=True):
    """``inside``: who was in when it was last decided, None: that was never.  ``ramps``: since when a server
    climbs.  ``drains``: who is finishing connections; ``drained``: who has, and is out of the table.
    ``turned``: when a server was last let in or put out.  ``left`` is the table as we last left it;
    ``repairs``: what of it was put back when (monotonic).  What others insist on is ``pinned`` (a server's
    row; None: not there), the ``service``'s own settings, or all of it (``hands_off`` says why).
    ``exits``: who was voted out when (monotonic); ``banned``: who flapped, and is held out until when.
    ``courses``: the weights that follow a suggestion.  ``found``: who was in by the table at adoption, or by
    the latest decision, even before the first round was over.
    """

    inside: frozenset[ServerId] | None = None
    ramps: Mapping[ServerId, Moment] = field(default_factory=lambda: NOBODY)
    drains: Mapping[ServerId, Drain] = field(default_factory=lambda: MappingProxyType({}))
    drained: frozenset[ServerId] = frozenset()
    turned: Mapping[ServerId, Moment] = field(default_factory=lambda: NOBODY)
    left: Table | None = None
    repairs: tuple[tuple[float, str], ...] = ()
    pinned: Mapping[ServerId, ServerEntry | None] = field(default_factory=lambda: MappingProxyType({}))
    service: ServiceEntry | None = None
    hands_off: str = ""
    exits: tuple[tuple[float, ServerId], ...] = ()
    banned: Mapping[ServerId, Moment] = field(default_factory=lambda: NOBODY)
    courses: Mapping[ServerId, Course] = field(default_factory=lambda: MappingProxyType({}))
    found: frozenset[ServerId] | None = None

    def seen(self, table: Table, now: Moment) -> "Memory":
        """The memory after a look at the balancer's table: who has no connection left is drained."""
        there = {server.id: server for server in table.servers}
        done = {id_ for id_, drain in self.drains.items() if _empty(there.get(id_), drain, now)}
        if not done:
            return self
        drains = {id_: drain for id_, drain in self.drains.items() if id_ not in done}
        return replace(self, drains=drains, drained=self.drained | done)


def _empty(server: ServerEntry | None, drain: Drain, now: Moment) -> bool:
    """Has it finished?  The first moment does not count: the balancer may not even know yet."""
    if now.mono <= drain.since.mono:
        return False
    return server is None or not (server.weight or server.active or server.templates)


def climbing(weight: int, since: Moment, seconds: float, now: Moment) -> tuple[int, float]:
    """The weight of a server on its way up, and when (monotonic) it gets the next one; all, and inf: done."""
    steps = min(STEPS, weight)
    step = int((now.mono - since.mono) / seconds * steps + 1e-9)
    if step >= steps:
        return weight, float("inf")
    # The first step is above 0 and the last below the whole: so the whole comes when the time is over.
    return max(1, weight * (step + 1) // (steps + 1)), since.mono + (step + 1) * seconds / steps


def inferred(weight: int, whole: int, seconds: float, now: Moment) -> Moment:
    """When a server found with ``weight`` of ``whole`` began to climb, if that is what it does."""
    steps = min(STEPS, whole)
    step = -(-weight * (steps + 1) // whole) - 1
    return now.later(-seconds * max(0, step) / steps)


def soonest(moments: Collection[float]) -> float | None:
    """The first of several times on the monotonic clock, None if there is none."""
    finite = [moment for moment in moments if moment != float("inf")]
    return min(finite, default=None)


def deadlines(memory: Memory, words: Mapping[ServerId, Word], now: Moment) -> Iterator[float]:
    """When something of it may end."""
    for word in words.values():
        if word.until is not None:
            yield word.until.mono
    for drain in memory.drains.values():
        yield min(drain.until.mono, now.mono + LOOK)
