"""The decision: votes, operators' words, floor, fallback and clocks to the table that should be.

``decide`` is a pure function of ``Facts``.  It gives the wish and the memory that belongs to it; deciding
again with that memory at the same moment gives the same wish.
"""

from collections.abc import Collection, Iterator, Mapping

from mon.model.moment import Moment
from mon.model.pool import Member, ServerEntry, ServerId, Table
from mon.pool.advice import told
from mon.pool.exits import banned, remembered
from mon.pool.exits import deadlines as exits_end
from mon.pool.facts import Facts
from mon.pool.memory import Drain, Memory, climbing, deadlines, soonest
from mon.pool.reasons import votes
from mon.pool.selection import Selection, selected
from mon.pool.wish import Wanted, service_entry
from mon.structs import Struct, field, replace


class _Rows(Struct):
    """The table as it is being written, and who of its servers has what place."""

    healthy: frozenset[ServerId]
    held: frozenset[ServerId]
    roused: frozenset[ServerId]
    entries: list[ServerEntry] = field(default_factory=list)
    why: dict[ServerId, str] = field(default_factory=dict)
    due: list[float] = field(default_factory=list)


def decide(facts: Facts) -> tuple[Wanted, Memory]:
    """The pool that should be, and what to remember of it.

    Before the first round is over, an empty pool waits with floor and fallback; who is voted in joins.
    """
    chosen = selected(facts)
    if not chosen.healthy and not facts.ready:
        return Wanted(Table(None), waiting="the first round of checks is not over"), facts.memory
    memory = _remembered(facts, chosen)
    steps = (course.next(facts.now) for course in memory.courses.values())
    clocks = (
        *deadlines(memory, facts.words, facts.now),
        *exits_end(facts.plan, memory),
        *(moment for moment in steps if moment is not None),
    )
    rows = _Rows(frozenset(chosen.healthy), frozenset(chosen.held), frozenset(chosen.roused))
    rows.due += (moment for moment in clocks if moment > facts.now.mono)
    for member in facts.plan.members:
        _write(rows, facts, memory, chosen, member)
    for id_, drain in memory.drains.items():
        if id_ not in facts.said:
            rows.entries.append(drain.entry)
            rows.why[id_] = "out: gone from the configuration, finishing its connections"
    if chosen.spare is not None:
        rows.entries.append(_entry(chosen.spare, max(1, chosen.spare.weight)))
        rows.why[chosen.spare.id] = "in: the fallback, no server is healthy"
    table = Table(service_entry(facts.plan), tuple(rows.entries))
    return Wanted(
        table,
        rows.why,
        held=chosen.held,
        spared=chosen.exits.spared,
        fallback=chosen.spare is not None,
        due=soonest(rows.due),
        inside=len(chosen.inside),
        alarms=tuple(_alarms(facts, memory, chosen)),
    ), memory


def _alarms(facts: Facts, memory: Memory, chosen: Selection) -> Iterator[str]:
    for id_ in sorted(banned(memory, facts.now)):
        if id_ not in chosen.inside:
            yield f"{id_} is held out: it left too often (flap)"
    for id_ in chosen.roused:
        yield f"{id_} stays in against a suggested weight of 0: {facts.index.need}"


def _remembered(facts: Facts, chosen: Selection) -> Memory:
    """The memory after this decision: climbs and drains begin and end."""
    members = facts.index.members
    drained = frozenset(id_ for id_ in facts.memory.drained if id_ in members and facts.ordered_out(id_))
    drains = dict(_drains(facts, members, drained))
    done = {id_ for id_, drain in drains.items() if facts.now.mono >= drain.until.mono}
    left = (facts.memory.inside or frozenset()) - chosen.inside
    voted_out = frozenset(id_ for id_ in left & members.keys() - chosen.resting if not facts.ordered_out(id_))
    courses = {id_: facts.course(member) for id_, member in members.items() if member.bounds is not None}
    return replace(
        remembered(facts.plan, facts.memory, voted_out, facts.now) if facts.ready else facts.memory,
        inside=chosen.inside if facts.ready else facts.memory.inside,
        found=chosen.inside,
        ramps=_ramps(facts, chosen),
        drains={id_: drain for id_, drain in drains.items() if id_ not in done},
        drained=drained | (done & members.keys()),
        turned=_turned(facts, chosen),
        courses={id_: course for id_, course in courses.items() if course is not None},
    )


def _turned(facts: Facts, chosen: Selection) -> Mapping[ServerId, Moment]:
    """When each member was let in or put out."""
    before = facts.memory.found if facts.memory.inside is None else facts.memory.inside
    if before is None:
        return dict.fromkeys(facts.said, facts.now)
    turned = set(before ^ chosen.inside)
    return {
        id_: facts.now if id_ in turned else facts.memory.turned.get(id_, facts.now) for id_ in facts.said
    }


