"""After a reload: what a pool takes over from the one before it (law 8).

A pool is the same as before where its balancer and its virtual service are the same, whatever it is called.
One that moved to another place takes the votes and the operators' words of its name along, for they are about
servers; what was known of the balancer's table stays with the old place.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from mon.model.moment import Moment
from mon.model.pool import Pool, ServerId, Voter
from mon.pool.ballot import Ballot
from mon.pool.decide import forgotten
from mon.pool.facts import Facts
from mon.pool.memory import Memory
from mon.pool.place import Place, original, place_of
from mon.pool.reasons import admitted
from mon.pool.record import Pair
from mon.pool.state import PoolState, drained, entries, made
from mon.pool.told import carried as carried_told
from mon.pool.wish import service_entry
from mon.pool.words import carried
from mon.structs import replace


class PoolsBefore:
    """The pools before a reload, by place and by name; ``leaving`` ones, and words that were kept, too.

    ``places`` are those of the pools after it.
    """

    def __init__(self, states: Iterable[PoolState], places: Collection[Place]) -> None:
        self._after = places
        self._places: dict[Place, PoolState] = {}
        self._names: dict[str, PoolState] = {}
        for state in states:
            self._places[state.place] = state
            self._names.setdefault(original(state.plan.name), state)
            if not state.leaving:
                self._names[state.plan.name] = state

    def state_of(self, plan: Pool, now: Moment) -> PoolState:
        """The state of a plan: the one of before itself if it is the same, else with what it takes over."""
        here, named = self._places.get(place_of(plan)), self._names.get(plan.name)
        if here is not None and not here.leaving and here.plan == plan:
            here.plan = plan  # its lines may have moved in mon.cf
            return here
        named = None if named is here else named
        state = state_of(plan, [source for source in (here, named) if source is not None], here, now)
        if named is not None:
            words = carried(plan, named.words, named.index.members)
            if named.place in self._after:  # the rest of them stays there
                words = {id_: word for id_, word in words.items() if id_ in state.index.members}
            state.words = words | state.words
        return state


def state_of(plan: Pool, sources: Sequence[PoolState], here: PoolState | None, now: Moment) -> PoolState:
    """The state of a plan with the votes of ``sources``; the one ``here``, at its place, leaves it all."""
    voters = _named(plan.voters)
    inside = here.facts(now) if here is not None and here.adopted else None
    state = made(plan, voters, _ballots(plan, voters, sources, {} if inside is None else _healthy(inside)))
    state.ready = any(source.ready for source in sources)
    if here is not None:
        state.told, state.decided, state.deadline = here.told, here.decided, here.deadline
        state.words = carried(plan, here.words, here.index.members)
        state.memory = Memory(drains=here.memory.drains)
    if here is not None and inside is not None:
        state.adopted = state.index.members.keys() <= here.index.members.keys()
        state.memory = _parting(plan, here, now)
        state.told = carried_told(here.told, plan, inside, now)
    return state


def _ballots(
    plan: Pool, voters: Mapping[str, Voter], sources: Sequence[PoolState], known: Mapping[ServerId, bool]
) -> dict[Pair, Ballot]:
    """Who sat there before keeps the ballot (law 8), who is new gets a blank one.

    A voter that is new to a known server finds it as the others left it.
    """
    ballots: dict[Pair, Ballot] = {}
    for member in plan.members:
        blank = Ballot(presumed=known.get(member.id))
        for name, voter in voters.items():
            if voter.only in ("", member.name, member.id.address, str(member.id)):
                pair = (member.id, name)
                before = (source.ballots[pair] for source in sources if pair in source.ballots)
                ballots[pair] = next(before, blank)
    return ballots


def _healthy(facts: Facts) -> dict[ServerId, bool]:
    """Who is in by the votes alone."""
    return {
        member.id: member.weight > 0 and admitted(facts.said[member.id], first_round_over=facts.ready)
        for member in facts.plan.members
    }


def _parting(plan: Pool, old: PoolState, now: Moment) -> Memory:
    """The memory of the pool of before; who is no longer configured may finish its connections."""
    stay, memory = {member.id for member in entries(plan)}, old.memory
    done = stay | memory.drained
    gone = {one.id: one for one in old.current(now).table.servers if one.id not in done}
    memory = replace(memory, drains={**drained(plan, gone, now), **memory.drains})
    if service_entry(plan) != service_entry(old.plan):  # mon.cf was written anew: that is meant
        memory = replace(memory, service=None, hands_off="")
    # Who was leaving, and comes back, unless an operator sent it away.
    return forgotten(memory, (stay & old.memory.drains.keys()) - old.words.keys())


def _named(voters: Iterable[Voter]) -> dict[str, Voter]:
    """Voters by the name their votes are kept under; a service that votes by two lines has two."""
    named: dict[str, Voter] = {}
    counts: Counter[str] = Counter()
    for voter in voters:
        base = f"{voter.watch}/{voter.service}" + (f" on {voter.only}" if voter.only else "")
        counts[base] += 1
        named[base if counts[base] == 1 else f"{base} #{counts[base]}"] = voter
    return named
