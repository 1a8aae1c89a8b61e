"""Whether something follows from how an alert ended, and has not followed already."""

from collections.abc import Mapping
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

    async def commit(self, batch: Batch, *, patience: float = ...) -> None:
        """Write a batch."""
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
        self._on_disk = self._body()

    async def remember(self) -> str:
        """Take up what a former life has reported; a warning for the log if that cannot be read."""
        try:
            body = await self._store.note(BROKEN)
            known = decode(body, tuple[Trouble, ...]) if body else ()
        except StoreError as error:
            return f"what is known of broken destinations is left out: {error}"
        there = self._policy.destinations()  # what is no longer called will never be well again
        self._broken |= {trouble for trouble in known if trouble[0] in there}
        self._on_disk = body or self._on_disk
        return ""

    def news(self) -> dict[str, bytes]:
        """The note to be saved with the next batch; none if the disk has it."""
        body = self._body()
        return {} if body == self._on_disk else {BROKEN: body}

    def saved(self, notes: Mapping[str, bytes]) -> None:
        """The disk has taken what ``news`` gave."""
        self._on_disk = notes.get(BROKEN, self._on_disk)

    def _body(self) -> bytes:
        return encode(sorted(self._broken))

    async def of(self, entry: Entry, now: float, *, late: bool = False) -> tuple[Row, ...]:
        """What follows from this entry as it is now; ``late``: its ``within`` is over."""
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
        if follower is None or follower.id in self._made or await self._is_known(follower.id):
            return ()
        self._made[follower.id] = None
        if len(self._made) > MOST_MADE:
            del self._made[next(iter(self._made))]
        return (row_of(follower),)

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
