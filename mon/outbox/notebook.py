"""Writes down what became of alerts; what the disk does not take is kept for the next time."""

from collections.abc import Callable, Sequence

from mon.errors import StoreError
from mon.model.moment import Moment
from mon.outbox.entry import Entry, row_of
from mon.outbox.followers import BROKEN, Followers, Store
from mon.store.values import Batch, Outcome, Row

DISK_PATIENCE = 5.0
"""Seconds to wait for the disk before an alert goes out without a note of it: late is worse than twice."""


class Notebook:
    """``trouble`` is what the disk said last, "" when it is well; the others are what it has not taken."""

    def __init__(self, store: Store, followers: Followers, clock: Callable[[], Moment]) -> None:
        self.trouble = ""
        self.outcomes: list[Outcome] = []
        self.rows: dict[str, Row] = {}
        self._store = store
        self._followers = followers
        self._clock = clock

    async def save(self, lost: Sequence[Entry] | None = None) -> None:
        """Write what the disk has not taken so far, nothing if it has taken all.

        ``lost`` is what waits, if the disk has forgotten all that it had taken.
        """
        if lost is not None:
            self.rows |= {entry.id: row_of(entry) for entry in lost}
            self._followers.saved({BROKEN: b""})
        if self.rows or self.outcomes or lost is not None:
            await self.write([])

    async def write(self, outcomes: Sequence[Outcome], rows: Sequence[Row] = ()) -> bool:
        """Write; True if the disk took it.  What it did not take goes with the next one."""
        told, unsaved = [*self.outcomes, *outcomes], self.rows
        self.outcomes, self.rows = [], {}
        entries, notes = (*unsaved.values(), *rows), self._followers.news()
        batch = Batch(self._clock().wall, notes=notes, entries=entries, deliveries=tuple(told))
        try:
            await self._store.commit(batch, patience=DISK_PATIENCE)
        except StoreError as error:
            # The alert matters more than the note of it.
            self.outcomes = told + self.outcomes
            self.rows = unsaved | self.rows
            self.trouble = str(error)
            return False
        self._followers.saved(notes)
        self.trouble = ""
        return True
