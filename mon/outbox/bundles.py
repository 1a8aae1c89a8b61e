"""What is told together: entries that wait for the end of a window, and the messages made of them.

Each entry is a row of its own, from its decision to its end; a bundle is an entry of the lanes only.  Its id
is made from that of its first member: made again after a crash it is the same message.
"""

from collections.abc import Iterable, Sequence

from mon.engine.step import Closed, Withdrawn
from mon.model.notice import AlertType
from mon.outbox.aftermath import follower_id, with_remark
from mon.outbox.collated import collated
from mon.outbox.entry import Destination, Entry
from mon.outbox.lanes import Lanes
from mon.store.values import Stage
from mon.structs import replace

Members = dict[str, Entry]
"""Entries by their ids, in the order of their decisions."""


class Bundles:
    """The entries in windows, and those of which a bundle is under way."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, Destination], Members] = {}
        self._made: dict[str, Members] = {}
        self._closed: dict[str, Closed] = {}  # by bundle: what was known at the end of its window

    def __contains__(self, id: object) -> bool:
        """Is this the id of a member?"""
        return any(id in members for members in (*self._waiting.values(), *self._made.values()))

    @property
    def windows(self) -> frozenset[str]:
        """Those of which entries wait."""
        return frozenset(window for window, _ in self._waiting)

    def add(self, entry: Entry) -> None:
        """Let it wait for the end of its window."""
        self._waiting.setdefault((entry.window, entry.destination), {})[entry.id] = entry

    def remove(self, id: str) -> bool:
        """Take out an entry that waits in a window; False if none does by this id."""
        for place, members in list(self._waiting.items()):
            if members.pop(id, None) is not None:
                if not members:
                    del self._waiting[place]
                return True
        return False

    def close(self, closed: Closed, lanes: Lanes) -> list[Entry]:
        """The messages of a window that is over, for the lanes."""
        places = [place for place in self._waiting if place[0] == closed.window]
        made = [self._bundle(self._waiting.pop(place), closed) for place in places]
        return [self._with_earlier(bundle, lanes) for bundle in made]

    def _with_earlier(self, bundle: Entry, lanes: Lanes) -> Entry:
        """A bundle, and what could not be sent before it: one message."""
        lane = lanes.before(bundle)
        if not lane or lane[0].running or not lane[0].entry.attempts:
            return bundle  # what merely queues goes out by itself
        earlier = [item for item in lane if self.is_bundle(item.entry.id)]
        for item in earlier:
            lanes.drop(item)
        return self._joined(bundle, [item.entry for item in earlier]) if earlier else bundle

    def _joined(self, bundle: Entry, earlier: Sequence[Entry]) -> Entry:
        members: Members = {}
        for each in (*earlier, bundle):
            members |= self._made.pop(each.id)
        # Another id: the receiver may have got the earlier one after all.
        joined = self._bundle(members, self._closed.pop(bundle.id), f"together {bundle.id}")
        remark = f"some of this could not be told before: {earlier[0].why}"
        # It says more than the earlier one: for those who have that as well.
        notice = replace(with_remark(joined.notice, remark), left=())
        return replace(joined, notice=notice, stage=Stage.WAITING, next_at=0.0, refused={})

    def _bundle(self, members: Members, closed: Closed, what: str = "together") -> Entry:
        entries = list(members.values())
        tried = max(entries, key=lambda entry: entry.attempts)
        made = follower_id(entries[0].id, what)
        self._made[made], self._closed[made] = members, closed
        notice = collated([entry.notice for entry in entries], closed)
        return replace(
            entries[-1],
            id=made,
            notice=replace(notice, id=made, left=tried.notice.left),
            stage=tried.stage,
            attempts=tried.attempts,
            next_at=tried.next_at,
            why=tried.why,
            refused=tried.refused,
        )

    def parts(self, entry: Entry) -> list[Entry]:
        """What an entry of the lanes is on disk: itself, or those members of a bundle that changed."""
        members = self._made.get(entry.id)
        if members is None:
            return [entry]
        if entry.stage.ended:
            entry = replace(entry, why=f"{entry.why}{_together(entry, len(members))}")
        first, *others = members.values()
        notice = replace(first.notice, left=entry.notice.left)
        told = [replace(_as(first, entry), notice=notice, refused=entry.refused)]
        # What is tried again is noted once; all of it ends.
        return told + [_as(other, entry) for other in others] if entry.stage.ended else told

    def of(self, entry: Entry) -> list[Entry]:
        """All members of a bundle, as far as it has come; of anything else itself."""
        members = self._made.get(entry.id)
        return [_as(member, entry) for member in members.values()] if members else [entry]

    def waiting(self) -> list[Entry]:
        """What waits in windows."""
        return [entry for members in self._waiting.values() for entry in members.values()]

    def bundle_of(self, id: str) -> str:
        """The id of the bundle that this member is in, or its own."""
        return next((bundle for bundle, members in self._made.items() if id in members), id)

    def is_bundle(self, id: str) -> bool:
        """Was it made here?"""
        return id in self._made

    def done(self, id: str) -> None:
        """A bundle has come to its end."""
        self._made.pop(id, None)
        self._closed.pop(id, None)


def withdrawn(gone: Sequence[Withdrawn], entries: Iterable[Entry]) -> list[Entry]:
    """Those of the entries that are not to be told after all, as they end."""
    reasons = {(each.window, *each.key, each.period): each for each in gone}
    found = []
    for entry in entries:
        why = reasons.get((entry.window, entry.watch, entry.service, entry.period))
        if why and not (why.failures_only and entry.type is AlertType.UP):
            found.append(replace(entry, stage=Stage.EXPIRED, why=why.why, next_at=0.0))
    return found


def _together(entry: Entry, count: int) -> str:
    return f"; {count} alerts of group {entry.group} in one message" if count > 1 else ""


def _as(member: Entry, bundle: Entry) -> Entry:
    return replace(
        member, stage=bundle.stage, attempts=bundle.attempts, next_at=bundle.next_at, why=bundle.why
    )
