"""Commands on pools: an operator's word on a server, and all such words."""

from collections.abc import Mapping

from mon.codec import decode, encode
from mon.control.operations import Operations
from mon.errors import ControlError, StoreError
from mon.pool.operators import Order


async def pools(operations: Operations, arguments: Mapping[str, object]) -> object:
    """The pools as last read."""
    return operations.pools()


async def word(operations: Operations, arguments: Mapping[str, object]) -> object:
    """Take an operator's word on one server; ``who`` is what the channel knows of them."""
    try:
        order = decode(encode(dict(arguments)), Order)
    except StoreError as error:
        raise ControlError(f"an order needs pool, server and verb: {error}") from error
    return {"said": await operations.instruct(order)}


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
