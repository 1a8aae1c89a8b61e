"""The one owner of all pools: results in, wishes out.  It never sees a balancer, only tables."""

from collections.abc import Callable, Collection, Iterable

from mon.errors import ControlError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.pool import Member, Pool, Table, Voter
from mon.model.result import HostResult, RunResult, Verdict
from mon.pool.advice import arrived
from mon.pool.ballot import Opinion, counted, ignored
from mon.pool.decide import Facts
from mon.pool.foreseen import Foreseen, foreseen
from mon.pool.memory import Memory
from mon.pool.operators import Order, instruct
from mon.pool.past import past_of, told_again
from mon.pool.quorum import Standing, Turn
from mon.pool.reasons import words
from mon.pool.record import SavedPool, SavedWord, remembered, saved_word, to_save
from mon.pool.state import Place, PoolState, entries, seated, together
from mon.pool.wish import Wanted
from mon.structs import Struct, replace


class Doubt(Struct, frozen=True):
    """A result that did not change a vote yet: ``lines`` say so; the next check is in ``delay`` seconds."""

    lines: tuple[str, ...]
    delay: float | None


class Pools:
    """Every pool of the configuration, and those that have left it and are not yet gone.

    Results go in by ``vote`` and ``run_result``; ``wanted`` says what a pool should be.  A pool asks for
    nothing until ``adopt`` was told what its balancer has.  After each applying, ``settle`` is told what
    was read back.
    """

    def __init__(self, plans: Iterable[Pool], now: Moment) -> None:
        self._states: dict[str, PoolState] = {}
        self._voting: dict[Key, list[PoolState]] = {}
        self.reload(plans, now)

    @property
    def names(self) -> tuple[str, ...]:
        """All pools, those that are leaving too."""
        return tuple(self._states)

    def plan(self, name: str) -> Pool:
        """The pool as configured; of one that is leaving, what is left of it."""
        return self._states[name].plan

    def unread(self, name: str) -> bool:
        """Must ``adopt`` be called, because the pool or a server of it is new?"""
        state = self._states[name]
        return not state.adopted and not state.leaving

    def wanted(self, name: str, now: Moment) -> Wanted:
        """The pool that should be, and why."""
        return self._states[name].wish(now)

    def look(self, name: str, table: Table, now: Moment) -> tuple[bool, list[str]]:
        """Time has passed, and this is the balancer's table: what finished, what did another hand do?

        True if the wish is another one now; and what there is to log.
        """
        state = self._states[name]
        notes = state.look(table, now)
        return state.advance(now), notes

    def leave(self, name: str, table: Table) -> None:
        """This is how we leave the table: what is otherwise at the next look, another hand did."""
        if (state := self._states.get(name)) is not None:
            state.memory = replace(state.memory, left=table)

    def vote(self, result: HostResult, now: Moment, *, frozen: str = "", trap: bool = False) -> set[str]:
        """Count one host's result; the names of the pools whose wish changed.

        ``frozen`` says why it must not count (a failed dependency, something disabled, the scheduler
        stopped), "" if it may.  ``trap``: it was sent to us, and counts only for ``--traps``.
        """
        opinion = Opinion(
            result.verdict, result.at, result.status, result.cause, result.detail, result.final, result.weight
        )

        def concerns(member: Member, voter: Voter) -> bool:
            return member.check == result.host and (voter.traps or not trap)

        return self._count((result.watch, result.service), opinion, concerns, frozen, now)

    def run_result(
        self,
        run: RunResult,
        now: Moment,
        *,
        frozen: str = "",
        trap: bool = False,
        disabled: Collection[str] = (),
    ) -> set[str]:
        """Count a whole round for the voters with ``--group``, after its host results; see ``vote``.

        It speaks for the members that no host result spoke for and that are not ``disabled``.  A failure
        that names no host is down for all of them; one that names others is down for none, but for the
        server of a wild form (classic mon called its alert for any failure of the service).
        """
        spoken = {part.host for part in run.hosts if part.verdict is not Verdict.UNKNOWN}.union(disabled)
        names_others = any(part.verdict is Verdict.DOWN for part in run.hosts)
        opinion = Opinion(_of_round(run), run.ended, run.status, detail=run.summary)

        def concerns(member: Member, voter: Voter) -> bool:
            speaks = voter.group and (voter.traps or not trap) and member.check not in spoken
            return speaks and (bool(voter.only) or not (run.status and names_others))

        return self._count((run.watch, run.service), opinion, concerns, frozen, now)

    def first_round_over(self, now: Moment) -> set[str]:
        """The first round has had its time: floor and fallback wait no longer; whose wish changed."""
        return {name for name, state in self._states.items() if state.take({}, now, ready=True)}

    def adopt(
        self,
        name: str,
        table: Table,
        saved: SavedPool | None,
        now: Moment,
        *,
        max_age: Callable[[Voter], float],
    ) -> None:
        """Start from the table as it is, and from saved votes not older than ``max_age`` seconds.

        Who is in stays in until a vote says otherwise; who is out stays out until every vote says ok.  A
        table with none of our servers in waits for the first round.  On a running pool only what is new
        is looked at.  The table of another virtual service is none: the pool moved while it was read.
        """
        state = self._states[name]
        if table.service is None or table.service.id == state.plan.id:
            state.adopt(table, saved, now, max_age)

    def recall(self, saved: Iterable[SavedPool], now: Moment) -> set[str]:
        """At start: saved pools that are configured no longer are to be withdrawn; their names."""
        before = set(self._states)
        for pool in saved:
            state = self._states.get(pool.name)
            if state is not None and state.plan.id == pool.id:
                state.told = told_again(pool.past, now)
            plan = Pool(pool.name, pool.id, pool.balancer, partial=pool.partial)
            self._hand_over(PoolState(plan, {}, owned=pool.owned, memory=remembered(pool, now)), now)
        return set(self._states) - before

    def reload(self, plans: Iterable[Pool], now: Moment) -> set[str]:
        """Take new plans and keep the votes of the same (pool, server, voter); whose wish changed (law 8)."""
        old = self._states
        self._states = {plan.name: seated(plan, old.get(plan.name), now) for plan in plans}
        for state in old.values():
            self._hand_over(state, now)
        self._voting = {}
        for state in self._states.values():
            for key in dict.fromkeys((voter.watch, voter.service) for voter in state.voters.values()):
                self._voting.setdefault(key, []).append(state)
        return {name for name, state in self._states.items() if state.advance(now) or name not in old}

    def settle(self, name: str, table: Table, now: Moment) -> tuple[str, ...]:
        """Take note of the table read back; what is not as it should be, in words (law 3).

        What we owned and is gone is ours no longer; a pool that was leaving and is gone is forgotten.
        """
        state = self._states.get(name)
        if state is None:  # a reload took it away while its changes were applied
            return ()
        differences = state.wish(now).differences(table)
        there = {server.id for server in table.servers} | {member.id for member in entries(state.plan)}
        state.owned = replace(state.owned, servers=state.owned.servers & there)
        if state.leaving and not differences and state.turning(now) is None:
            del self._states[name]
        return differences

    def turning(self, name: str, now: Moment) -> Turn | None:
        """The turn of a pool's quorum that its commands are to be told, None if none is due."""
        state = self._states.get(name)
        return None if state is None else state.turning(now)

    def turn(self, name: str, now: Moment) -> Turn | None:
        """The same, and from now on it counts as told: to be saved together with the telling of it."""
        found = self.turning(name, now)
        if found is not None:
            told = self._states[name].told
            self._states[name].told = replace(told, quorum=Standing(found.up, now))
        return found

    def standing(self, name: str) -> Standing | None:
        """The quorum of a pool as it was told last; None if it has none, or it is not known yet."""
        return self._states[name].told.quorum

    def news(self, name: str, topic: str) -> str:
        """What the last alert on this topic was about, "" if all was well."""
        state = self._states.get(name)
        return "" if state is None else state.told.news.get(topic, "")

    def tell(self, name: str, topic: str, about: str) -> None:
        """From now on this counts as told ("" is: all is well), to be saved together with the alert."""
        if (state := self._states.get(name)) is not None:
            news = {key: text for key, text in state.told.news.items() if key != topic}
            state.told = replace(state.told, news={**news, topic: about} if about else news)

    def instruct(self, order: Order, now: Moment) -> str:
        """Take an operator's word on a server; what it means, in words.

        Raises ControlError: no such pool or server, or (without ``force``) below the floor (law 2).
        """
        state = self._states.get(order.pool)
        if state is None or state.leaving:
            raise ControlError(f"no pool {order.pool!r:.80} (there are {', '.join(self._states) or 'none'})")
        return instruct(state, order, now)

    def words(self, name: str) -> tuple[SavedWord, ...]:
        """What operators said about the servers of a pool, in the order of the configuration."""
        state = self._states[name]
        return tuple(
            saved_word(member.id, state.words[member.id])
            for member in state.plan.members
            if member.id in state.words
        )

    def doubt(self, result: HostResult) -> Doubt | None:
        """A result that was counted and differs from a vote, without being enough to change it."""
        lines, delays = [], []
        for state in self._voting.get((result.watch, result.service), ()):
            for member, voter, ballot in state.doubts(result):
                lines.append(f"pool {state.plan.name}: {member.name}: {words(voter, ballot)}")
                delays += [voter.confirm] if voter.confirm else []
        return Doubt(tuple(lines), min(delays, default=None)) if lines else None

    def facts(self, name: str, now: Moment) -> Facts:
        """All that the present wish of a pool depends on."""
        return self._states[name].facts(now)

    def foreseen(self, name: str, now: Moment) -> Foreseen:
        """What follows when the checks under way confirm what the latest results said."""
        state = self._states[name]
        return foreseen(state.facts(now), state.wish(now))

    def voted_on(self, key: Key) -> tuple[str, ...]:
        """The pools that a service votes on."""
        return tuple(state.plan.name for state in self._voting.get(key, ()))

    def supposing(self) -> "Pools":
        """The same pools once more: what is done to them is only supposed."""
        same = Pools((), Moment(0.0, 0.0))
        for name, state in self._states.items():
            same._states[name] = replace(state, ballots=dict(state.ballots), words=dict(state.words))
        return same

    def withdraw(self) -> set[str]:
        """Let those that want a clean stop go, whatever is connected; their names."""
        clean = {name for name, state in self._states.items() if state.plan.cleanstop}
        for name in clean:
            self._states[name].leaving = True
            self._states[name].memory = Memory()
        return clean

    def finish(self) -> set[str]:
        """Let everybody have the whole weight at once (an orderly stop); the pools concerned."""
        moving = {name for name, state in self._states.items() if state.memory.ramps or state.memory.courses}
        for name in moving:
            memory = self._states[name].memory
            courses = {id_: arrived(course) for id_, course in memory.courses.items()}
            self._states[name].memory = replace(memory, ramps={}, courses=courses)
        return moving

    def saved(self) -> tuple[SavedPool, ...]:
        """What the store keeps, in the order of the configuration."""
        return tuple(
            to_save(
                state.plan,
                state.owned,
                state.ballots,
                state.words,
                state.memory,
                past_of(state.plan, state.memory, state.told, state.latest),
            )
            for state in self._states.values()
            if state.adopted or state.leaving
        )

    def _count(
        self,
        key: Key,
        opinion: Opinion,
        concerns: Callable[[Member, Voter], bool],
        frozen: str,
        now: Moment,
    ) -> set[str]:
        """Count an opinion on every seat that it concerns."""
        changed = set()
        for state in self._voting.get(key, ()):
            voters = [(n, v) for n, v in state.voters.items() if (v.watch, v.service) == key]
            ballots = {}
            for member in state.plan.members:
                for name, voter in voters:
                    before = state.ballots.get((member.id, name))
                    if before is not None and concerns(member, voter):
                        after = ignored(before) if frozen else counted(before, opinion, voter)
                        ballots[member.id, name] = after
            if state.take(ballots, now):
                changed.add(state.plan.name)
        return changed

    def _hand_over(self, old: PoolState, now: Moment) -> None:
        """What a pool of before owned goes to the pool that has its place now, or is withdrawn."""
        heirs: dict[Place, PoolState] = {state.place: state for state in self._states.values()}
        heir = heirs.get(old.place)
        if heir is not None:
            heir.owned = together(heir.owned, old.owned)
            return
        leaving = old.leave(now)
        self._states[leaving.plan.name] = leaving


def _of_round(run: RunResult) -> Verdict:
    """What a round says of the hosts that it does not name.

    One that failed for no host and was good for some failed because the others could not be tested.
    """
    said = {part.verdict for part in run.hosts}
    if run.trouble or (run.status and Verdict.OK in said and Verdict.DOWN not in said):
        return Verdict.UNKNOWN
    return Verdict.DOWN if run.status else Verdict.OK
