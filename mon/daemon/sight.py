"""What the keeper sees of a pool, and how it shows it to people."""

from collections.abc import Mapping
from dataclasses import dataclass

from mon.control.operations import PoolView, ServerView
from mon.model.moment import Moment
from mon.model.pool import Member, ServerEntry, ServerId, Table
from mon.pool.decide import Facts
from mon.pool.pools import Pools
from mon.pool.reasons import words
from mon.pool.wish import Wanted


@dataclass(slots=True)
class Sight:
    """What the keeper knows about one pool: the table last seen, what is wrong, how often in a row."""

    table: Table = Table(None)
    trouble: str = ""
    outlook: str = ""
    failures: int = 0
    told: str = ""


def view(pools: Pools, name: str, sight: Sight, now: Moment) -> PoolView:
    """A pool as last seen, beside what it should be."""
    plan, wish, facts = pools.plan(name), pools.wanted(name, now), pools.facts(name, now)
    members = {member.id: member for member in plan.members}
    there = {server.id for server in sight.table.servers}
    absent = (ServerEntry(id_, 0, member.forward) for id_, member in members.items() if id_ not in there)
    wanted = {server.id: server.weight for server in wish.table.servers}
    return PoolView(
        name=name,
        virtual=str(plan.id),
        balancer=" ".join(plan.balancer),
        scheduler=plan.scheduler,
        trouble=sight.trouble or sight.outlook,
        servers=tuple(_server(one, members, wanted, wish, facts) for one in sight.table.servers),
        absent=tuple(_server(one, members, wanted, wish, facts) for one in absent),
    )


def _server(
    entry: ServerEntry,
    members: Mapping[ServerId, Member],
    wanted: Mapping[ServerId, int],
    wish: Wanted,
    facts: Facts,
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
        why=wish.why.get(entry.id, ""),
        votes=tuple(words(voter, ballot) for voter, ballot in facts.said.get(entry.id, ())),
        word=str(word) if word else "",
        since=turned.wall if turned else 0.0,
    )
