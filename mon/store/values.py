"""What is given to the store, and what it gives back: values, and bytes it never looks into."""

from collections.abc import Mapping
from enum import StrEnum

from mon.model.config import Key
from mon.model.notice import Decision
from mon.model.result import Transition
from mon.structs import Alike, Struct, field

HostKey = tuple[str, str, str]
"""(watch, service, host)."""

Disabled = tuple[str, str, str]
"""(kind, watch, name): ``("host", "", "web1")``, ``("watch", "web", "")``, ``("service", "web", "http")``."""


class Stage(StrEnum):
    """How far an entry of the outbox has come.  The last three are the end of it."""

    WAITING = "waiting"
    IN_FLIGHT = "in flight"
    RETRY = "retry"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Is nothing left to be done?"""
        return self in (Stage.SENT, Stage.FAILED, Stage.EXPIRED)


class Row(Alike, frozen=True):
    """One entry of the outbox as it lies on disk.  Times are wall seconds, ``body`` is opaque.

    ``changed`` is when it came to its stage; it is only read.
    """

    apart = ("changed",)

    id: str
    body: bytes
    created: float
    stage: Stage = Stage.WAITING
    attempts: int = 0
    next_at: float = 0.0
    why: str = ""
    changed: float = 0.0


class Outcome(Struct, frozen=True):
    """What became of an entry: of one attempt, or by a decision not to try (again).

    ``duration`` is that of the attempt in seconds, ``at`` and ``next_at`` are wall time.  ``body`` takes the
    place of the entry's, None leaves it.
    """

    id: str
    stage: Stage
    attempts: int
    why: str
    at: float
    next_at: float = 0.0
    duration: float = 0.0
    watch: str = ""
    service: str = ""
    period: str = ""
    kind: str = ""
    type: str = ""
    command: str = ""
    body: bytes | None = None


class Hold(Struct, frozen=True):
    """An alert held back ``count`` times for one reason between ``first`` and ``last`` (wall time).

    ``why`` is the reason in words as it was the last time.
    """

    watch: str
    service: str
    period: str
    kind: str
    type: str
    command: str
    rule: str
    why: str
    first: float
    last: float
    count: int


class Batch(Struct, frozen=True):
    """All that one event changed: on disk together, or not at all.

    In the mappings None forgets a key.  ``disabled``, when given, is the whole new set.  ``at`` is wall
    time.  ``transitions`` and ``holds`` (and ``deliveries`` once more) are passed on to the history.
    """

    at: float
    states: Mapping[Key, bytes | None] = field(default_factory=dict)
    hosts: Mapping[HostKey, bytes | None] = field(default_factory=dict)
    pools: Mapping[str, bytes | None] = field(default_factory=dict)
    ownership: Mapping[str, bytes | None] = field(default_factory=dict)
    notes: Mapping[str, bytes | None] = field(default_factory=dict)
    disabled: frozenset[Disabled] | None = None
    entries: tuple[Row, ...] = ()
    deliveries: tuple[Outcome, ...] = ()
    transitions: tuple[Transition, ...] = ()
    holds: tuple[Decision, ...] = ()


class Kept(Struct, frozen=True):
    """Bytes that were saved, and when (wall time)."""

    body: bytes
    at: float


class Saved(Struct, frozen=True):
    """All that was known when the last batch was written.

    ``at`` is the time of that batch (0.0: there never was one); ``entries`` are the unsent ones in the
    order of their decisions; ``warnings`` are for the log.
    """

    at: float = 0.0
    states: Mapping[Key, Kept] = field(default_factory=dict)
    hosts: Mapping[HostKey, Kept] = field(default_factory=dict)
    pools: Mapping[str, Kept] = field(default_factory=dict)
    ownership: Mapping[str, Kept] = field(default_factory=dict)
    notes: Mapping[str, Kept] = field(default_factory=dict)
    disabled: frozenset[Disabled] = frozenset()
    entries: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
