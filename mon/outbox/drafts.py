"""The door of the outbox: decisions go in, and what of them belongs into their batch comes out.

All that a decision does to what waits already is done here, in the turn of the decision: what it makes
pointless begins no attempt while the disk is written.  Only the new alerts wait until that is over.
"""

from collections.abc import Callable, Iterable, Sequence

from mon.engine.step import Closed, Withdrawn
from mon.model.config import AlertLine
from mon.model.moment import Moment
from mon.model.notice import Decision
from mon.outbox.aftermath import pointless, together, told_in
from mon.outbox.bundles import Bundles, withdrawn
from mon.outbox.entry import Entry, decided, outcome_of, row_of
from mon.outbox.lanes import Lanes
from mon.outbox.rules import undone
from mon.store.values import Outcome, Row
from mon.structs import Struct

IsAction = Callable[[AlertLine], bool]


class Draft(Struct, frozen=True):
    """The alerts of one step.  ``entries`` and ``deliveries`` belong into the batch of its states.

    ``told`` are those that end by it, for the observers; ``closed`` are the windows that are over.
    """

    entries: tuple[Row, ...] = ()
    deliveries: tuple[Outcome, ...] = ()
    told: tuple[Entry, ...] = ()
    closed: tuple[Closed, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries or self.deliveries or self.closed)


class Drafts:
    """Knows the alerts that were decided and whose batch is still being written."""

    def __init__(
        self, lanes: Lanes, bundles: Bundles, clock: Callable[[], Moment], ids: Callable[[], str]
    ) -> None:
        self._lanes = lanes
        self._bundles = bundles
        self._clock = clock
        self._ids = ids
        self._fresh: dict[str, Entry] = {}
        self._actions: dict[tuple[str, ...], set[str]] = {}  # of those the actions, by their story

    def accept(
        self,
        decisions: Iterable[Decision],
        gone: Sequence[Withdrawn],
        closed: Sequence[Closed],
        is_action: IsAction,
    ) -> Draft:
        """See ``Outbox.accept``."""
        now = self._clock().wall
        rows, told = list[Row](), list[Entry]()
        for decision in decisions:
            if decision.notice is not None:
                made = decided(decision, decision.notice, self._ids(), action=is_action(decision.line))
                entry = made if made.window else self._in_place_of(made, told)
                rows.append(row_of(entry))
                self._add(entry)
        ended = [part for entry in told for part in self._parts(entry)]
        ended += self._withdrawn(gone)
        return Draft(tuple(rows), tuple(outcome_of(each, now) for each in ended), tuple(told), tuple(closed))

    def settled(self, draft: Draft) -> list[Entry]:
        """The alerts of a draft that are still wanted, now that its batch is over."""
        found = (self._take(row.id) for row in draft.entries)
        return [entry for entry in found if entry is not None]

    def pending(self) -> list[Entry]:
        """What is being written down, in the order of the decisions."""
        return list(self._fresh.values())

    def _in_place_of(self, entry: Entry, told: list[Entry]) -> Entry:
        """The alert, after what it undoes or says as well was taken out; ``told`` gets how that ends."""
        others = [self._fresh[other] for other in self._actions.get(entry.story, ())]
        rivals = [rival for rival in others if entry.undoes(rival)]
        told += (undone(item.entry) for item in self._lanes.undo(entry))
        for rival in rivals:
            self._take(rival.id)
        told += map(undone, rivals)
        lane = self._lanes.before(entry)
        waiting = [item for item in lane if not item.running]
        stuck = bool(lane) and lane[0].entry.attempts > lane[0].running
        gone = pointless(entry, [item.entry for item in waiting], stuck=stuck)
        for item in waiting:
            if item.entry in gone:
                self._lanes.drop(item)
        told += (told_in(each, entry) for each in gone)
        return together(entry, gone) if gone else entry

    def _add(self, entry: Entry) -> None:
        self._fresh[entry.id] = entry
        if entry.action:
            self._actions.setdefault(entry.story, set()).add(entry.id)

    def _take(self, alert: str) -> Entry | None:
        entry = self._fresh.pop(alert, None)
        if entry is not None and entry.action:
            known = self._actions[entry.story]
            known.discard(alert)
            if not known:
                del self._actions[entry.story]
        return entry

    def _parts(self, entry: Entry) -> list[Entry]:
        parts = self._bundles.parts(entry)
        self._bundles.done(entry.id)
        return parts

    def _withdrawn(self, gone: Sequence[Withdrawn]) -> list[Entry]:
        ended = withdrawn(gone, [*self._bundles.waiting(), *self._fresh.values()]) if gone else []
        for entry in ended:
            if self._take(entry.id) is None:
                self._bundles.remove(entry.id)
        return ended
