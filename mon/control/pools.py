"""Commands on pools: an operator's word on a server, and all such words."""

from collections.abc import Mapping

from mon.codec import decode, encode
from mon.control import asked
from mon.control.operations import Operations
from mon.errors import BalancerError, ConfigError, ControlError, StoreError
from mon.model.deed import Deed
from mon.pool.operators import Order
from mon.structs import Struct

MOST = 1000
"""Deeds in one answer: the latest."""


async def pools(operations: Operations, arguments: Mapping[str, object]) -> object:
    """The pools as last read."""
    return operations.pools()


async def word(operations: Operations, arguments: Mapping[str, object]) -> object:
    """Take an operator's word on one server; ``who`` is what the channel knows of them."""
    return {"said": await operations.instruct(_order(arguments))}


async def plan(operations: Operations, arguments: Mapping[str, object]) -> object:
    """What a configuration or an order would do to the balancers; nothing is done."""
    config = arguments.get("config")
    order = _order(arguments) if "verb" in arguments else None
    try:
        return await operations.plan_pools(config if isinstance(config, str) and not order else "", order)
    except (ConfigError, BalancerError) as error:
        raise ControlError(str(error)) from error


class ServerWhy(Struct, frozen=True):
    """What gave a real server its weight, as it was recorded up to a wall time: the last deed in each pool.

    ``standing`` are lines about the present (the votes as they are, the weight last read); () of a past time.
    """

    now: float
    at: float
    recorded: tuple[Deed, ...]
    standing: tuple[str, ...] = ()
    trouble: str = ""


async def why(operations: Operations, arguments: Mapping[str, object]) -> object:
    """Why a real server has its weight, or had it ``at`` a wall time."""
    server, at = asked.text(arguments, "server"), asked.number(arguments, "at")
    now, trouble = operations.now().wall, ""
    recorded: tuple[Deed, ...] = ()
    standing = tuple(operations.explain(server)) if at is None else ()
    try:
        recorded = await operations.records.history.last_deeds(server, until=at)
    except StoreError as error:  # what is known now can still be told
        trouble = f"what was recorded cannot be read: {error}"
    if not (standing or recorded or trouble):
        past = "" if at is None else ", or had one then, as far as it is recorded"
        raise ControlError(f"no pool has a server {server!r:.80}{past}")
    return ServerWhy(now, now if at is None else at, recorded, standing, trouble)


async def journal(operations: Operations, arguments: Mapping[str, object]) -> object:
    """What was done to a pool (``server``: to one of its servers) since a wall time, oldest first."""
    pool, server = asked.text(arguments, "pool"), asked.text(arguments, "server")
    since = asked.number(arguments, "since") or 0.0
    try:
        return await operations.records.history.deeds(pool=pool, server=server, since=since, limit=MOST)
    except StoreError as error:
        raise ControlError(f"the journal cannot be read: {error}") from error


async def words(operations: Operations, arguments: Mapping[str, object]) -> object:
    """All words of operators that hold."""
    return [
        {
            "pool": pool,
            "server": str(word.server),
            "weight": word.weight,
            "who": word.who,
            "why": word.why,
            "at": word.at,
            "until": word.until,
            "drain": word.drain,
        }
        for pool, word in operations.words()
    ]


def _order(arguments: Mapping[str, object]) -> Order:
    try:
        return decode(encode(dict(arguments)), Order)
    except StoreError as error:
        raise ControlError(f"an order needs pool, server and verb: {error}") from error
