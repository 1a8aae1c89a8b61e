"""One pool as it stands: its plan, who votes on what, what they said, what is ours."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerEntry, ServerId, Table, Voter
from mon.model.result import HostResult
from mon.pool.advice import aimed, as_found
from mon.pool.ballot import Ballot, doubtful, placed
from mon.pool.changes import NOTHING, Owned
from mon.pool.decide import Facts, decide, forgotten, too_few
from mon.pool.drift import Look, alarms, drifted, overlaid
from mon.pool.memory import Drain, Memory, Word, deadlines, inferred, soonest
from mon.pool.past import told_again, with_past
from mon.pool.quorum import Turn, turning
from mon.pool.reasons import admitted
from mon.pool.record import SavedPool, Seat, by_seat, remembered, restored, spoken
from mon.pool.told import Told, carried, taken_over
from mon.pool.wish import Wanted, service_entry
from mon.structs import Struct, field, replace

Place = tuple[tuple[str, ...], object]
"""(balancer, virtual service): two pools of one place are the same one to the balancer."""

UNREAD = Wanted(Table(None), waiting="the balancer's table has not been read yet")


class PoolState(Struct):
    """``adopted``: the balancer's table was looked at since the last server came.  ``ready``: the first
    round is over, or the pool was found with servers in.  ``leaving``: no longer configured, not yet gone.
    ``decided`` is the wish as it was last decided, at ``latest``.
    """

    plan: Pool
    voters: Mapping[str, Voter]
    ballots: dict[Seat, Ballot] = field(default_factory=dict)
    owned: Owned = NOTHING
    adopted: bool = False
    ready: bool = False
    leaving: bool = False
    words: dict[ServerId, Word] = field(default_factory=dict)
    memory: Memory = Memory()
    decided: Wanted = UNREAD
    told: Told = Told()
    latest: Moment = Moment(0.0, 0.0)

    @property
    def place(self) -> Place:
        """What the balancer knows it by."""
        return (self.plan.balancer, self.plan.id)

    def wish(self, now: Moment) -> Wanted:
        """The pool that should be at this moment, by what is known."""
        return self._decide(now)[0]

    def advance(self, now: Moment) -> bool:
        """Decide anew, and remember it; True if something else is to be done or said than before."""
        before, self.latest = self.decided, now
        self.words = {id_: word for id_, word in self.words.items() if not word.over(now)}
        self.decided, self.memory = self._decide(now)
        return _acts(self.decided) != _acts(before)

    def facts(self, now: Moment) -> Facts:
        """All that a decision depends on."""
        said: dict[ServerId, list[tuple[Voter, Ballot]]] = {member.id: [] for member in self.plan.members}
        for (server, name), ballot in self.ballots.items():
            said[server].append((self.voters[name], ballot))
        return Facts(self.plan, said, self.words, self.memory, now, self.ready)

    def doubts(self, result: HostResult) -> Iterator[tuple[Member, Voter, Ballot]]:
        """The ballots that this result brought into doubt."""
        for member in self.plan.members:
            for name, voter in self.voters.items() if member.check == result.host else ():
                ballot = self.ballots.get((member.id, name))
                concerned = (voter.watch, voter.service) == (result.watch, result.service)
                if concerned and ballot is not None and doubtful(ballot) and ballot.at == result.at:
                    yield member, voter, ballot

    def take(self, ballots: Mapping[Seat, Ballot], now: Moment, *, ready: bool = False) -> bool:
        """Take new ballots; True if the wish is another one now (its words may change with each result)."""
        decisive = any(_weighs(self.ballots[seat]) != _weighs(ballot) for seat, ballot in ballots.items())
        advised = [seat[0] for seat, ballot in ballots.items() if _advises(self.ballots[seat], ballot)]
        unready = not self.ready
        self.ballots.update(ballots)
        decisive = decisive or any(self._turns(server, now) for server in advised)
        self.ready = self.ready or ready or all(ballot.heard for ballot in self.ballots.values())
        return (decisive or unready) and self.advance(now)

    def _turns(self, id: ServerId, now: Moment) -> bool:
        """Do the weights that are suggested for a server now turn its own?  Most of them do not."""
        before, inside = self.memory.courses.get(id), self.memory.inside or frozenset()
        said = [(v, self.ballots[id, name]) for name, v in self.voters.items() if (id, name) in self.ballots]
        member = next(member for member in self.plan.members if member.id == id)
        return aimed(member, said, before, now, inside=id in inside) != before

    def adopt(
        self, table: Table, saved: SavedPool | None, now: Moment, max_age: Callable[[Voter], float]
    ) -> None:
        """Presume of each voter that has not spoken what the table shows; see ``Pools.adopt``."""
        serving = {server.id for server in table.servers if server.weight > 0}
        begins = self.memory.inside is None
        old = by_seat(saved.ballots) if saved and begins else {}
        for seat, ballot in self.ballots.items():
            if ballot.presumed is not None:
                continue
            line = old.get(seat)
            fresh = line is not None and now.wall - line.at <= max_age(self.voters[seat[1]])
            known = restored(line, now) if line and fresh and ballot.at is None else ballot
            known = replace(known, heard=ballot.heard)
            voter, unplaced = self.voters[seat[1]], table.service is None
            self.ballots[seat] = placed(known, voter, serving=seat[0] in serving, unplaced=unplaced)
        self.ready = self.ready or any(member.id in serving for member in self.plan.members)
        self.owned = together(self.owned, _claim(self.plan, table))
        if saved and saved.id == self.plan.id:
            self.owned = together(self.owned, saved.owned)
            if begins:
                self._remember(saved, table, now)
        if begins:
            self._climb_on(table, now)
            self.memory = replace(self.memory, found=frozenset(serving))
        self.told = taken_over(self.told, self.plan, table, now)
        self.adopted = True
        self.advance(now)

    def leave(self, now: Moment) -> "PoolState":
        """The same pool when the configuration has it no longer, under a name that no plan has."""
        mark = f" (was {self.plan.id})"
        name = self.plan.name if self.plan.name.endswith(mark) else self.plan.name + mark
        plan = replace(self.plan, name=name, voters=(), members=(), fallback=None)
        there = {one.id: one for one in self.decided.table.servers if one.id in self.owned.servers}
        drains = {**_drains(self.plan, there, now), **self.memory.drains}
        memory = Memory(drains=drains)
        return PoolState(plan, {}, owned=self.owned, leaving=True, memory=memory, told=self.told, latest=now)

    def turning(self, now: Moment) -> Turn | None:
        """The turn of the quorum that its commands are to be told, if one is due.

        Nothing is said before the first round of checks is over; a pool that leaves has lost its quorum.
        """
        quorum, standing = self.plan.quorum, self.told.quorum
        if quorum is None:
            return None
        if self.leaving:
            return Turn(quorum, False, 0, 0) if standing is not None and standing.up else None
        if not (self.adopted and self.ready) or self.decided.waiting:
            return None
        return turning(quorum, standing, self.facts(now))

    def _decide(self, now: Moment) -> tuple[Wanted, Memory]:
        if self.leaving:
            return self._farewell(now)
        if not self.adopted:
            return UNREAD, self.memory
        wish, memory = decide(self.facts(now))
        told = (*wish.alarms, *alarms(self.plan, memory, self.words))
        if wish.waiting:
            return replace(wish, alarms=told), memory
        if memory.hands_off:
            return Wanted(Table(None), waiting=memory.hands_off, alarms=told), memory
        named = frozenset(member.id for member in entries(self.plan))
        owned = together(self.owned, Owned(servers=named))
        table = overlaid(wish.table, memory)
        if named & memory.pinned.keys():  # what is left to others is not ours to delete
            owned = replace(owned, servers=owned.servers - memory.pinned.keys())
        return replace(wish, table=table, owned=owned, partial=self.plan.partial, alarms=told), memory

    def look(self, table: Table, now: Moment) -> list[str]:
        """Take a look at the balancer's table: what finished, and what another hand did (to be logged)."""
        self.memory = self.memory.seen(table, now)
        if not self.adopted or self.leaving:
            return []
        wanted = decide(self.facts(now))[0]
        if wanted.waiting:
            return []
        found = drifted(
            Look(self.plan, table, wanted.table, now, self._bearable(now)), self.memory, self.words
        )
        self.memory, self.words = found.memory, found.words
        if self.memory.left is not None:  # what was judged once is no news at the next look
            self.memory = replace(self.memory, left=table)
        return found.notes

    def _bearable(self, now: Moment) -> Callable[[ServerId], bool]:
        """May the pool lose this server, as an operator's word without force may take it?"""

        def bearable(id: ServerId) -> bool:
            facts = self.facts(now)
            words = {**self.words, id: Word(0, "", "", now)}
            return not too_few(facts, replace(facts, words=words))

        return bearable

    def _farewell(self, now: Moment) -> tuple[Wanted, Memory]:
        """Of a pool that leaves: who finishes connections stays with weight 0; after the last it is gone."""
        drains = {
            id_: drain for id_, drain in self.memory.drains.items() if now.mono < drain.until.mono
        }  # those that time has ended
        left = {id_: drain for id_, drain in drains.items() if id_ not in self.memory.drained}
        memory = replace(self.memory, drains=left)
        if not left:
            return Wanted(Table(None), owned=self.owned, partial=self.plan.partial), memory
        table = Table(service_entry(self.plan), tuple(drain.entry for drain in left.values()))
        why = dict.fromkeys(left, "out: the pool left the configuration")
        due = soonest(list(deadlines(memory, {}, now)))
        # Partial: the service stays as it is.
        return Wanted(table, why, owned=self.owned, partial=True, due=due), memory

    def _remember(self, saved: SavedPool, table: Table, now: Moment) -> None:
        """Operators' words and clocks as they were saved; who left the configuration meanwhile is drained."""
        members = {member.id for member in entries(self.plan)}
        self.words = {id_: word for id_, word in spoken(saved, now).items() if id_ in members} | self.words
        memory = with_past(remembered(saved, now), saved.past, self.plan, table, members, now)
        self.told = replace(self.told, quorum=told_again(saved.past, now).quorum)
        gone = {one.id: one for one in table.servers if one.id in saved.owned.servers - members}
        self.memory = replace(memory, drains={**_drains(self.plan, gone, now), **memory.drains})

    def _climb_on(self, table: Table, now: Moment) -> None:
        """A server found on its way goes on from there, even if nothing of it was saved."""
        weights = {server.id: server.weight for server in table.servers}
        memory = self.memory
        known = {**memory.ramps, **memory.courses, **self.words}
        courses = {**memory.courses, **dict(as_found(self.plan.members, weights, known, now))}
        ramps = dict(memory.ramps)
        for member in self.plan.members if self.plan.slowstart else ():
            weight = weights.get(member.id, 0)
            if 0 < weight < member.weight and not {member.id} & {*known, *courses}:
                ramps[member.id] = inferred(weight, member.weight, self.plan.slowstart, now)
        self.memory = replace(memory, ramps=ramps, courses=courses)


