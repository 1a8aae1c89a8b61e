"""Commands on pools: an operator's word on a server, and all such words."""

from collections.abc import Mapping

from mon.codec import decode, encode
from mon.control.operations import Operations
from mon.errors import BalancerError, ConfigError, ControlError, StoreError
from mon.pool.operators import Order


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


async def why(operations: Operations, arguments: Mapping[str, object]) -> object:
    """Why a real server has its weight."""
    server = arguments.get("server")
    lines = operations.explain(server) if isinstance(server, str) else ()
    if not lines:
        raise ControlError(f"no pool has a server {server!r:.80}")
    return lines


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