def _drains(
    facts: Facts, members: Mapping[ServerId, Member], drained: frozenset[ServerId]
) -> Iterator[tuple[ServerId, Drain]]:
    for id_, drain in facts.memory.drains.items():
        # What finished by its connections is in ``drained``; what is no member ends by its time.
        if id_ not in drained and id_ not in facts.memory.drained and (
            id_ not in members or facts.ordered_out(id_)
        ):  # fmt: skip
            yield id_, drain
    for id_, member in members.items():
        word = facts.ordered_out(id_)
        if word and word.drain and id_ not in facts.memory.drains and id_ not in drained:
            entry = _entry(member, 0)
            yield id_, Drain(facts.now, facts.now.later(word.drain), entry)


def _ramps(facts: Facts, chosen: Selection) -> Mapping[ServerId, Moment]:
    """Who is climbing since when.  Nobody, if everybody would: the pool needs all it has."""
    seconds, before = facts.plan.slowstart, facts.memory.inside
    if not seconds:
        return {}
    ramps = {id_: since for id_, since in facts.memory.ramps.items() if id_ in chosen.inside}
    ramps = {id_: since for id_, since in ramps.items() if facts.now.mono < since.mono + seconds}
    if facts.ready and before is not None:
        ramps |= {id_: facts.now for id_ in chosen.healthy if id_ not in before}
    return ramps if chosen.inside - ramps.keys() else {}


def _write(rows: _Rows, facts: Facts, memory: Memory, chosen: Selection, member: Member) -> None:
    """The row of one member: with its weight, quiesced, or not there at all."""
    rows.why[member.id] = _why(facts, memory, chosen, rows, member)
    if member.id in chosen.inside:
        weight = max(1, facts.whole(member))
        if member.id in memory.ramps:
            weight, due = climbing(weight, memory.ramps[member.id], facts.plan.slowstart, facts.now)
            rows.due.append(due)
        rows.entries.append(_entry(member, weight))
    elif not _absent(facts, memory, member):
        rows.entries.append(_entry(member, 0))


def _absent(facts: Facts, memory: Memory, member: Member) -> bool:
    """Is a member that is out removed?  Weight 0 keeps sending persistent clients to a dead server."""
    if facts.ordered_out(member.id):
        return member.id in memory.drained
    against = [voter for voter, ballot in facts.said[member.id] if not ballot.good]
    return bool(against) and (facts.plan.persistent is not None or any(voter.remove for voter in against))


def _entry(member: Member, weight: int) -> ServerEntry:
    return ServerEntry(member.id, weight, member.forward, member.lower, member.upper)


def _why(facts: Facts, memory: Memory, chosen: Selection, rows: _Rows, member: Member) -> str:
    """Why the member has the weight it has, in words."""
    said, word = facts.said[member.id], facts.word(member.id)
    if member.weight == 0:
        return "out: its weight is 0 in the configuration"
    if word is not None and word.weight == 0:
        return f"out: {word}" + _draining(facts, memory, member.id)
    by = f", {word}" if word is not None else ""
    if member.id in chosen.resting:
        return f"out by a suggested weight: {votes(said)}"
    if member.id in rows.roused:
        return f"in against a suggested weight, {facts.index.need}: {votes(said)}"
    if member.id in rows.healthy:
        climbs = ", slow start" if member.id in memory.ramps else ""
        way = "" if word is not None else told(member, said, facts.course(member), facts.now)
        follows = f", {way}" if way else ""
        return f"in: {votes(said) or 'no service votes on it'}{by}{follows}{climbs}"
    against = votes(said, against=True)
    if member.id in chosen.exits.spared:
        return f"in, {chosen.exits.spared[member.id]}: {against}{by}"
    if member.id in chosen.exits.banned and member.id not in rows.held:
        left = facts.memory.banned[member.id].mono - facts.now.mono
        return f"out: it left too often, held out for {left:.0f} s more"
    return f"in, held by the floor: {against}{by}" if member.id in rows.held else f"out: {against}{by}"


def _draining(facts: Facts, memory: Memory, id: ServerId) -> str:
    if id in memory.drained:
        return ", removed"
    drain = memory.drains.get(id)
    if drain is None:
        return ""
    return f", finishing its connections for {max(0.0, drain.until.mono - facts.now.mono):.0f} s more at most"


def forgotten(memory: Memory, ids: Collection[ServerId]) -> Memory:
    """The memory without what operators' words on these servers brought into it."""
    drains = {each: drain for each, drain in memory.drains.items() if each not in ids}
    pinned = {each: entry for each, entry in memory.pinned.items() if each not in ids}
    bans = {each: until for each, until in memory.banned.items() if each not in ids}
    return replace(memory, drains=drains, drained=memory.drained.difference(ids), pinned=pinned, banned=bans)
