"""What messages say of the pools that a service votes on."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from mon.daemon.sight import Sight, by_name
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.notice import Notice, PoolLine, ServerLine
from mon.model.pool import Pool
from mon.pool.floor import least
from mon.pool.pools import Pools
from mon.structs import replace

log = logging.getLogger("mon")

SETTLE, STEP = 1.0, 0.05
"""A message waits so many seconds at most for checks that decide about a pool; how often it looks then."""

NOT_SEEN = Sight()


class Telling:
    """Puts the pools into notices when they are sent: what people read is how it is, not how it was.

    ``sight`` gives what was last seen of a pool on its balancer.
    """

    def __init__(self, pools: Pools, sight: Callable[[str], Sight], clock: Callable[[], Moment]) -> None:
        self._pools = pools
        self._sight = sight
        self._clock = clock

    async def told(self, notice: Notice) -> Notice:
        """The notice with the pools that its services vote on, after checks that are about to decide."""
        try:
            return await self._told(notice)
        except Exception:  # a fault of ours in making the pool lines must not cost the message
            log.exception("%s: a fault in mon: its message is sent without its pools", notice.name)
            return replace(notice, pools=())

    async def _told(self, notice: Notice) -> Notice:
        keys = dict.fromkeys((notice.key, *(member.key for member in notice.members)))
        names = tuple(dict.fromkeys(name for key in keys for name in self._pools.voted_on(key)))
        if not names:
            return replace(notice, pools=())
        await self._settled(names)
        now = self._clock()
        lines = (pool_line(self._pools, name, self._sight(name), now) for name in self._there(names))
        return replace(notice, pools=tuple(lines))

    def _there(self, names: Iterable[str]) -> list[str]:
        """Those of them that no reload has taken away."""
        return [name for name in names if name in self._pools]

    async def _settled(self, names: Iterable[str]) -> None:
        """Wait while checks run that decide about one of the pools, but not for long."""
        end = self._clock().mono + SETTLE
        while (due := self._due(names)) is not None:
            now = self._clock().mono
            if now + due >= end:
                return
            await asyncio.sleep(min(max(due, STEP), end - now))

    def _due(self, names: Iterable[str]) -> float | None:
        now = self._clock()
        dues = (self._pools.foreseen(name, now).due for name in self._there(names))
        return min((due for due in dues if due is not None), default=None)


def pool_lines(pools: Pools, key: Key, now: Moment) -> tuple[PoolLine, ...]:
    """The pools that a service votes on, as they are to be now (the keeper is bringing them there)."""
    return tuple(pool_line(pools, name, NOT_SEEN, now) for name in pools.voted_on(key))


def pool_line(pools: Pools, name: str, sight: Sight, now: Moment) -> PoolLine:
    """A pool as it is to be now, what follows, and what the balancer still has if it does not obey."""
    plan, wish, soon = pools.plan(name), pools.wanted(name, now), pools.foreseen(name, now)
    names = {member.id: member.name for member in plan.members}
    has = {entry.id: entry.weight for entry in sight.table.servers} if sight.trouble else {}
    news = [f"{names.get(id_, str(id_))} {words}" for id_, words in soon.soon.items()]
    return PoolLine(
        name=plan.name,
        virtual=str(plan.id),
        servers=tuple(
            ServerLine(
                names.get(one.id, ""),
                str(one.id),
                one.weight,
                _still(wish.why.get(one.id, ""), has.get(one.id, one.weight), one.weight),
            )
            for one in wish.table.servers
        ),
        floor=floor_words(plan),
        outlook=by_name(plan, wish.outlook),
        soon=by_name(plan, "; ".join((*news, f"then {soon.outlook}") if soon.outlook else news)),
        trouble=sight.trouble,
        at=now.wall,
    )


def _still(why: str, has: int, wanted: int) -> str:
    return why if has == wanted else f"the balancer still has weight {has}; {why}"


def floor_words(plan: Pool) -> str:
    """``50% (2 of 3)``, ``1 of 3``, "" where there is none."""
    enabled = sum(member.weight > 0 for member in plan.members)
    count = least(plan.floor, enabled)
    if plan.floor is None or not count:
        return ""
    return f"{plan.floor.share:.0%} ({count} of {enabled})" if plan.floor.share else f"{count} of {enabled}"
