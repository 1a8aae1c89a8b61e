"""What messages say of the pools that a service votes on."""

from collections.abc import Callable, Iterable

from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.notice import Decision, PoolLine, ServerLine
from mon.model.pool import Pool
from mon.pool.floor import least
from mon.pool.pools import Pools
from mon.pool.wish import Wanted
from mon.structs import replace


def with_pools(
    decisions: Iterable[Decision], pools: Pools, now: Moment, *, told: Callable[[Decision], bool]
) -> list[Decision]:
    """The decisions with the pools in their notices, for those that ``told`` says are for people."""
    lines: dict[Key, tuple[PoolLine, ...]] = {}
    done: list[Decision] = []
    for decision in decisions:
        key = (decision.watch, decision.service)
        if decision.notice is not None and told(decision):
            if key not in lines:
                lines[key] = pool_lines(pools, key, now)
            done.append(replace(decision, notice=replace(decision.notice, pools=lines[key])))
        else:
            done.append(decision)
    return done


def pool_lines(pools: Pools, key: Key, now: Moment) -> tuple[PoolLine, ...]:
    """The pools that a service votes on, as they are to be now (the keeper is bringing them there)."""
    plans = [pools.plan(name) for name in pools.names]
    return tuple(_line(plan, pools.wanted(plan.name, now)) for plan in plans if _votes(plan, key))


def _votes(plan: Pool, key: Key) -> bool:
    return any((voter.watch, voter.service) == key for voter in plan.voters)


def _line(plan: Pool, wish: Wanted) -> PoolLine:
    names = {member.id: member.name for member in plan.members}
    return PoolLine(
        name=plan.name,
        virtual=str(plan.id),
        servers=tuple(
            ServerLine(names.get(entry.id, ""), str(entry.id), entry.weight, wish.why.get(entry.id, ""))
            for entry in wish.table.servers
        ),
        floor=floor_words(plan),
        outlook=by_name(plan, wish.outlook),
    )


def by_name(plan: Pool, text: str) -> str:
    """The text with servers as mon.cf names them."""
    for member in sorted(plan.members, key=lambda each: -len(str(each.id))):  # :8080 before :80
        text = text.replace(str(member.id), member.name)
    return text


def floor_words(plan: Pool) -> str:
    """``50% (2 of 3)``, ``1 of 3``, "" where there is none."""
    enabled = sum(member.weight > 0 for member in plan.members)
    count = least(plan.floor, enabled)
    if plan.floor is None or not count:
        return ""
    return f"{plan.floor.share:.0%} ({count} of {enabled})" if plan.floor.share else f"{count} of {enabled}"
