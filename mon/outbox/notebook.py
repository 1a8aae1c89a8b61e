"""Writes down what became of alerts.  What the disk refuses is kept by the store, in its order."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from mon.errors import StoreError
from mon.model.moment import Moment
from mon.outbox.entry import Entry, outcome_of, row_of
from mon.outbox.followers import BROKEN, Followers, Store
from mon.store.values import Batch, Outcome, Row

DISK_PATIENCE = 5.0
"""Seconds to wait for the disk before an alert goes out without a note of it: late is worse than twice."""


class Notebook:
    """``trouble`` is what the disk said last, "" when it is well."""

    def __init__(self, store: Store, followers: Followers, clock: Callable[[], Moment]) -> None:
        self.trouble = ""
        self._store = store
        self._followers = followers
        self._clock = clock

    def again(self, pending: Sequence[Entry]) -> Batch:
        """All that waits, and what is known of destinations: for a disk that has forgotten it."""
        now = self._clock().wall
        return Batch(
            now,
            notes={BROKEN: self._followers.body()},
            entries=tuple(map(row_of, pending)),
            # Older news of the same entries may be on its way to the new file.
            deliveries=tuple(outcome_of(entry, now) for entry in pending if entry.attempts),
        )

    def submit(self, outcomes: Sequence[Outcome], rows: Sequence[Row] = ()) -> Future[None]:
        """Have this written, in this turn of the loop."""
        notes = self._followers.news()
        batch = Batch(self._clock().wall, notes=notes, entries=tuple(rows), deliveries=tuple(outcomes))
        return self._store.submit(batch)

    async def write(self, outcomes: Sequence[Outcome], rows: Sequence[Row] = ()) -> None:
        """Submit, and wait for it: with some patience, as the alert matters more than the note of it."""
        await self.written(self.submit(outcomes, rows))

    async def written(self, submitted: Future[None]) -> None:
        """Wait for what was submitted."""
        try:
            await self._store.saved(submitted, patience=DISK_PATIENCE)
        except StoreError as error:
            self.trouble = str(error)
        else:
            self.trouble = ""
