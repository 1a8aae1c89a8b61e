"""How many servers of a pool may be taken out by hand, one after another: law 2 for edits of the table."""

from mon.model.pool import ServerId
from mon.pool.facts import Facts
from mon.pool.selection import away, hard, selected


class Bearing:
    """Counts what is left of a pool while servers are taken out of it; each costs the same.

    The floor may hold another server in instead, so the least that would be in is counted.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._firm: set[ServerId] | None = None  # in for a reason of their own, not by the floor
        self._holdable: set[ServerId] = set()
        self._away = 0

    def take(self, id: ServerId) -> bool:
        """May the pool lose this server too?  If so it counts as lost."""
        firm = self._counted() if self._firm is None else self._firm
        in_firm, holdable = len(firm) - (id in firm), len(self._holdable) - (id in self._holdable)
        if self._least(in_firm, holdable) < self._facts.index.needed:
            return False
        firm.discard(id)
        self._holdable.discard(id)
        return True

    def _counted(self) -> set[ServerId]:
        facts, chosen, gone = self._facts, selected(self._facts), away(self._facts.memory)
        self._holdable = {member.id for member in facts.index.base if not facts.ordered_out(member.id)}
        self._away = len(gone)
        self._firm = {*chosen.healthy, *chosen.exits.spared} - gone
        return self._firm

    def _least(self, firm: int, holdable: int) -> int:
        """How many would be in at least."""
        plan, floor = self._facts.plan, self._facts.index.floor
        if not firm and plan.fallback is not None and not hard(plan, floor):
            return 0
        return max(firm, min(floor, holdable) - self._away if self._facts.ready else 0)
