"""May a pool lose a server for a while that it does not have to lose?"""

from mon.model.moment import Moment
from mon.model.pool import ServerId
from mon.pool.floor import least
from mon.pool.pools import Pools


def spares(pools: Pools, name: str, id: ServerId, now: Moment) -> bool:
    """Is the server out, or are there enough others that are in by their votes (law 2)?"""
    wish, plan = pools.wanted(name, now), pools.plan(name)
    base = {member.id for member in plan.members if member.weight > 0}
    inside = {one.id for one in wish.table.servers if one.weight}.difference(wish.held)
    enough = len(base & inside - {id}) >= max(1, least(plan.floor, len(base)))
    return not pools.unread(name) and not wish.waiting and (id not in inside or enough)
