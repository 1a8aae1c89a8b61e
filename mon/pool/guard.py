"""A reload that would leave a pool below its floor, or to nobody (law 2).

It is the rule of an operator's command (``selection.bearable``) for another configuration instead of a word,
measured against what served before.  Each virtual service of a balancer is measured for itself, whatever the
pool is called: one that the new configuration has no longer, or has elsewhere, is left to nobody there.
"""

from collections.abc import Iterable

from mon.model.moment import Moment
from mon.model.pool import Pool, ServerId
from mon.pool.place import place_of
from mon.pool.pools import Pools
from mon.pool.selection import away, bearable, selected
from mon.pool.state import PoolState
from mon.structs import Struct


class Loss(Struct, frozen=True):
    """What a pool would lose: ``before`` serve now, ``after`` of ``base`` would; ``floor``: the least.

    ``gone``: the new configuration has this virtual service no longer.  ``fallback``: only it serves now.
    ``fresh`` are new servers that no check has let in yet.
    """

    pool: str
    virtual: str
    before: int
    after: int
    base: int
    floor: int
    gone: bool = False
    fallback: bool = False
    fresh: int = 0

    def __str__(self) -> str:
        if self.gone:
            return f"pool {self.pool}: {self.virtual} would be gone, where {self._serves} now"
        rule = f"its floor is {self.floor}" if self.floor else "somebody must serve"
        fresh = f", {self.fresh} not checked yet" if self.fresh else ""
        would = f"would leave {self.after} of {self.base} servers in{fresh}"
        return f"pool {self.pool}: this {would}, where {self._serves} now: {rule}"

    @property
    def _serves(self) -> str:
        if self.fallback:
            return "the fallback serves"
        return "1 server serves" if self.before == 1 else f"{self.before} servers serve"


def losses(pools: Pools, plans: Iterable[Pool], now: Moment) -> tuple[Loss, ...]:
    """What a reload to these plans would take from pools that need it; () if all can bear it.

    Nothing is changed.  A pool that stays as it is costs a comparison.
    """
    wanted = {place_of(plan): plan for plan in plans}
    changed = [
        state for state in pools.states() if not state.leaving and wanted.get(state.place) != state.plan
    ]
    if not changed:
        return ()
    trial = pools.supposing()
    trial.reload(wanted.values(), now)
    after = {state.place: state for state in trial.states() if not state.leaving}
    for old in changed:
        new = after.get(old.place)
        if new is not None and not new.adopted and old.adopted:
            table = old.memory.left or old.current(now).table
            trial.adopt(new.plan.name, table, None, now, max_age=lambda voter: 0.0)
    found = (_loss(old, after.get(old.place), now) for old in changed)
    return tuple(loss for loss in found if loss is not None)


def _loss(old: PoolState, new: PoolState | None, now: Moment) -> Loss | None:
    """What one virtual service loses, None if it can bear it."""
    before, spare = _serving(old, now)
    after, spared = _serving(new, now) if new is not None else (before - old.owned.servers, False)
    index = old.index if new is None else new.index
    floor = max(old.index.floor, index.floor)
    # A server that no check has let in is none to rely on, though the floor holds it.
    sure_before, sure_after = _let_in(old, now), _let_in(new, now) if new is not None else frozenset()
    if new is not None and not bearable(len(sure_before), len(sure_after), floor):
        before, after = sure_before, sure_after
    elif bearable(len(before), len(after), floor) and (after or spared or not spare):
        return None
    return Loss(
        pool=old.plan.name,
        virtual=str(old.plan.id),
        before=len(before),
        after=len(after),
        base=len(index.base),
        floor=floor,
        gone=new is None,
        fallback=spare,
        fresh=len({member.id for member in index.base} - old.index.members.keys()),
    )


def _let_in(state: PoolState, now: Moment) -> frozenset[ServerId]:
    """Which members are in by their checks, not held by the floor alone."""
    if not state.adopted:
        return frozenset(member.id for member in state.index.base)
    chosen = selected(state.facts(now))
    return chosen.inside - frozenset(chosen.held)


def _serving(state: PoolState, now: Moment) -> tuple[frozenset[ServerId], bool]:
    """Which members of a pool serve, and whether its fallback does instead.

    Of one whose balancer was not read yet nobody knows: those count that its configuration would have in.
    """
    if not state.adopted:
        return frozenset(member.id for member in state.index.base), False
    facts = state.facts(now)
    chosen = selected(facts)
    return chosen.inside - away(facts.memory), chosen.spare is not None
