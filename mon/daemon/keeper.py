"""Keeping balancers as the pools want them: read, change, read back, compare; again when something is off.

Pools are level-triggered: a change of a vote only wakes the keeper, which looks at what is and at what
should be.  A lost event, a flushed table or a reboot heals at the next look (DESIGN §6).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from mon.balancer import Balancer
from mon.control.operations import PoolView
from mon.daemon import events
from mon.daemon.announce import BALANCER, News, floor_news, pool_news
from mon.daemon.journal import RESYNC, Case, Journal
from mon.daemon.line import Line, Words
from mon.daemon.lines import Lines
from mon.daemon.sight import Sight, Step, by_name, explained, kept_view, view
from mon.daemon.timers import Timers
from mon.errors import BalancerError, BalancerMismatch
from mon.model.deed import Deed
from mon.model.moment import Moment
from mon.model.pool import Change, Pool, Table, Voter
from mon.pool.changes import describe
from mon.pool.operators import Order
from mon.pool.place import Place, place_of
from mon.pool.pools import Pools
from mon.pool.record import SavedPool
from mon.pool.wish import Wanted
from mon.structs import replace

FIRST_RETRY, LAST_RETRY = 1.0, 30.0  # seconds

BY_HAND = "by hand"
"""What makes us note that somebody else edited the table."""

LAST_WORDS = 0.5
"""Seconds that final weights may take at the end."""


class Keeper:
    """Owns the lines to the balancers.

    ``changed(name)`` is called when there is something to save of a pool, ``tell(pool, news)`` when people
    must know that a balancer or a pool as a whole is in trouble, and when it no longer is; ``turn(pool)``
    when its quorum turned.
    ``max_age(voter)`` is how old a saved vote may be, in seconds.  ``passive``: nothing is applied.  While it
    is ``quiet()`` (the scheduler is stopped) nothing is told; what is so then is told afterwards.
    ``journal`` takes what was done, and is never waited for (law 3).
    """

    def __init__(
        self,
        pools: Pools,
        clock: Callable[[], Moment],
        open_balancer: Callable[[Words], Balancer],
        *,
        changed: Callable[[str], None],
        tell: Callable[[Pool, News], None],
        turn: Callable[[Pool], None] = lambda pool: None,
        max_age: Callable[[Voter], float],
        journal: Callable[[Sequence[Deed]], None] = lambda deeds: None,
        passive: bool = False,
        quiet: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pools = pools
        self._clock = clock
        self._changed = changed
        self._tell = tell
        self._turn = turn
        self._max_age = max_age
        self._passive = passive
        self._quiet = quiet
        self._journal = journal
        self._journals: dict[str, Journal] = {}
        self._looking: set[Place] = set()
        self._lines = Lines(open_balancer, self._look)
        self._sights: dict[str, Sight] = {}
        self._alarms = Timers(partial(self.wake, by="a clock of the pool"))
        self._retries = Timers(partial(self.wake, by="retry"))

    async def start(self, saved: Mapping[str, SavedPool]) -> None:
        """Begin to read every pool's table, adopt what is there, and bring it into shape; then keep it so.

        Balancers are read side by side and nobody waits for them: one that hangs delays neither the others
        nor a single check.  Votes that come before a table has been read are counted.
        """
        self._pools.recall(saved.values(), self._clock())
        self.wake(*self._pools.names, by="start")

    def wake(self, *names: str, by: str = RESYNC) -> None:
        """Look at these pools at the next turn of the loop; ``by`` says what asks for it."""
        for name in names:
            if name in self._pools:
                self._lines.wake(self._pools.plan(name).balancer, name, by)

    def resync(self, by: str = RESYNC) -> None:
        """Look at every pool, and let go of what is of none any more; called every few seconds."""
        self._forget()
        self.wake(*self._pools.names, by=by)

    def views(self) -> tuple[PoolView, ...]:
        """All pools as last seen."""
        now = self._clock()
        here = (view(self._pools, name, self.sight(name), now) for name in self._pools.names)
        return (*here, *map(kept_view, self._pools.kept()))

    def sight(self, name: str) -> Sight:
        """What was last seen of a pool."""
        sight = self._sights.get(name)
        same = sight is not None and name in self._pools and sight.place == place_of(self._pools.plan(name))
        return sight if sight is not None and same else Sight()

    def instruct(self, order: Order) -> str:
        """Take an operator's word on a server, and have it carried out.  Raises ControlError."""
        said = self._pools.instruct(order, self._clock())
        until = "" if order.seconds is None else f" for {order.seconds:g} s"
        text = f"pool {order.pool}: {order.who}: {order.verb} {order.server}{until}: {said}"
        events.say(logging.INFO, "operator", text, pool=order.pool, server=order.server, who=order.who)
        self._changed(order.pool)
        self.wake(order.pool, by=f"{order.who}: {order.verb} {order.server}{until}")
        return said

    async def plan(self, plans: Iterable[Pool] | None, order: Order | None) -> list[Step]:
        """What would be done now, with another configuration or after an operator's word; nothing is.

        Raises BalancerError, and ControlError when the order would be refused.
        """
        trial, now = self._pools.supposing(), self._clock()
        if plans is not None:
            trial.reload(plans, now)
        if order is not None:
            trial.instruct(order, now)
        return await asyncio.gather(*(self._step(trial, name, now) for name in trial.names))

    async def _step(self, trial: Pools, name: str, now: Moment) -> Step:
        plan = trial.plan(name)
        table = await self._lines.to(plan.balancer).read(plan.id)
        if trial.unread(name):
            trial.adopt(name, table, None, now, max_age=self._max_age)
        wish = trial.wanted(name, now)
        return Step(name, plan.balancer, wish.changes(table), wish.waiting or by_name(plan, wish.outlook))

    def explain(self, server: str) -> list[str]:
        """Why a server has its weight, in each of its pools."""
        now = self._clock()
        return [
            line
            for name in self._pools.names
            for line in explained(self._pools, name, server, self.sight(name), now)
        ]

    async def close(self) -> None:
        """Finish the changes under way, and slow starts at once; else tables stay as they are."""
        self._alarms.keep(())
        self._retries.keep(())
        await self._lines.stop()
        if not self._passive:
            await self._last_words()
        await self._lines.close()

    async def _last_words(self) -> None:
        """Final weights, and clean stops."""
        changed = self._pools.finish() | self._pools.withdraw()
        with contextlib.suppress(TimeoutError):  # a balancer that does not answer holds up no end
            async with asyncio.timeout(LAST_WORDS):
                await asyncio.gather(*(self._look(name, "stop") for name in changed))

    def _forget(self) -> None:
        """Keep nothing of pools that are gone, and no line to a balancer that no pool uses."""
        names = frozenset(self._pools.names)
        kept: tuple[dict[str, Any], ...] = (self._sights, self._journals)
        self._alarms.keep(names)
        self._retries.keep(names)
        for known in kept:
            for name in known.keys() - names:
                del known[name]
        self._lines.keep({self._pools.plan(name).balancer for name in names})

    async def _look(self, name: str, trigger: str) -> None:
        """Bring one pool into shape; a balancer that does not let us is told of, and tried again."""
        if name not in self._pools:
            return
        plan = self._pools.plan(name)
        place = place_of(plan)
        if place in self._looking:  # its new line is at it; this one asked when it had the pool
            return
        self._looking.add(place)
        try:
            await self._look_at(plan, trigger)
        finally:
            self._looking.discard(place)

    async def _look_at(self, plan: Pool, trigger: str) -> None:
        sight = self._sights.get(plan.name)
        if sight is None or sight.place != place_of(plan):  # what was seen at another place was another pool
            sight = self._sights[plan.name] = Sight(place=place_of(plan))
        self._ask_quorum(plan, well=False)
        try:
            await self._shape(plan, sight, trigger)
        except BalancerError as error:
            self._failed(plan, sight, str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours with one pool must not end the care for all
            events.log.exception("pool %s: a fault in mon", plan.name)
            self._failed(plan, sight, f"a fault in mon: {type(error).__name__}: {error}")
        else:
            self._succeeded(plan, sight)

    async def _shape(self, plan: Pool, sight: Sight, trigger: str) -> None:
        line = self._lines.to(plan.balancer)
        before = await line.read(plan.id)
        if not self._current(plan):
            return
        now = self._clock()
        self._learn(plan, before, now)
        wish = self._pools.wanted(plan.name, now)
        self._alarms.set(plan.name, None if wish.due is None else max(0.0, wish.due - now.mono))
        edits = wish.changes(before)
        sight.table, sight.outlook = before, wish.outlook
        case = Case(plan, wish, self._pools.facts(plan.name, now), trigger, edits, before, before)
        if self._passive:
            self._watch(plan, sight, edits)
            self._write(replace(case, trouble="passive: nothing is applied"))
            return
        try:
            if edits:
                await self._apply(line, plan, sight, wish, edits)
            self._left(plan, sight)
            self._compare(plan, sight, wish)
        except BalancerError as error:
            case = replace(case, trouble=str(error))
            raise
        finally:
            self._write(replace(case, after=sight.table))
            self._tell_of(plan, case)

    def _learn(self, plan: Pool, table: Table, now: Moment) -> None:
        """Let the pool know its table, and tell what was changed by hand."""
        if self._pools.unread(plan.name):
            self._pools.adopt(plan.name, table, None, now, max_age=self._max_age)
        changed, notes = self._pools.look(plan.name, table, now)
        for note in notes:
            events.say(logging.WARNING, "drift", f"pool {plan.name}: {note}", pool=plan.name)
            self._note(plan, note, trigger=BY_HAND)
        if changed or notes:
            self._changed(plan.name)

    async def _apply(
        self, line: Line, plan: Pool, sight: Sight, wish: Wanted, edits: Sequence[Change]
    ) -> None:
        """Change, and read back whatever came of it."""
        before = sight.table
        try:
            await line.apply(edits)
        finally:
            sight.table = await line.read(plan.id)
            self._left(plan, sight)
            events.weights(plan, before, sight.table, wish.why)
        self._changed(plan.name)

    def _left(self, plan: Pool, sight: Sight) -> None:
        """So we leave the table, unless the pool is at another place by now."""
        if self._current(plan):
            self._pools.leave(plan.name, sight.table)

    def _write(self, case: Case) -> None:
        self._journal(self._journals.setdefault(case.plan.name, Journal()).deeds(case))

    def _note(self, plan: Pool, what: str, *, trigger: str = "") -> None:
        """Write down something about the pool as a whole."""
        self._journal([Deed(self._clock().wall, plan.name, what, trigger=trigger)])

    def _watch(self, plan: Pool, sight: Sight, edits: Sequence[Change]) -> None:
        """Of a passive daemon: say what would be done, once."""
        would = "; ".join(describe(edit) for edit in edits)
        if would != sight.would:
            sight.would = would
            text = f"pool {plan.name}: would {would or 'change nothing: the table is as it should be'}"
            events.say(logging.INFO, "passive", text, pool=plan.name)

    def _compare(self, plan: Pool, sight: Sight, wish: Wanted) -> None:
        """Read back is not as it should be: an error, unless the wish changed meanwhile (law 3)."""
        if not self._current(plan):
            return
        differences = self._pools.settle(plan.name, sight.table, self._clock())
        if differences and self._pools.wanted(plan.name, self._clock()).table == wish.table:
            raise BalancerMismatch("; ".join(differences))

    def _current(self, plan: Pool) -> bool:
        """Is the pool still there, at the same place?  A reload may come while the balancer is asked."""
        return plan.name in self._pools and place_of(self._pools.plan(plan.name)) == place_of(plan)

    def _failed(self, plan: Pool, sight: Sight, trouble: str) -> None:
        if not self._current(plan):  # a reload took the pool away from this balancer
            return
        if plan.name not in self._retries:  # else the resync was faster than the retry
            delay = min(LAST_RETRY, FIRST_RETRY * 2.0**sight.failures)
            sight.failures += 1
            self._retries.set(plan.name, delay)
        text = f"balancer {' '.join(plan.balancer)}: {trouble}"
        if trouble != sight.trouble:
            sight.trouble = trouble
            events.say(
                logging.ERROR, "balancer", f"pool {plan.name}: {text}", pool=plan.name, trouble=trouble
            )
            self._note(plan, text)
        self._say(plan, News(BALANCER, trouble, text))

    def _succeeded(self, plan: Pool, sight: Sight) -> None:
        if not self._current(plan):
            return
        if sight.trouble:
            well = f"pool {plan.name}: the balancer is well again"
            events.say(logging.INFO, "balancer", well, pool=plan.name, trouble="")
            self._note(plan, "the balancer is well again")
        sight.failures, sight.trouble = 0, ""
        self._retries.set(plan.name, None)
        self._say(plan, News(BALANCER))
        self._ask_quorum(plan, well=True)

    def _tell_of(self, plan: Pool, case: Case) -> None:
        """What people must know of the pool itself; nothing is news before the first round is over."""
        if (
            self._current(plan)
            and case.facts.ready
            and (not case.wish.waiting or case.facts.memory.hands_off)
        ):
            self._say(plan, pool_news(plan, case.wish))
            self._say(plan, floor_news(plan, case.wish))

    def _say(self, plan: Pool, news: News) -> None:
        if not (self._passive or self._quiet()) and self._pools.news(plan.name, news.topic) != news.about:
            self._tell(plan, news)

    def _ask_quorum(self, plan: Pool, *, well: bool) -> None:
        """A quorum that is lost is told at once, one that is there when the table is as it should be."""
        silent = self._passive or self._quiet()
        turn = None if silent else self._pools.turning(plan.name, self._clock())
        if turn is not None and turn.up is well:
            self._turn(plan)
