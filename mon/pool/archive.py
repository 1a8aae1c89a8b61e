"""What was saved of pools: as it is read back at a start, and as it is written."""

from itertools import starmap

from mon.model.pool import Pool
from mon.pool.past import past_of
from mon.pool.place import Place, place_of
from mon.pool.record import SavedPool, saved_word, to_save
from mon.pool.state import PoolState
from mon.structs import replace


class Archive:
    """What a start found saved, until the pool's balancer has been read."""

    def __init__(self) -> None:
        self._places: dict[Place, SavedPool] = {}
        self._names: dict[str, SavedPool] = {}

    def put(self, saved: SavedPool) -> None:
        """Keep it; operators' words are in force already."""
        kept = replace(saved, words=())
        self._places[saved.balancer, saved.id] = self._names[saved.name] = kept

    def take(self, plan: Pool) -> SavedPool | None:
        """What was saved of a pool: of its place, with the votes of its name where it was moved."""
        here, named = self._places.pop(place_of(plan), None), self._names.pop(plan.name, None)
        if here is None or named is None or here is named:
            return here or named
        return replace(here, ballots=(*named.ballots, *here.ballots))

    def row(self, state: PoolState) -> SavedPool | None:
        """One pool as it is saved; of one that was not read yet what was saved before, and the words."""
        if state.adopted or state.leaving:
            past = past_of(state.plan, state.memory, state.told, state.latest)
            return to_save(state.plan, state.owned, state.ballots, state.words, state.memory, past)
        row, plan = self._places.get(state.place), state.plan
        if row is None and not state.words:
            return None
        row = row or SavedPool(plan.name, plan.id, plan.balancer, plan.partial)
        return replace(row, name=plan.name, words=tuple(starmap(saved_word, state.words.items())))

    def copied(self) -> "Archive":
        """The same once more."""
        same = Archive()
        same._places, same._names = dict(self._places), dict(self._names)
        return same
