"""What makes a pool the same one: the place that it has on a balancer."""

from mon.model.pool import Pool, VirtualId

Place = tuple[tuple[str, ...], VirtualId]
"""(balancer, virtual service): two pools of one place are the same one to the balancer."""

WAS = " (was "
"""Behind the name of a pool that left mon.cf; then its virtual service."""


def place_of(plan: Pool) -> Place:
    """The place of a plan."""
    return (plan.balancer, plan.id)


def original(name: str) -> str:
    """The name that a pool has, or had, in mon.cf."""
    return name.split(WAS)[0]
