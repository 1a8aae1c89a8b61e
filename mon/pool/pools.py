"""The one owner of all pools: results in, wishes out.  It never sees a balancer, only tables."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from mon.errors import ControlError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.pool import Pool, Table, Voter
from mon.model.result import HostResult, RunResult
from mon.pool.advice import arrived
from mon.pool.archive import Archive
from mon.pool.carryover import PoolsBefore
from mon.pool.changes import NOTHING
from mon.pool.counting import Doubt, doubt, host_result, whole_round
from mon.pool.facts import Facts
from mon.pool.foreseen import Foreseen, foreseen
from mon.pool.memory import Memory
from mon.pool.operators import Order, instruct, taken_back
from mon.pool.past import told_again
from mon.pool.place import Place, original, place_of
from mon.pool.poolindex import PoolIndex
from mon.pool.quorum import Standing, Turn
from mon.pool.record import SavedPool, SavedWord, remembered, saved_word, spoken
from mon.pool.state import PoolState, copied, entries, made, together
from mon.pool.wish import Wanted
from mon.pool.words import carried
from mon.structs import replace

LONGEST = 60.0
"""Seconds that a pool which comes by a reload waits for its voters, if nobody says how long they take."""


class Pools:
    """Every pool of the configuration, and those that have left it and are not yet gone.

    Results go in by ``vote`` and ``run_result``; ``wanted`` says what a pool should be.  A pool asks for
    nothing until ``adopt`` was told what its balancer has.  After each applying, ``settle`` is told what
    was read back.
    """

    def __init__(self, plans: Iterable[Pool], now: Moment) -> None:
        self._states: dict[str, PoolState] = {}
        self._kept: dict[str, PoolState] = {}  # gone; operators' words on their servers are kept
        self._by_voter = PoolIndex()
        self._archive = Archive()
        self._fresh: list[PoolState] = []  # their first round has not begun
        self._begun = False
        self.reload(plans, now)

    def __contains__(self, name: str) -> bool:
        return name in self._states

    @property
    def names(self) -> tuple[str, ...]:
        """All pools, those that are leaving too."""
        return tuple(self._states)

    @property
    def recorded(self) -> tuple[str, ...]:
        """All that are saved: those that are gone, but for operators' words, too."""
        return (*self._states, *self._kept)

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

    def states(self) -> tuple[PoolState, ...]:
        """All of them, as they stand."""
        return tuple(self._states.values())

    def look(self, name: str, table: Table, now: Moment) -> tuple[bool, list[str]]:
        """Time has passed, and this is the balancer's table: what finished, what was done by hand?

        True if the wish is another one now; and what there is to log.
        """
        return self._states[name].look(table, now)

    def leave(self, name: str, table: Table) -> None:
        """This is how we leave the table: what is otherwise at the next look was done by hand."""
        if (state := self._states.get(name)) is not None:
            state.memory = replace(state.memory, left=table)

    def vote(self, result: HostResult, now: Moment, *, frozen: str = "", trap: bool = False) -> set[str]:
        """Count one host's result; the names of the pools whose wish may be another one now.

        ``frozen`` says why it must not count (a failed dependency, something disabled, the scheduler
        stopped), "" if it may.  ``trap``: it was sent to us, and counts only for ``--traps``.
        """
        found = self._by_voter.of_host(result.watch, result.service, result.host).items()
        return {name for name, state in found if host_result(state, result, now, frozen=frozen, trap=trap)}

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
        concerned = self._by_voter.of_round(run.watch, run.service)
        count = partial(whole_round, run=run, now=now, frozen=frozen, trap=trap, disabled=disabled)
        return {name for name, state in concerned.items() if count(state)}

    def first_round(self, now: Moment, patience: Callable[[Voter], float]) -> None:
        """Checks begin: a pool that is new waits so many seconds for its voters.

        Each pool has its own first round: after it floor, fallback, quorum and alerts wait no longer.
        """
        fresh, self._fresh, self._begun = self._fresh, [], True
        for state in fresh:
            if not (state.leaving or state.ready):
                seconds = max((patience(voter) for voter in state.voters.values()), default=0.0)
                state.deadline, state.stale = now.mono + seconds, True

    def first_round_over(self, now: Moment) -> set[str]:
        """The first round has had its time, for all pools; whose wish changed."""
        self._fresh, self._begun = [], True
        return {name for name, state in self._states.items() if state.round_over(now)}

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
            state.adopt(table, saved or self._archive.take(state.plan), now, max_age)

    def recall(self, saved: Iterable[SavedPool], now: Moment) -> set[str]:
        """At start: saved pools that are configured no longer are to be withdrawn; their names.

        Operators' words hold from now on, whether the balancer can be read or not.
        """
        before, successors = set(self._states), self._by_place()
        for pool in saved:
            words = spoken(pool, now)
            place = (pool.balancer, pool.id)
            successor = successors.get(place) or self._states.get(original(pool.name))
            if successor is not None:
                successor.words = carried(successor.plan, words, pool.owned.servers) | successor.words
            if place in successors:
                successors[place].told = told_again(pool.past, now)
            self._archive.put(pool)
            old = made(Pool(pool.name, pool.id, pool.balancer, partial=pool.partial))
            old.owned, old.memory, old.words = pool.owned, remembered(pool, now), words
            self._hand_over(old, successors, now)
        return set(self._states) - before

    def reload(self, plans: Iterable[Pool], now: Moment) -> set[str]:
        """Take new plans and keep what is known of the same pools (law 8); whose wish changed.

        What does not differ is left as it is, so a reload costs what differs.
        """
        old, kept = self._states, self._kept
        plans = tuple(plans)
        previous = PoolsBefore((*kept.values(), *old.values()), {place_of(plan) for plan in plans})
        self._states = {plan.name: previous.state_of(plan, now) for plan in plans}
        self._kept = {}
        successors = self._by_place()
        for state in (*old.values(), *kept.values()):
            self._hand_over(state, successors, now)
        self._by_voter.update(old, self._states)
        fresh = {name: state for name, state in self._states.items() if old.get(name) is not state}
        for state in fresh.values():
            if self._begun and not state.ready and state.deadline is None:
                state.deadline = now.mono + LONGEST
        self._fresh += fresh.values()
        known = {state.place for state in old.values()}
        return {name for name, state in fresh.items() if state.advance(now) or state.place not in known}

    def settle(self, name: str, table: Table, now: Moment) -> tuple[str, ...]:
        """Take note of the table read back; what is not as it should be, in words (law 3).

        What we owned and is gone is ours no longer; a pool that was leaving and is gone is forgotten.
        """
        state = self._states.get(name)
        if state is None:  # a reload took it away while its changes were applied
            return ()
        wish = state.current(now)
        differences = wish.differences(table)
        there = {server.id for server in table.servers} | {member.id for member in entries(state.plan)}
        state.own(replace(state.owned, servers=state.owned.servers & there))
        over = wish.table.service is None and not differences  # a drain is not: its servers are still there
        if state.leaving and over and state.turning(now) is None:
            del self._states[name]
            self._keep(state, now)
        return differences

    def turning(self, name: str, now: Moment) -> Turn | None:
        """The turn of a pool's quorum that its commands are to be told, None if none is due."""
        state = self._states.get(name)
        return None if state is None else state.turning(now)

    def turn(self, name: str, now: Moment) -> Turn | None:
        """The same, and from now on it counts as told: to be saved together with the telling of it."""
        if (found := self.turning(name, now)) is not None:
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
            for each in self.kept():
                if each.plan.name == order.pool or original(each.plan.name) == order.pool:
                    return taken_back(each, order)
            raise ControlError(f"no pool {order.pool!r:.80} (there are {', '.join(self._states) or 'none'})")
        return instruct(state, order, now)

    def kept(self) -> tuple[PoolState, ...]:
        """Pools that are not in mon.cf, on whose servers operators' words are kept."""
        leaving = (state for state in self._states.values() if state.leaving)
        return tuple(state for state in (*leaving, *self._kept.values()) if state.words)

    def words(self, name: str) -> tuple[SavedWord, ...]:
        """What operators said about the servers of a pool: in the order of mon.cf, then those not in it."""
        state = self._states[name] if name in self._states else self._kept[name]
        order = dict.fromkeys((*state.index.members, *state.words))
        return tuple(saved_word(id_, state.words[id_]) for id_ in order if id_ in state.words)

    def doubt(self, result: HostResult) -> Doubt | None:
        """A result that was counted and differs from a vote, without being enough to change it."""
        return doubt(self._by_voter.of_host(result.watch, result.service, result.host).values(), result)

    def remark(self, name: str, lines: tuple[str, ...], now: Moment) -> bool:
        """What else people must know of a pool; True if that is news."""
        state = self._states[name]
        news, state.remarks = state.remarks != lines, lines
        state.stale = state.stale or news
        return news

    def facts(self, name: str, now: Moment) -> Facts:
        """All that the present wish of a pool depends on."""
        return self._states[name].facts(now)

    def foreseen(self, name: str, now: Moment) -> Foreseen:
        """What follows when the checks under way confirm what the latest results said."""
        state = self._states[name]
        return foreseen(state.facts(now), state.wish(now))

    def voted_on(self, key: Key) -> tuple[str, ...]:
        """The pools that a service votes on."""
        return self._by_voter.voters_of(key)

    def supposing(self) -> "Pools":
        """The same pools once more: what is done to them is only supposed."""
        same = Pools((), Moment(0.0, 0.0))
        same._states = {name: copied(state) for name, state in self._states.items()}
        same._kept = {name: copied(state) for name, state in self._kept.items()}
        same._archive = self._archive.copied()
        return same

    def withdraw(self) -> set[str]:
        """Let those that want a clean stop go, whatever is connected; their names."""
        clean = {name: state for name, state in self._states.items() if state.plan.cleanstop}
        for state in clean.values():
            state.leaving, state.memory, state.stale = True, Memory(), True
        return set(clean)

    def finish(self) -> set[str]:
        """Let everybody have the whole weight at once (an orderly stop); the pools concerned."""
        moving = {name for name, state in self._states.items() if state.memory.ramps or state.memory.courses}
        for name in moving:
            memory = self._states[name].memory
            courses = {id_: arrived(course) for id_, course in memory.courses.items()}
            self._states[name].memory = replace(memory, ramps={}, courses=courses)
            self._states[name].stale = True
        return moving

    def saved(self) -> tuple[SavedPool, ...]:
        """What the store keeps, in the order of the configuration."""
        return tuple(row for row in map(self.record, self.recorded) if row is not None)

    def record(self, name: str) -> SavedPool | None:
        """What the store keeps of one pool; None of one that is gone, or not read yet."""
        state = self._states.get(name) or self._kept.get(name)
        return None if state is None else self._archive.row(state)

    def _by_place(self) -> dict[Place, PoolState]:
        return {state.place: state for state in self._states.values()}

    def _hand_over(self, old: PoolState, successors: Mapping[Place, PoolState], now: Moment) -> None:
        """What a pool of before owned goes to the pool that has its place now, or is withdrawn."""
        successor = successors.get(old.place)
        if successor is not None:
            if successor is not old:
                successor.own(together(successor.owned, old.owned))
            return
        leaving = old if old.leaving else old.leave(now)
        if original(old.plan.name) in self._states:  # words went along with the name
            leaving.words = {}
        if leaving.owned == NOTHING and not leaving.memory.drains and leaving.turning(now) is None:
            self._keep(leaving, now)
            return
        while leaving.plan.name in self._states:
            leaving.plan = replace(leaving.plan, name=f"{leaving.plan.name} on {' '.join(old.plan.balancer)}")
        self._states[leaving.plan.name] = leaving

    def _keep(self, gone: PoolState, now: Moment) -> None:
        """A pool is gone; words on its servers that still hold are kept."""
        gone.owned, gone.memory = NOTHING, Memory()
        gone.words = {id_: word for id_, word in gone.words.items() if not word.over(now)}
        if gone.words:
            self._kept[gone.plan.name] = gone