def seated(plan: Pool, old: PoolState | None, now: Moment) -> PoolState:
    """The state of a plan: who sat there before keeps the ballot (law 8), who is new gets a blank one."""
    state = PoolState(plan, _named(plan.voters))
    known: dict[ServerId, bool] = {}
    if old is not None:
        state.ready = old.ready
        state.words = {m.id: old.words[m.id] for m in plan.members if m.id in old.words}
        if old.place == state.place:
            state.told = old.told
        if old.adopted and old.place == state.place:
            inside = old.facts(now)
            known = {member.id: _healthy(inside, member) for member in old.plan.members}
            state.adopted = all(member.id in known for member in plan.members)
            state.memory = _parting(plan, old, now)
            state.told = carried(old.told, plan, inside, now)
    for member in plan.members:
        # A voter that is new to a known server finds it as the others left it.
        blank = Ballot(presumed=known.get(member.id))
        for name, voter in state.voters.items():
            if voter.only in ("", member.name, member.id.address, str(member.id)):
                before = old.ballots.get((member.id, name)) if old is not None else None
                state.ballots[member.id, name] = before or blank
    state.decided = state.wish(now) if old is None else old.decided
    return state


def _healthy(facts: Facts, member: Member) -> bool:
    """Is it in by its votes alone?"""
    return member.weight > 0 and admitted(facts.said[member.id], first_round_over=facts.ready)


