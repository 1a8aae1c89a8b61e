"""One pool as it stands: its plan, who votes on what, what they said, what is ours."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerEntry, ServerId, Table, Voter
from mon.model.result import HostResult
from mon.pool.advice import aimed, as_found
from mon.pool.ballot import Ballot, doubtful, placed
from mon.pool.bearing import Bearing
from mon.pool.changes import NOTHING, Owned
from mon.pool.decide import decide
from mon.pool.drift import Look, alarms, drifted, overlaid
from mon.pool.facts import Facts, Index, indexed
from mon.pool.memory import Drain, Memory, Word, deadlines, inferred, soonest
from mon.pool.past import told_again, with_past
from mon.pool.place import WAS, Place, original, place_of
from mon.pool.quorum import Turn, turning
from mon.pool.reasons import Said, admitted
from mon.pool.record import Pair, SavedPool, by_pair, remembered, restored, spoken
from mon.pool.told import Told, taken_over
from mon.pool.voterindex import VoterIndex, voter_index
from mon.pool.wish import Wanted, service_entry
from mon.pool.words import carried
from mon.structs import Struct, field, replace

UNREAD = Wanted(Table(None), waiting="the balancer's table has not been read yet")


class PoolState(Struct):
    """``adopted``: the balancer's table was looked at since the last server came.  ``ready``: the first
    round is over (at the ``deadline`` on the monotonic clock, or when everybody was heard), or the pool was
    found with servers in.  ``leaving``: no longer configured, not yet gone.  ``decided`` is the wish as it
    was last decided, at ``latest``; ``stale``: what has been said since may make it another one.
    """

    plan: Pool
    voters: Mapping[str, Voter]
    index: Index
    voter_index: VoterIndex
    ballots: dict[Pair, Ballot]
    owned: Owned = NOTHING
    adopted: bool = False
    ready: bool = False
    leaving: bool = False
    words: dict[ServerId, Word] = field(default_factory=dict)
    memory: Memory = Memory()
    decided: Wanted = UNREAD
    told: Told = Told()
    latest: Moment = Moment(0.0, 0.0)
    deadline: float | None = None
    stale: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """What the balancer knows it by."""
        return place_of(self.plan)

    def wish(self, now: Moment) -> Wanted:
        """The pool that should be at this moment, by what is known."""
        return self.decided if self.latest == now and not self.stale else self._decide(now)[0]

    def current(self, now: Moment) -> Wanted:
        """The same for what acts on it: decided anew only if it may be another one (its words may be old)."""
        due = self.decided.due
        return self._decide(now)[0] if self.stale or (due is not None and due <= now.mono) else self.decided

    def advance(self, now: Moment) -> bool:
        """Decide anew, and remember it; True if something else is to be done or said than before."""
        return self._remember_decided(*self._decide(now), now)

    def _remember_decided(self, wish: Wanted, memory: Memory, now: Moment) -> bool:
        before, self.latest, self.stale = self.decided, now, False
        self.ready = self._is_ready(now)
        self.words = {id_: word for id_, word in self.words.items() if not word.over(now)}
        self.decided, self.memory = wish, memory
        return _acts(self.decided) != _acts(before)

    def _is_ready(self, now: Moment) -> bool:
        return self.ready or (self.adopted and self.deadline is not None and self.deadline <= now.mono)

    def facts(self, now: Moment) -> Facts:
        """All that a decision depends on."""
        said: dict[ServerId, list[tuple[Voter, Ballot]]] = {member.id: [] for member in self.plan.members}
        for (server, name), ballot in self.ballots.items():
            said[server].append((self.voters[name], ballot))
        exits = Counter(server for _, server in self.memory.exits)
        ready = self._is_ready(now)
        return Facts(self.plan, self.index, said, self.words, self.memory, now, ready, exits)

    def doubts(self, result: HostResult) -> Iterator[tuple[Member, Voter, Ballot]]:
        """The ballots that this result brought into doubt."""
        for server, name in self.voter_index.pairs(result.watch, result.service, result.host):
            ballot = self.ballots[server, name]
            if doubtful(ballot) and ballot.at == result.at:
                yield self.index.members[server], self.voters[name], ballot

    def take(self, ballots: Mapping[Pair, Ballot], now: Moment) -> bool:
        """Take new ballots; True if the wish may be another one now (its words may change with each result).

        It is not decided here: many results may come before the next look at the balancer, and a decision
        costs as much as the pool has servers.
        """
        news, advised = False, []
        for pair, ballot in ballots.items():
            before, said = self.ballots[pair], self._said(pair[0])
            stood = admitted(said, first_round_over=self.ready)
            self.ballots[pair] = ballot
            if ballot.heard:
                self.voter_index.unheard.discard(pair)
            stands = admitted(self._said(pair[0]), first_round_over=self.ready)
            # What is said of a server that stays in is of no account; what of one that is out may be.
            news = news or stood is not stands or (not stands and _weighs(before) != _weighs(ballot))
            if _advises(before, ballot):
                advised.append(pair[0])
        news = news or any(self._turns(server, now) for server in advised)
        if not self.ready and not self.voter_index.unheard:
            self.ready = news = True
        self.stale = self.stale or news
        return news

    def own(self, owned: Owned) -> None:
        """From now on this is ours to delete."""
        self.stale = self.stale or owned != self.owned
        self.owned = owned

    def round_over(self, now: Moment) -> bool:
        """The first round has had its time; True if something else is to be done or said now."""
        self.ready = True
        return self.advance(now)

    def _said(self, id: ServerId) -> Said:
        """What the voters say about one server."""
        names = self.voter_index.voters.get(id, ())
        return [(self.voters[name], self.ballots[id, name]) for name in names]

    def _turns(self, id: ServerId, now: Moment) -> bool:
        """Do the weights that are suggested for a server now turn its own?  Most of them do not."""
        before, inside = self.memory.courses.get(id), self.memory.inside or frozenset()
        member = self.index.members[id]
        return aimed(member, self._said(id), before, now, inside=id in inside) != before

    def adopt(
        self, table: Table, saved: SavedPool | None, now: Moment, max_age: Callable[[Voter], float]
    ) -> None:
        """Presume of each voter that has not spoken what the table shows; see ``Pools.adopt``."""
        serving = {server.id for server in table.servers if server.weight > 0}
        begins = self.memory.inside is None
        old = by_pair(saved.ballots) if saved and begins else {}
        for pair, ballot in self.ballots.items():
            if ballot.presumed is not None:
                continue
            line = old.get(pair)
            fresh = line is not None and now.wall - line.at <= max_age(self.voters[pair[1]])
            known = restored(line, now) if line and fresh and ballot.at is None else ballot
            known = replace(known, heard=ballot.heard)
            voter, unplaced = self.voters[pair[1]], table.service is None
            self.ballots[pair] = placed(known, voter, serving=pair[0] in serving, unplaced=unplaced)
        self.ready = self.ready or any(member.id in serving for member in self.plan.members)
        self.owned = together(self.owned, _claim(self.plan, table))
        if saved and begins:
            self.words = carried(self.plan, spoken(saved, now)) | self.words
        if saved and (saved.balancer, saved.id) == self.place:
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
        name = f"{original(self.plan.name)}{WAS}{self.plan.id})"
        there = {one.id: one for one in self.current(now).table.servers if one.id in self.owned.servers}
        left = made(replace(self.plan, name=name, voters=(), members=(), fallback=None))
        left.owned, left.leaving, left.told, left.latest = self.owned, True, self.told, now
        left.memory = Memory(drains={**drained(self.plan, there, now), **self.memory.drains})
        left.words = carried(left.plan, self.words)
        return left

    def turning(self, now: Moment) -> Turn | None:
        """The turn of the quorum that its commands are to be told, if one is due.

        Nothing is said before the first round of checks is over; a pool that leaves has lost its quorum.
        """
        quorum, standing = self.plan.quorum, self.told.quorum
        if quorum is None:
            return None
        if self.leaving:
            return Turn(quorum, False, 0, 0) if standing is not None and standing.up else None
        if not (self.adopted and self._is_ready(now)) or self.current(now).waiting:
            return None
        return turning(quorum, standing, self.facts(now))

    def _decide(self, now: Moment) -> tuple[Wanted, Memory]:
        if self.leaving:
            return self._draining(now)
        if not self.adopted:
            return UNREAD, self.memory
        return self._finished(*decide(self.facts(now)), now)

    def _finished(self, wish: Wanted, memory: Memory, now: Moment) -> tuple[Wanted, Memory]:
        """The decision with what is left to others, and what of the table is ours."""
        told = (*wish.alarms, *alarms(self.plan, memory, self.words), *self.remarks)
        if not self._is_ready(now) and self.deadline is not None:
            wish = replace(wish, due=soonest([self.deadline, *(() if wish.due is None else (wish.due,))]))
        if wish.waiting:
            return replace(wish, alarms=told), memory
        if memory.hands_off:
            return Wanted(Table(None), waiting=memory.hands_off, alarms=told), memory
        named = frozenset(member.id for member in entries(self.plan))
        # Which entry of the table is a server without an address nobody knows: none may be deleted.
        owned = Owned(servers=named) if self.plan.nowhere else together(self.owned, Owned(servers=named))
        table = overlaid(wish.table, memory)
        if named & memory.pinned.keys():  # what is left to others is not ours to delete
            owned = replace(owned, servers=owned.servers - memory.pinned.keys())
        return replace(wish, table=table, owned=owned, partial=self.plan.partial, alarms=told), memory

    def look(self, table: Table, now: Moment) -> tuple[bool, list[str]]:
        """Take a look at the balancer's table: is something else to be done, and what there is to log.

        That is what was changed by hand.  Without any it is decided once.
        """
        self.memory = self.memory.seen(table, now)
        if not self.adopted or self.leaving:
            return self.advance(now), []
        facts = self.facts(now)
        wish, memory = decide(facts)
        if wish.waiting:
            return self._remember_decided(*self._finished(wish, memory, now), now), []
        look = Look(self.plan, self.index.members, table, wish.table, now, Bearing(facts))
        found = drifted(look, self.memory, self.words)
        if found is None:
            changed = self._remember_decided(*self._finished(wish, memory, now), now)
        else:
            self.memory, self.words = found.memory, found.words
            changed = self.advance(now)
        if self.memory.left is not None:  # what was judged once is no news at the next look
            self.memory = replace(self.memory, left=table)
        return changed, found.notes if found is not None else []

    def _draining(self, now: Moment) -> tuple[Wanted, Memory]:
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
        """Clocks as they were saved; who left the configuration meanwhile is drained."""
        members = {member.id for member in entries(self.plan)}
        memory = with_past(remembered(saved, now), saved.past, self.plan, table, members, now)
        self.told = replace(self.told, quorum=told_again(saved.past, now).quorum)
        absent = frozenset() if self.plan.nowhere else saved.owned.servers - members
        gone = {one.id: one for one in table.servers if one.id in absent}
        self.memory = replace(memory, drains={**drained(self.plan, gone, now), **memory.drains})

    def _climb_on(self, table: Table, now: Moment) -> None:
        """A server found on its way goes on from there, even if nothing of it was saved."""
        weights = {server.id: server.weight for server in table.servers}
        memory = self.memory
        known = {**memory.ramps, **memory.courses, **self.words}
        courses = {**memory.courses, **dict(as_found(self.plan.members, weights, known, now))}
        ramps = dict(memory.ramps)
        for member in self.plan.members if self.plan.slowstart else ():
            weight = weights.get(member.id, 0)
            if 0 < weight < member.weight and member.id not in known and member.id not in courses:
                ramps[member.id] = inferred(weight, member.weight, self.plan.slowstart, now)
        self.memory = replace(memory, ramps=ramps, courses=courses)


def made(
    plan: Pool, voters: Mapping[str, Voter] | None = None, ballots: dict[Pair, Ballot] | None = None
) -> PoolState:
    """A pool of which nothing is known but its plan and its ballots."""
    voters, ballots = voters or {}, ballots or {}
    return PoolState(plan, voters, indexed(plan), voter_index(plan.members, voters, ballots), ballots)


def copied(state: PoolState) -> PoolState:
    """The same once more, to suppose something of it."""
    heard = replace(state.voter_index, unheard=set(state.voter_index.unheard))
    return replace(state, ballots=dict(state.ballots), words=dict(state.words), voter_index=heard)


def drained(plan: Pool, gone: Mapping[ServerId, ServerEntry], now: Moment) -> dict[ServerId, Drain]:
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
