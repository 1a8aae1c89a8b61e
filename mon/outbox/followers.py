"""Whether something follows from how an alert ended, and has not followed already."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from mon.codec import decode, encode
from mon.errors import StoreError
from mon.outbox.aftermath import is_to_be_reported, lost_for, report, second
from mon.outbox.entry import Destination, Entry, row_of
from mon.outbox.policy import Policy
from mon.store.values import Batch, Row, Stage

Trouble = tuple[Destination, tuple[str, ...]]
"""What fails: a destination, or (if any are named) only these of its recipients."""

MOST_MADE = 1000
"""Those that were made last are known without the disk: as many as it keeps of the alerts that have ended."""

BROKEN = "broken destinations"
"""The note that holds those of which people know."""


class Store(Protocol):
    """What the outbox needs of the state store."""

    def submit(self, batch: Batch) -> Future[None]:
        """Have a batch written."""
        ...

    async def saved(self, future: Future[None], *, patience: float = ...) -> None:
        """Wait for it."""
        ...

    async def unsent(self) -> tuple[Row, ...]:
        """What had not ended when mon did."""
        ...

    async def entry(self, id: str) -> Row | None:
        """One entry, ended or not."""
        ...

    async def note(self, name: str) -> bytes | None:
        """What was saved under a name."""
        ...


class Followers:
    """The second channel, or the report of a failure, by ``policy``; each once."""

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._store = store
        self._made: dict[str, None] = {}  # in the order they were made
        self._broken: frozenset[Trouble] = frozenset()  # what was reported to fail
        self._submitted = self.body()

    async def remember(self) -> str:
        """Take up what a former life has reported; a warning for the log if that cannot be read."""
        try:
            body = await self._store.note(BROKEN)
            known = decode(body, tuple[Trouble, ...]) if body else ()
        except StoreError as error:
            return f"what is known of broken destinations is left out: {error}"
        there = self._policy.destinations()  # what is no longer called will never be well again
        self._broken |= {trouble for trouble in known if trouble[0] in there}
        self._submitted = body or self._submitted
        return ""

    def news(self) -> dict[str, bytes]:
        """The note to be saved with the next batch; none if the store has it."""
        body = self.body()
        if body == self._submitted:
            return {}
        self._submitted = body
        return {BROKEN: body}

    def body(self) -> bytes:
        """The note."""
        return encode(sorted(self._broken))

    def of(self, entry: Entry, now: float, *, late: bool = False) -> tuple[Row, ...]:
        """What follows from this entry as it is now, or has followed in a former life (see ``unknown``).

        ``late``: its ``within`` is over.
        """
        some, lost = lost_for(entry), is_to_be_reported(entry)
        if entry.stage is Stage.SENT or some:
            self._works(entry.destination, some)
        if not (lost or late):
            return ()
        follower = second(entry, self._policy.is_action, now)
        trouble = (entry.destination, some)
        if follower is None and lost and trouble not in self._broken:
            follower = report(entry, self._policy.lines_of(entry), self._policy.is_action, now)
            # Two thousand messages that one dead server does not take are one piece of news.
            self._broken |= {trouble}
        if follower is None or follower.id in self._made:
            return ()
        self._made[follower.id] = None
        if len(self._made) > MOST_MADE:
            del self._made[next(iter(self._made))]
        return (row_of(follower),)

    async def unknown(self, followers: Iterable[Row]) -> Sequence[Row]:
        """Those of the followers that no former life has made."""
        return [row for row in followers if not await self._is_known(row.id)]

    def _works(self, destination: Destination, but_for: tuple[str, ...]) -> None:
        """It takes messages, if not those for everybody."""
        self._broken = frozenset(
            (there, some)
            for there, some in self._broken
            if there != destination or (some and some == but_for)
        )

    async def _is_known(self, id: str) -> bool:
        try:
            return await self._store.entry(id) is not None
        except StoreError:  # better twice than never
            return False