def _parting(plan: Pool, old: PoolState, now: Moment) -> Memory:
    """The memory of the pool of before; who is no longer configured may finish its connections."""
    stay = {member.id for member in entries(plan)}
    gone = {one.id: one for one in old.decided.table.servers if one.id not in stay | old.memory.drained}
    memory = replace(old.memory, drains={**_drains(plan, gone, now), **old.memory.drains})
    if service_entry(plan) != service_entry(old.plan):  # mon.cf was written anew: that is meant
        memory = replace(memory, service=None, hands_off="")
    for id_ in stay & old.memory.drains.keys():
        if id_ not in old.words:  # it was leaving, and comes back
            memory = forgotten(memory, id_)
    return memory


def _drains(plan: Pool, gone: Mapping[ServerId, ServerEntry], now: Moment) -> dict[ServerId, Drain]:
    """The drains of servers that leave the pool; without a time for it they leave at once."""
    if not plan.drain:
        return {}
    until = now.later(plan.drain)
    return {id_: Drain(now, until, replace(entry, weight=0)) for id_, entry in gone.items()}


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
    return (ballot.vote, ballot.cause, ballot.since, ballot.confirmed)


def _advises(before: Ballot, after: Ballot) -> bool:
    """May it change a weight that follows suggestions?"""
    return (before.suggests, before.heard) != (after.suggests, after.heard)


def _acts(wish: Wanted) -> tuple[object, ...]:
    """What of a wish asks for something to be done or said."""
    return (wish.table, wish.held, wish.fallback, wish.waiting, wish.alarms, wish.spared)
