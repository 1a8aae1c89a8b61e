"""What an event led to: the values that the engine gives back."""

from collections.abc import Iterable, Mapping

from mon.model.config import CommandLine, Key
from mon.model.notice import AlertType, Decision, HeldService
from mon.model.result import Transition
from mon.structs import Struct, field

SEND = "send"
"""The rule of a decision that calls an alert because of an event, not for a test or to pass it on."""

NO_SUMMARY = "(NO SUMMARY)"


class Downtime(Struct, frozen=True):
    """An outage that is over, as the downtime log wants it (PROTOCOL §5).  ``interval`` is 0.0 for none."""

    key: Key
    up: float
    first_failure: float
    seconds: float
    interval: float
    summary: str


class Withdrawn(Struct, frozen=True):
    """What a service said in an open window is not to be told, and why.

    ``failures_only``: it was told before the window, so its end is told as well.
    """

    window: str
    key: Key
    period: str
    why: str
    failures_only: bool = False


class Closed(Struct, frozen=True):
    """A window that is over: what came in it is to be told now.

    ``failing`` are the services of its group that fail and were told of; ``held`` says for those of them that
    others depend on which are not told of because of it.
    """

    window: str
    failing: tuple[Key, ...] = ()
    held: Mapping[Key, tuple[HeldService, ...]] = field(default_factory=dict)


class Step(Struct, frozen=True):
    """What one event led to: whose states are to be saved, what changed, what was decided."""

    keys: tuple[Key, ...] = ()
    transitions: tuple[Transition, ...] = ()
    decisions: tuple[Decision, ...] = ()
    downtimes: tuple[Downtime, ...] = ()
    withdrawn: "tuple[Withdrawn, ...]" = ()
    closed: "tuple[Closed, ...]" = ()

    @property
    def matters(self) -> bool:
        """Is there more than that services are to be saved some time?"""
        told = self.decisions or self.withdrawn or self.closed
        return bool(self.transitions or self.downtimes or told)

    @property
    def sent(self) -> tuple[Decision, ...]:
        """The decisions to send."""
        return tuple(decision for decision in self.decisions if decision.send)

    @property
    def called(self) -> tuple["AlertEntry", ...]:
        """Its entries in the alert history: no tests, and nothing that is only redistributed."""
        return called(self.decisions)

    def __add__(self, other: "Step") -> "Step":
        """Both, one after the other."""
        return Step(
            self.keys + other.keys,
            self.transitions + other.transitions,
            self.decisions + other.decisions,
            self.downtimes + other.downtimes,
            self.withdrawn + other.withdrawn,
            self.closed + other.closed,
        )


NOTHING = Step()


class AlertEntry(Struct, frozen=True):
    """One line of ``list alerthist``.  ``summary`` is the classic one, ``(NO SUMMARY)`` if there is none."""

    type: AlertType
    watch: str
    service: str
    at: float
    command: CommandLine
    summary: str

    @property
    def kind(self) -> str:
        """The first word of the line: ``alert``, ``upalert``, ``trapalert`` ..."""
        return HISTORY_WORD[self.type]


HISTORY_WORD = {
    AlertType.FAILURE: "alert",
    AlertType.UP: "upalert",
    AlertType.STARTUP: "startupalert",
    AlertType.ACK: "ackalert",
    AlertType.DISABLE: "disablealert",
    AlertType.TRAP: "trapalert",
    AlertType.TRAPTIMEOUT: "traptimeoutalert",
    AlertType.TEST: "testalert",
}


def called(decisions: Iterable[Decision]) -> tuple[AlertEntry, ...]:
    """Alert history entries of the decisions that call an alert."""
    return tuple(
        AlertEntry(d.type, d.watch, d.service, d.at.wall, d.line.command, d.notice.summary or NO_SUMMARY)
        for d in decisions
        if d.notice is not None and d.rule == SEND
    )


class FailureEntry(Struct, frozen=True):
    """One line of ``list failurehist``."""

    watch: str
    service: str
    at: float
    summary: str


class Changes(Struct, frozen=True):
    """What a reload did: ``changed`` services have new settings and their old state (law 8)."""

    added: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    kept: tuple[Key, ...] = ()
