"""Votes, weights, floor and fallback to the table that should be, with the reason for each server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mon.model.pool import Change, Member, Pool, ServerEntry, ServerId, ServiceEntry, Table, Voter
from mon.model.result import Cause
from mon.pool.ballot import Ballot, Vote
from mon.pool.changes import NOTHING, Owned, changes, foreign, verify
from mon.pool.floor import EVIDENCE, Candidate, kept, least

Said = Sequence[tuple[Voter, Ballot]]
"""What the voters of one member say about it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pool that should be.

    ``why`` gives the reason for each server in words.  ``held`` are in against their votes, by the floor
    (law 1: an alert must say so).  ``fallback``: only the fallback server serves.  ``empty``: nothing serves.
    ``waiting`` says why nothing may be done yet; "" is: apply.  ``owned`` and ``partial`` bound what may be
    edited on the way there (see ``changes``); while waiting nothing is owned, so nothing changes.
    """

    table: Table
    why: Mapping[ServerId, str] = field(default_factory=dict)
    held: tuple[ServerId, ...] = ()
    fallback: bool = False
    waiting: str = ""
    owned: Owned = NOTHING
    partial: bool = False

    def changes(self, actual: Table) -> tuple[Change, ...]:
        """The edits that make ``actual`` this pool."""
        return changes(self.table, actual, owned=self.owned, partial=self.partial, why=self.why)

    def differences(self, actual: Table) -> tuple[str, ...]:
        """What is not so in a table read back; () is as it should be."""
        return verify(self.table, actual, owned=self.owned, partial=self.partial)

    def foreign(self, actual: Table) -> tuple[ServerEntry, ...]:
        """The servers in ``actual`` that others installed."""
        return foreign(self.table, actual, owned=self.owned)

    @property
    def empty(self) -> bool:
        """Does nothing serve, not even the fallback?"""
        return not any(server.weight for server in self.table.servers)

    @property
    def outlook(self) -> str:
        """What people must be told about the pool as a whole; "" when the votes alone decide."""
        if self.waiting:
            return self.waiting
        if self.held:
            return f"the floor keeps {', '.join(map(str, self.held))} in against the votes"
        if self.fallback:
            return "no server is healthy: only the fallback serves"
        return "no server is healthy, and there is no fallback: nothing serves" if self.empty else ""


def service_entry(pool: Pool) -> ServiceEntry:
    """The virtual service as a balancer has it: a netmask only where it means something."""
    full = 128 if pool.id.family6 or ":" in pool.id.address else 32
    netmask = None if pool.persistent is None or pool.netmask == full else pool.netmask
    return ServiceEntry(pool.id, pool.scheduler, pool.persistent, netmask)


def wanted(pool: Pool, said: Callable[[Member], Said], *, first_round_over: bool) -> Wanted:
    """The table that the votes, the weights, the floor and the fallback make.

    Before the first round is over, an empty pool waits with floor and fallback; who is voted in joins.
    """
    opinions = {member.id: said(member) for member in pool.members}
    enabled = tuple(member for member in pool.members if member.weight > 0)
    healthy = {m.id for m in enabled if admitted(opinions[m.id], first_round_over=first_round_over)}
    if not healthy and not first_round_over:
        return Wanted(Table(None), waiting="the first round of checks is not over")
    spare = pool.fallback if not healthy and _spare_serves(pool) else None
    held: tuple[ServerId, ...] = ()
    if first_round_over and spare is None:
        voted_out = [
            _candidate(member, opinions[member.id]) for member in enabled if member.id not in healthy
        ]
        held = kept(voted_out, least(pool.floor, len(enabled)) - len(healthy))
    entries: dict[ServerId, ServerEntry] = {}
    for member in pool.members:
        if (entry := _entry(member, opinions[member.id], healthy, held)) is not None:
            entries[member.id] = entry
    why = {m.id: _why(m, opinions[m.id], healthy=m.id in healthy, held=m.id in held) for m in pool.members}
    if spare is not None:
        entries[spare.id] = _server(spare, max(1, spare.weight))
        why[spare.id] = "in: the fallback, no server is healthy"
    return Wanted(Table(service_entry(pool), tuple(entries.values())), why, held, spare is not None)


def admitted(said: Said, *, first_round_over: bool) -> bool:
    """Do the votes let a server be in (law 1)?

    Of a virtual service that the balancer did not have (a reboot), a voter that cannot say anything holds
    nobody back once the first round is over: our own trouble never empties a pool (DESIGN §1).  Somebody
    must have said ok then.
    """
    if all(ballot.good for _, ballot in said):
        return True
    spoken = any(ballot.vote is Vote.OK for _, ballot in said)
    return first_round_over and spoken and all(ballot.good or ballot.silent for _, ballot in said)


def _spare_serves(pool: Pool) -> bool:
    """With no server healthy: the fallback, unless the floor is hard (and holds anyone at all)."""
    enabled = sum(member.weight > 0 for member in pool.members)
    hard = pool.floor is not None and pool.floor.hard and least(pool.floor, enabled) > 0
    return pool.fallback is not None and not hard


def _entry(
    member: Member, said: Said, healthy: set[ServerId], held: tuple[ServerId, ...]
) -> ServerEntry | None:
    """The member in the table: with its weight, quiesced, or not there at all."""
    if member.id in healthy or member.id in held:
        return _server(member, member.weight)
    against = [(voter, ballot) for voter, ballot in said if not ballot.good]
    if any(voter.remove for voter, _ in against):
        return None
    return _server(member, 0)


def _server(member: Member, weight: int) -> ServerEntry:
    return ServerEntry(member.id, weight, member.forward, member.lower, member.upper)


def _candidate(member: Member, said: Said) -> Candidate:
    """The member as the floor judges it: by its worst cause, and by when it first failed."""
    down = [ballot for _, ballot in said if ballot.vote is Vote.DOWN]
    failed = [ballot.since.mono for ballot in down if ballot.since is not None]
    worst = max((ballot.cause for ballot in down), key=EVIDENCE.index, default=Cause.NONE)
    return Candidate(member.id, worst, min(failed, default=None))


def _why(member: Member, said: Said, *, healthy: bool, held: bool) -> str:
    """Why the member has the weight it has, in words."""
    if member.weight == 0:
        return "out: its weight is 0 in the configuration"
    if healthy:
        return "in: " + (
            ", ".join(_words(voter, ballot) for voter, ballot in said) or "no service votes on it"
        )
    against = ", ".join(_words(voter, ballot) for voter, ballot in said if not ballot.good)
    return f"in, held by the floor: {against}" if held else f"out: {against}"


def _words(voter: Voter, ballot: Ballot) -> str:
    """``webfarm/http down (connection refused)``."""
    name = f"{voter.watch}/{voter.service}"
    if ballot.vote is Vote.UNSPOKEN:
        before = "new" if ballot.unplaced else "in" if ballot.presumed else "out"
        return f"{name} has not spoken (it was {before})"
    detail = f" ({ballot.detail})" if ballot.detail and ballot.vote is Vote.DOWN else ""
    return f"{name} {ballot.vote}{detail}"
