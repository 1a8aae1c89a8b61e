"""What the keeper sees of a pool, and how it shows it to people."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from mon.control.operations import PoolView, QuorumView, ServerView
from mon.model.moment import Moment
from mon.model.pool import Change, Member, Pool, ServerEntry, ServerId, Table
from mon.pool.advice import rounded, told
from mon.pool.facts import Facts
from mon.pool.memory import Word
from mon.pool.place import Place, original
from mon.pool.pools import Pools
from mon.pool.quorum import healthy
from mon.pool.reasons import words
from mon.pool.state import PoolState
from mon.pool.wish import Wanted
from mon.structs import Struct

ENDPOINT = re.compile(r"[0-9A-Fa-f.:%\[\]]+")
"""What may be a server, as ``mon.model.pool.endpoint`` writes it; a text is read once for all in it."""


class Sight(Struct):
    """What the keeper knows about one pool: the table last seen, what is wrong, how often in a row.

    ``place`` is where it was seen: of a pool that has moved since it says nothing.
    """

    table: Table = Table(None)
    trouble: str = ""
    outlook: str = ""
    failures: int = 0
    would: str = ""
    place: Place | None = None


class Step(Struct, frozen=True):
    """What would be done to one pool, and what would have to be said of it."""

    pool: str
    balancer: tuple[str, ...]
    changes: tuple[Change, ...]
    outlook: str


def view(pools: Pools, name: str, sight: Sight, now: Moment) -> PoolView:
    """A pool as last seen, beside what it should be; servers in the order of mon.cf, others after them."""
    plan, wish, facts = pools.plan(name), pools.wanted(name, now), pools.facts(name, now)
    soon = pools.foreseen(name, now).soon
    members = facts.index.members
    there = {server.id for server in sight.table.servers}
    absent = (ServerEntry(id_, 0, member.forward) for id_, member in members.items() if id_ not in there)
    places = {id_: place for place, id_ in enumerate(members)}
    present = sorted(sight.table.servers, key=lambda server: places.get(server.id, len(places)))
    wanted = {server.id: server.weight for server in wish.table.servers}
    return PoolView(
        name=name,
        virtual=str(plan.id),
        balancer=" ".join(plan.balancer),
        scheduler=plan.scheduler,
        trouble=sight.trouble,
        outlook=by_name(plan, sight.outlook),
        quorum=_quorum(pools, name, facts),
        servers=tuple(_server(one, members, wanted, wish, facts, soon) for one in present),
        absent=(
            *(_server(one, members, wanted, wish, facts, soon) for one in absent),
            *(
                _kept(id_, word)
                for id_, word in facts.words.items()
                if id_ not in members and id_ not in there
            ),
        ),
    )


def by_name(plan: Pool, text: str) -> str:
    """The text with servers as mon.cf names them."""
    if not text:
        return ""
    names = {str(member.id): member.name for member in plan.members}

    def named(found: re.Match[str]) -> str:
        word = found[0].rstrip(".:")
        return names.get(word, word) + found[0][len(word) :]

    return ENDPOINT.sub(named, text)


def kept_view(state: PoolState) -> PoolView:
    """A pool that mon.cf has no longer, on whose servers operators' words are kept."""
    plan, words = state.plan, state.words.items()
    return PoolView(
        name=original(plan.name),
        virtual=str(plan.id),
        balancer=" ".join(plan.balancer),
        scheduler=plan.scheduler,
        absent=tuple(_kept(id_, word) for id_, word in words),
    )


def _kept(id: ServerId, word: Word) -> ServerView:
    """A server that is not in mon.cf, on which there is a word."""
    until = f" until {clock(word.until)}" if word.until else ""
    why = f"not in mon.cf; kept until it is enabled: {word}{until}"
    return ServerView(word.name, str(id), 0, 0, "", why=why, word=str(word))


def _quorum(pools: Pools, name: str, facts: Facts) -> QuorumView | None:
    quorum, standing = facts.plan.quorum, pools.standing(name)
    if quorum is None:
        return None
    return QuorumView(
        quorum.count,
        quorum.hysteresis,
        healthy(facts),
        up=None if standing is None else standing.up,
        since=standing.since.wall if standing else 0.0,
    )


