"""Who is in: by votes, operators' words, guards and floor; and whether a pool can do with fewer (law 2)."""

from collections.abc import Collection, Mapping, Sequence

from mon.model.pool import Member, Pool, ServerId
from mon.pool.advice import leaving
from mon.pool.exits import Exits, banned, spared
from mon.pool.facts import Facts
from mon.pool.floor import kept
from mon.pool.memory import Memory
from mon.pool.reasons import admitted, candidate
from mon.structs import Struct


class Selection(Struct, frozen=True):
    """Who is in: ``healthy`` by their votes, ``held`` by the floor, both together with the spared ``inside``;
    else the ``spare`` serves.

    ``exits``: who may not leave or come back yet.  ``resting`` are out by a suggested weight of 0, ``roused``
    are among the healthy although it is suggested, for the pool needs them (law 2).
    """

    healthy: tuple[ServerId, ...] = ()
    held: tuple[ServerId, ...] = ()
    spare: Member | None = None
    exits: Exits = Exits()
    resting: frozenset[ServerId] = frozenset()
    roused: tuple[ServerId, ...] = ()
    inside: frozenset[ServerId] = frozenset()


def selected(facts: Facts) -> Selection:
    """Who is in, by votes, operators' words and floor."""
    plan, floor = facts.plan, facts.index.floor
    allowed = [member for member in facts.index.base if not facts.ordered_out(member.id)]
    voted = tuple(m.id for m in allowed if admitted(facts.said[m.id], first_round_over=facts.ready))
    held_out = banned(facts.memory, facts.now)
    if held_out.issuperset(voted):  # nobody is held out when nobody else is healthy
        held_out = frozenset()
    exits = Exits(_spared(facts, allowed, frozenset(voted)), held_out)
    fit = tuple(id_ for id_ in voted if id_ not in held_out)
    leave = _away(facts, fit)
    # A suggestion never takes the pool below its floor, or its last server.
    resting = frozenset(leave[: max(0, len(fit) + len(exits.spared) - facts.index.needed)])
    roused = tuple(id_ for id_ in leave if id_ not in resting)
    healthy = tuple(id_ for id_ in fit if id_ not in resting)
    if not (healthy or exits.spared) and plan.fallback is not None and not hard(plan, floor):
        return Selection(spare=plan.fallback, exits=exits)
    held = _held(facts, allowed, voted, {*healthy, *exits.spared}) if facts.ready else ()
    inside = frozenset((*healthy, *exits.spared, *held))
    return Selection(healthy, held, None, exits if facts.ready else Exits(), resting, roused, inside)


def _held(
    facts: Facts, allowed: Sequence[Member], voted: Collection[ServerId], inside: Collection[ServerId]
) -> tuple[ServerId, ...]:
    """Whom the floor holds in.  An operator's word takes a server out of these, not out of its count."""
    places = min(facts.index.floor, len(allowed)) - len(inside)
    if places <= 0:
        return ()
    fit, out = frozenset(voted), [member for member in allowed if member.id not in inside]
    # One that is only held out for flapping answers: no evidence is better.
    fine = [member.id for member in out if member.id in fit][:places]
    ill = [candidate(member, facts.said[member.id]) for member in out if member.id not in fit]
    return (*fine, *kept(ill, places - len(fine)))


def _away(facts: Facts, fit: Sequence[ServerId]) -> list[ServerId]:
    """Who of them is to be out by a suggested weight, who came there first in front."""
    members = facts.index.members
    courses = {id_: facts.course(members[id_]) for id_ in fit if facts.word(id_) is None}
    return leaving({id_: course for id_, course in courses.items() if course}, fit, facts.now)


def _spared(facts: Facts, allowed: Sequence[Member], voted: Collection[ServerId]) -> Mapping[ServerId, str]:
    """Who was in, is voted out, and may not leave yet."""
    before = facts.memory.inside or frozenset()
    leave = [member for member in allowed if member.id in before and member.id not in voted]
    return spared(facts.plan, facts.memory, leave, facts.said, facts.now) if facts.ready else {}


def hard(plan: Pool, floor: int) -> bool:
    """Does the floor go before the fallback (and hold anyone at all)?"""
    return plan.floor is not None and plan.floor.hard and floor > 0


def too_few(before: Facts, after: Facts) -> str:
    """Would fewer be in, and less than the floor or nobody?  In words; "" if the pool can bear it."""
    index, would_be = after.index, serving(after)
    if bearable(serving(before), would_be, index.floor):
        return ""
    what = f"its floor is {index.floor}" if index.floor else "somebody must serve"
    return f"{would_be} of {len(index.base)} servers of pool {after.plan.name} in, and {what}"


def bearable(was: int, would_be: int, floor: int) -> bool:
    """Law 2: as many as before, or at least the floor, or where there is none at least one."""
    return would_be >= was or would_be >= max(1, floor)


def serving(facts: Facts) -> int:
    """How many are in, less those that are left to somebody else who has them out."""
    return len(selected(facts).inside - away(facts.memory))


def away(memory: Memory) -> frozenset[ServerId]:
    """Servers that are left to somebody else, and out by that hand."""
    return frozenset(id_ for id_, entry in memory.pinned.items() if entry is None or not entry.weight)
