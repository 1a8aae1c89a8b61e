"""An alert that is to be sent, as a value and as a row of the store."""

from collections.abc import Mapping

from mon.codec import decode, encode
from mon.model.config import AlertKind, AlertLine
from mon.model.notice import AlertType, Decision, Notice
from mon.store.values import Outcome, Row, Stage
from mon.structs import Struct, field, replace

Destination = tuple[str, ...]
"""A plugin, its arguments, and the user it runs as."""


OPPOSITE = {AlertKind.ALERT: AlertKind.UPALERT, AlertKind.UPALERT: AlertKind.ALERT}


class Entry(Struct, frozen=True, gc=False):
    """One alert of one line.  ``created`` and ``next_at`` are wall time, ``why`` is about the last attempt.

    ``action``: it does something (an executable), and is not repeated behind the operator's back; the
    others are messages.  ``reports`` is the id of the alert whose failure this one tells, "" of all others:
    a report is itself never reported.  ``refused`` are those of several recipients for whom it was refused
    for good, with the reason; ``notice.left`` those who have not got it yet.  ``group``: it keeps its place
    among the messages of the group; ``window``: it is told together with what else is decided until its end,
    at ``until``.
    """

    id: str
    watch: str
    service: str
    period: str
    type: AlertType
    line: AlertLine
    notice: Notice
    action: bool
    created: float
    stage: Stage = Stage.WAITING
    attempts: int = 0
    next_at: float = 0.0
    why: str = ""
    reports: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    window: str = ""
    until: float = 0.0

    @property
    def kind(self) -> AlertKind:
        """The directive of its line."""
        return self.line.kind

    @property
    def command(self) -> str:
        """Its line as written."""
        return self.line.command.text

    @property
    def replay(self) -> bool:
        """Does the line say ``replay=yes``?"""
        return self.line.replay

    @property
    def destination(self) -> Destination:
        """Where it goes: entries of one destination share its queue."""
        return (*self.line.command.words, self.line.command.runas)

    @property
    def story(self) -> tuple[str, ...]:
        """What an alert and the upalert that ends it have in common."""
        plugin = "" if self.line.plain else self.line.command.plugin
        return (self.watch, self.service, self.period, plugin, self.notice.story)

    @property
    def lane(self) -> tuple[Destination, str, str, str]:
        """Entries of one lane are sent one after another, in the order of their decisions."""
        if self.group:
            return (self.destination, self.group, "", "")
        return (self.destination, self.watch, self.service, self.period)

    def undoes(self, other: "Entry") -> bool:
        """Is ``other`` an action that is no longer wanted now that this one was decided?"""
        if not other.action or AlertType.TEST in (self.type, other.type) or self.story != other.story:
            return False
        if self.kind is AlertKind.FLOORALERT:  # one line for the beginning and the end
            return other.kind is self.kind and other.type is not self.type
        return OPPOSITE.get(self.kind) is other.kind


def decided(decision: Decision, notice: Notice, id: str, *, action: bool) -> Entry:
    """The entry for a decision to send ``notice``."""
    return Entry(
        id=id,
        watch=decision.watch,
        service=decision.service,
        period=decision.period,
        type=decision.type,
        line=decision.line,
        notice=replace(notice, id=id),
        action=action,
        created=decision.at.wall,
        group="" if action else decision.group,
        window="" if action else decision.window,
        until=0.0 if action else decision.until,
    )


def row_of(entry: Entry) -> Row:
    """The row that an entry is."""
    body, far = encode(entry), entry.stage
    return Row(entry.id, body, entry.created, far, entry.attempts, entry.next_at, entry.why)


def entry_of(row: Row) -> Entry:
    """The entry that a row is.  Raises StoreError when its bytes cannot be read."""
    entry = decode(row.body, Entry)
    return replace(entry, stage=row.stage, attempts=row.attempts, next_at=row.next_at, why=row.why)


def outcome_of(entry: Entry, at: float, duration: float = 0.0) -> Outcome:
    """What the store is told when an entry has come to its present stage, at a wall time."""
    return Outcome(
        id=entry.id,
        stage=entry.stage,
        attempts=entry.attempts,
        why=entry.why,
        at=at,
        next_at=entry.next_at,
        duration=duration,
        watch=entry.watch,
        service=entry.service,
        period=entry.period,
        kind=entry.kind,
        type=entry.type,
        command=entry.command,
        body=encode(entry) if entry.refused or entry.notice.left else None,
    )