def _server(
    entry: ServerEntry,
    members: Mapping[ServerId, Member],
    wanted: Mapping[ServerId, int],
    wish: Wanted,
    facts: Facts,
    soon: Mapping[ServerId, str],
) -> ServerView:
    turned, word = facts.memory.turned.get(entry.id), facts.word(entry.id)
    return ServerView(
        name=members[entry.id].name if entry.id in members else "",
        address=str(entry.id),
        weight=entry.weight,
        wanted=wanted.get(entry.id, entry.weight),
        forward=entry.forward,
        active=entry.active,
        inactive=entry.inactive,
        why="; ".join(filter(None, (wish.why.get(entry.id, ""), soon.get(entry.id, "")))),
        votes=tuple(words(voter, ballot) for voter, ballot in facts.said.get(entry.id, ())),
        word=str(word) if word else "",
        since=turned.wall if turned else 0.0,
        suggested=_suggested(facts, entry.id),
    )


def explained(pools: Pools, name: str, server: str, sight: Sight, now: Moment) -> Iterator[str]:
    """How a server of a pool stands now, and what it rests on; nothing if it is no member."""
    plan, wish, facts = pools.plan(name), pools.wanted(name, now), pools.facts(name, now)
    there = {one.id: one.weight for one in sight.table.servers}
    soon = pools.foreseen(name, now).soon
    wanted = {one.id: one.weight for one in wish.table.servers}
    for id_, word in facts.words.items():
        if id_ not in facts.index.members and server in (word.name, id_.address, str(id_)):
            yield f"{name}: {word.name} {id_}: {_kept(id_, word).why}"
    for member in plan.members:
        if server not in (member.name, member.id.address, str(member.id)):
            continue
        turned = facts.memory.turned.get(member.id)
        since = f" since {clock(turned)}" if turned else ""
        yield (
            f"{name}: {member.name} {member.id}: weight {_shown(there.get(member.id))}, wanted "
            f"{_shown(wanted.get(member.id))} of {member.weight}{since}"
        )
        yield f"  {wish.waiting or wish.why.get(member.id, '')}"
        if follows := soon.get(member.id):
            yield f"  it {follows}"
        yield from (f"  {line}" for line in evidence(facts, wish, member.id))


def evidence(facts: Facts, wish: Wanted, id: ServerId) -> Iterator[str]:
    """All that gives a server its weight: votes with their thresholds, floor, words, clocks."""
    for voter, ballot in facts.said.get(id, ()):
        at = f", last at {clock(ballot.at)}" if ballot.at else ""
        since = f" since {clock(ballot.since)}" if ballot.since else ""
        yield f"vote of {words(voter, ballot)}{since}{at}; fall {voter.fall}, rise {voter.rise}"
    yield from _circumstances(facts, wish, id)


def _circumstances(facts: Facts, wish: Wanted, id_: ServerId) -> Iterator[str]:
    """What else weighs: floor, words, clocks."""
    plan, memory = facts.plan, facts.memory
    yield f"floor: {facts.index.floor or 'none'}; {wish.inside} of {len(facts.index.base)} are in"
    if word := facts.word(id_):
        until = f" until {clock(word.until)}" if word.until else ""
        yield f"operator: {word}, at {clock(word.at)}{until}"
    if line := _suggested(facts, id_):
        yield f"suggested weight: {line}"
    if since := memory.ramps.get(id_):
        yield f"slow start since {clock(since)}, {plan.slowstart:g} s long"
    if drain := memory.drains.get(id_):
        yield f"finishing its connections since {clock(drain.since)}, until {clock(drain.until)} at most"
    if exits := facts.exits.get(id_, 0):
        yield f"voted out {exits} times lately"


def _suggested(facts: Facts, id_: ServerId) -> str:
    """What the monitors would have its weight be, and what becomes of it; "" if they say nothing."""
    member = facts.index.members.get(id_)
    course = facts.course(member) if member else None
    if member is None or member.bounds is None or course is None:
        return told(member, facts.said[id_], None, facts.now) if member else ""
    low, high = (rounded(end.of(member.weight)) for end in (member.bounds.low, member.bounds.high))
    now, ends = rounded(course.level(facts.now)), f"within {low} to {high}"
    way = told(member, facts.said[id_], course, facts.now)
    after = ", but an operator's word goes before it" if facts.word(id_) else ""
    return f"{rounded(course.target)}, {ends}, now {now}" + (f", {way}" if way else "") + after


def clock(moment: Moment) -> str:
    """Date and time of day."""
    return f"{datetime.fromtimestamp(moment.wall).astimezone():%Y-%m-%d %H:%M:%S}"


def _shown(weight: int | None) -> str:
    return "none (not in the table)" if weight is None else str(weight)
