"""Whether something follows from how an alert ended, and has not followed already."""

from typing import Protocol

from mon.errors import StoreError
from mon.outbox.aftermath import is_to_be_reported, report, second
from mon.outbox.entry import Destination, Entry, row_of
from mon.outbox.policy import Policy
from mon.store.values import Batch, Row, Stage


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


class Followers:
    """The second channel, or the report of a failure, by ``policy``; each once."""

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._store = store
        self._made: set[str] = set()
        self._broken: set[Destination] = set()  # those of which it was reported that they fail

    async def of(self, entry: Entry, now: float, *, late: bool = False) -> tuple[Row, ...]:
        """What follows from this entry as it is now; ``late``: its ``within`` is over."""
        if entry.stage is Stage.SENT:
            self._broken.discard(entry.destination)
        lost = is_to_be_reported(entry)
        if not (lost or late):
            return ()
        follower = second(entry, self._policy.is_action, now)
        if follower is None and lost and entry.destination not in self._broken:
            follower = report(entry, self._policy.lines_of(entry), self._policy.is_action, now)
            # Two thousand messages that one dead server does not take are one piece of news.
            self._broken.add(entry.destination)
        if follower is None or follower.id in self._made or await self._is_known(follower.id):
            return ()
        self._made.add(follower.id)
        return (row_of(follower),)

    async def _is_known(self, id: str) -> bool:
        try:
            return await self._store.entry(id) is not None
        except StoreError:  # better twice than never
            return False
