"""What a pool went through, as it is saved: who turned when, who left how often, what others insist on."""

from collections.abc import Collection

from mon.model.moment import Moment
from mon.model.pool import Pool, ServerEntry, ServerId, ServiceEntry, Table
from mon.pool.memory import Memory
from mon.pool.quorum import Standing, same_boot
from mon.pool.told import Told
from mon.pool.wish import service_entry
from mon.structs import Struct, replace


class SavedTurn(Struct, frozen=True):
    """When a server was last let in (``inside``) or put out."""

    server: ServerId
    since: float
    inside: bool


class SavedExit(Struct, frozen=True):
    """A server was voted out."""

    server: ServerId
    at: float


class SavedRepair(Struct, frozen=True):
    """Something was put back that another hand had changed."""

    what: str
    at: float


class SavedPin(Struct, frozen=True):
    """A server that is left to somebody else; ``entry`` None: they have it out of the table."""

    server: ServerId
    entry: ServerEntry | None = None


class SavedQuorum(Struct, frozen=True):
    """The quorum as its commands were told.  ``mono`` tells one boot of the machine from another."""

    up: bool
    since: float
    mono: float


class Past(Struct, frozen=True):
    """All of it.  ``meant`` are the settings that ``service`` stands instead of.  Times are wall seconds."""

    turns: tuple[SavedTurn, ...] = ()
    exits: tuple[SavedExit, ...] = ()
    repairs: tuple[SavedRepair, ...] = ()
    pins: tuple[SavedPin, ...] = ()
    meant: ServiceEntry | None = None
    service: ServiceEntry | None = None
    hands_off: str = ""
    news: tuple[tuple[str, str], ...] = ()
    quorum: SavedQuorum | None = None


def past_of(plan: Pool, memory: Memory, told: Told, latest: Moment) -> Past:
    """What is to be saved; ``latest`` is a moment of this boot, to give monotonic times a wall time."""
    inside = memory.inside if memory.inside is not None else memory.found
    offset, quorum = latest.wall - latest.mono, told.quorum
    return Past(
        turns=()
        if inside is None
        else tuple(SavedTurn(id_, since.wall, id_ in inside) for id_, since in memory.turned.items()),
        exits=tuple(SavedExit(id_, at + offset) for at, id_ in memory.exits),
        repairs=tuple(SavedRepair(what, at + offset) for at, what in memory.repairs),
        pins=tuple(SavedPin(id_, entry) for id_, entry in memory.pinned.items()),
        meant=service_entry(plan) if memory.service or memory.hands_off else None,
        service=memory.service,
        hands_off=memory.hands_off,
        news=tuple(told.news.items()),
        quorum=SavedQuorum(quorum.up, quorum.since.wall, quorum.since.mono) if quorum else None,
    )


def with_past(
    memory: Memory, past: Past, plan: Pool, table: Table, members: Collection[ServerId], now: Moment
) -> Memory:
    """The memory with its past again, beside the table that is found now.

    A server that was turned meanwhile turned now.  What is left to others is left as they have it by now; the
    settings of the service only while mon.cf means the same by them.
    """
    there = {server.id: server for server in table.servers}
    serving = {id_ for id_, server in there.items() if server.weight > 0}
    same = past.meant == service_entry(plan)
    return replace(
        memory,
        turned={
            turn.server: now.later(-_ago(turn.since, now))
            for turn in past.turns
            if turn.server in members and turn.inside is (turn.server in serving)
        },
        exits=tuple((now.mono - _ago(one.at, now), one.server) for one in past.exits),
        repairs=tuple((now.mono - _ago(one.at, now), one.what) for one in past.repairs),
        pinned={pin.server: there.get(pin.server) for pin in past.pins if pin.server in members},
        service=table.service if past.service is not None and same else None,
        hands_off=past.hands_off if same and table.service is None else "",
    )


def told_again(past: Past, now: Moment) -> Told:
    """What the world was told; after a start of the machine nobody knows of the quorum any more."""
    quorum, standing = past.quorum, None
    if quorum is not None and same_boot(Moment(quorum.since, quorum.mono), now):
        standing = Standing(quorum.up, now.later(-_ago(quorum.since, now)))
    return Told(standing, dict(past.news))


def _ago(wall: float, now: Moment) -> float:
    """How long ago that was; a clock that was set back makes it now."""
    return max(0.0, now.wall - wall)
