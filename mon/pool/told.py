"""What the world was told of a pool: its quorum by commands, other news by alerts; it outlives a restart."""

from collections.abc import Mapping
from types import MappingProxyType

from mon.model.moment import Moment
from mon.model.pool import Pool, Table
from mon.pool.facts import Facts
from mon.pool.quorum import Standing, healthy
from mon.structs import Struct, field, replace


class Told(Struct, frozen=True):
    """``quorum`` None: nobody was told anything yet.  ``news``: by topic, what the last alert was about."""

    quorum: Standing | None = None
    news: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def taken_over(told: Told, plan: Pool, table: Table, now: Moment) -> Told:
    """At adoption: a service that is found with enough servers in has its quorum, and nobody is called."""
    serving = {server.id for server in table.servers if server.weight > 0}
    inside = sum(member.weight > 0 and member.id in serving for member in plan.members)
    return _known(told, plan, inside, now)


def carried(told: Told, plan: Pool, before: Facts, now: Moment) -> Told:
    """After a reload: what stands stands; a quorum that is new to a pool which serves is as it is found."""
    if plan.quorum is None:
        return replace(told, quorum=None)
    return _known(told, plan, healthy(before) if before.ready else 0, now)


def _known(told: Told, plan: Pool, inside: int, now: Moment) -> Told:
    if plan.quorum is None or told.quorum is not None or inside < plan.quorum.count:
        return told
    return replace(told, quorum=Standing(True, now))
