"""One pool as it stands: its plan, who votes on what, what they said, what is ours."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerId, Table, Voter
from mon.pool.ballot import Ballot
from mon.pool.changes import NOTHING, Owned
from mon.pool.record import SavedPool, Seat, by_seat, restored
from mon.pool.wish import Said, Wanted, admitted, wanted

Place = tuple[tuple[str, ...], object]
"""(balancer, virtual service): two pools of one place are the same one to the balancer."""


@dataclass(slots=True)
class PoolState:
    """``adopted``: the balancer's table was looked at since the last server came.  ``ready``: the first
    round is over, or the pool was found with servers in.  ``leaving``: no longer configured, not yet gone.
    """

    plan: Pool
    voters: Mapping[str, Voter]
    ballots: dict[Seat, Ballot] = field(default_factory=dict)
    owned: Owned = NOTHING
    adopted: bool = False
    ready: bool = False
    leaving: bool = False

    @property
    def place(self) -> Place:
        """What the balancer knows it by."""
        return (self.plan.balancer, self.plan.id)

    def said(self, member: Member) -> Said:
        """What each voter says about the member."""
        seats = ((voter, (member.id, name)) for name, voter in self.voters.items())
        return [(voter, self.ballots[seat]) for voter, seat in seats if seat in self.ballots]

    def healthy(self, member: Member) -> bool:
        """Is it in by its votes alone?"""
        return member.weight > 0 and admitted(self.said(member), first_round_over=self.ready)

    def wish(self) -> Wanted:
        """The pool that should be, by what is known."""
        if self.leaving:
            return Wanted(Table(None), owned=self.owned, partial=self.plan.partial)
        if not self.adopted:
            return Wanted(Table(None), waiting="the balancer's table has not been read yet")
        wish = wanted(self.plan, self.said, first_round_over=self.ready)
        if wish.waiting:
            return wish
        named = frozenset(member.id for member in entries(self.plan))
        return replace(wish, owned=together(self.owned, Owned(servers=named)), partial=self.plan.partial)

    def take(self, ballots: Mapping[Seat, Ballot], *, ready: bool = False) -> bool:
        """Take new ballots; True if the wish is another one now (its words may change with each result)."""
        decisive = any(_weighs(self.ballots[seat]) != _weighs(ballot) for seat, ballot in ballots.items())
        before = None if self.ready and not decisive else self.wish()
        self.ballots.update(ballots)
        self.ready = self.ready or ready or all(ballot.heard for ballot in self.ballots.values())
        return before is not None and _acts(self.wish()) != _acts(before)

    def adopt(
        self, table: Table, saved: SavedPool | None, now: Moment, max_age: Callable[[Voter], float]
    ) -> None:
        """Presume of each voter that has not spoken what the table shows; see ``Pools.adopt``."""
        serving = {server.id for server in table.servers if server.weight > 0}
        old = by_seat(saved.ballots) if saved and not self.adopted else {}
        for seat, ballot in self.ballots.items():
            if ballot.presumed is not None:
                continue
            line = old.get(seat)
            fresh = line is not None and now.wall - line.at <= max_age(self.voters[seat[1]])
            known = restored(line, now) if line and fresh and ballot.at is None else ballot
            self.ballots[seat] = replace(
                known, presumed=seat[0] in serving, unplaced=table.service is None, heard=ballot.heard
            )
        self.ready = self.ready or any(member.id in serving for member in self.plan.members)
        self.owned = together(self.owned, _claim(self.plan, table))
        if saved and saved.id == self.plan.id:
            self.owned = together(self.owned, saved.owned)
        self.adopted = True

    def leave(self) -> "PoolState":
        """The same pool when the configuration has it no longer, under a name that no plan has."""
        mark = f" (was {self.plan.id})"
        name = self.plan.name if self.plan.name.endswith(mark) else self.plan.name + mark
        plan = replace(self.plan, name=name, voters=(), members=(), fallback=None)
        return PoolState(plan, {}, owned=self.owned, leaving=True)


def seated(plan: Pool, old: PoolState | None) -> PoolState:
    """The state of a plan: who sat there before keeps the ballot (law 8), who is new gets a blank one."""
    state = PoolState(plan, _named(plan.voters))
    known: dict[ServerId, bool] = {}
    if old is not None:
        state.ready = old.ready
        if old.adopted and old.place == state.place:
            known = {member.id: old.healthy(member) for member in old.plan.members}
            state.adopted = all(member.id in known for member in plan.members)
    for member in plan.members:
        # A voter that is new to a known server finds it as the others left it.
        blank = Ballot(presumed=known.get(member.id))
        for name, voter in state.voters.items():
            if voter.only in ("", member.name, member.id.address, str(member.id)):
                before = old.ballots.get((member.id, name)) if old is not None else None
                state.ballots[member.id, name] = before or blank
    return state


def together(one: Owned, other: Owned) -> Owned:
    """What either owns."""
    return Owned(one.service or other.service, one.servers | other.servers)


def entries(plan: Pool) -> tuple[Member, ...]:
    """All servers a plan names: the members and the fallback."""
    return plan.members if plan.fallback is None else (*plan.members, plan.fallback)


def _named(voters: Iterable[Voter]) -> dict[str, Voter]:
    """Voters by the name their votes are kept under; a service that votes by two lines has two."""
    named: dict[str, Voter] = {}
    for voter in voters:
        base = f"{voter.watch}/{voter.service}" + (f" on {voter.only}" if voter.only else "")
        count = 1 + sum(name == base or name.startswith(f"{base} #") for name in named)
        named[base if count == 1 else f"{base} #{count}"] = voter
    return named


def _claim(plan: Pool, table: Table) -> Owned:
    """What becomes ours: all that the configuration names; of a partial pool, what is not there yet."""
    named = frozenset(member.id for member in entries(plan))
    if not plan.partial:
        return Owned(True, named)
    return Owned(table.service is None, named - {server.id for server in table.servers})


def _weighs(ballot: Ballot) -> tuple[object, ...]:
    """What of a ballot can change a wish."""
    return (ballot.vote, ballot.cause, ballot.since)


def _acts(wish: Wanted) -> tuple[object, ...]:
    """What of a wish asks for something to be done or said."""
    return (wish.table, wish.held, wish.fallback, wish.waiting)
