"""What the disk has refused: batches joined to one, in which the later word on a key counts.

It is kept here and nowhere else, and written before anything that came later: so whoever submits a batch may
take it for written sooner or later, and never has to write a part of it again, out of its order.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from mon.store.values import Batch, Outcome, Row
from mon.structs import replace

KEPT = ("states", "hosts", "pools", "ownership", "notes")
"""Fields of a Batch that are mappings."""

ENDED = 1000
"""So many entries that have ended wait for the disk: they are for looking at only; all others are kept."""

HOPELESS = (
    *(sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError, sqlite3.IntegrityError),
    *(ValueError, TypeError, OverflowError),
)
"""What is raised for a value that has no form on any disk."""


class Unsaved:
    """``write`` is what writes a batch.  Touched by the thread of the database, which also empties it.

    ``lost`` is the last reason why something was given up: its values have no form on disk.
    """

    def __init__(self, write: Callable[[sqlite3.Connection, Batch], None]) -> None:
        self.lost = ""
        self._write = write
        self._begin()

    def __bool__(self) -> bool:
        return self._some

    def _begin(self) -> None:
        self._some, self._at = False, 0.0
        self._kept: dict[str, Any] = {name: {} for name in KEPT}
        self._disabled: frozenset[tuple[str, str, str]] | None = None
        self._entries: dict[str, Row] = {}
        self._deliveries: dict[str, Outcome] = {}

    def add(self, batch: Batch) -> None:
        """Keep a batch that was not written, behind those that are here."""
        self._some, self._at = True, batch.at
        for name, known in self._kept.items():
            known.update(getattr(batch, name))
        if batch.disabled is not None:
            self._disabled = batch.disabled
        self._entries.update((row.id, row) for row in batch.entries)
        for outcome in batch.deliveries:
            self._outcome(outcome)
        self._trim()

    def _outcome(self, outcome: Outcome) -> None:
        known = self._deliveries.pop(outcome.id, None)
        if known is not None and outcome.body is None:
            outcome = replace(outcome, body=known.body)
        self._deliveries[outcome.id] = outcome

    def _trim(self) -> None:
        if len(self._entries) <= 2 * ENDED:
            return
        ended = [one.id for one in self._deliveries.values() if one.stage.ended and one.id in self._entries]
        for entry in ended[: max(0, len(ended) - ENDED)]:
            del self._entries[entry], self._deliveries[entry]

    def write(self, db: sqlite3.Connection) -> None:
        """Write all of it.  What cannot be written to any disk is given up, and said."""
        if not self._some:
            return
        try:
            self._write(db, self._batch())
        except HOPELESS as error:
            self.lost = f"something that was not saved cannot be: {error}"
            self._begin()

    def written(self) -> None:
        """The disk has it."""
        if self._some:
            self._begin()

    def _batch(self) -> Batch:
        return Batch(
            self._at,
            **self._kept,
            disabled=self._disabled,
            entries=tuple(self._entries.values()),
            deliveries=tuple(self._deliveries.values()),
        )
