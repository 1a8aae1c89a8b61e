"""Our own commands: a row each.  Another channel with other habits would use the same table."""

import os
from collections.abc import Awaitable, Callable
from types import MappingProxyType

from mon.control import alerts, asked, pools, quiet
from mon.control.asked import Arguments
from mon.control.operations import Operations
from mon.control.status import status
from mon.structs import Struct


class Command(Struct, frozen=True):
    """``writes``: only for root and the daemon's own user.  The value of ``run`` must have a JSON form."""

    run: Callable[[Operations, Arguments], Awaitable[object]]
    writes: bool = True


async def _status(operations: Operations, arguments: Arguments) -> object:
    return await status(operations)


async def _pids(operations: Operations, arguments: Arguments) -> object:
    """The daemon's process, and that of each monitor which has one."""
    pids = {key: operations.running(key) for key in operations.book.services}
    monitors = [{"watch": key[0], "service": key[1], "pid": pid} for key, pid in pids.items() if pid]
    return {"server": os.getpid(), "monitors": monitors}


async def _test(operations: Operations, arguments: Arguments) -> object:
    return await operations.test_check(asked.service(operations, arguments))


async def _check_now(operations: Operations, arguments: Arguments) -> object:
    return {"started": operations.check_now(asked.service(operations, arguments))}


async def _reload(operations: Operations, arguments: Arguments) -> object:
    return await operations.reload(force=arguments.get("force") is True)


async def _stop(operations: Operations, arguments: Arguments) -> object:
    operations.terminate()
    return {"stopping": os.getpid()}


COMMANDS = MappingProxyType(
    {
        "status": Command(_status, writes=False),
        "pools": Command(pools.pools, writes=False),
        "pids": Command(_pids, writes=False),
        "alerts": Command(alerts.alerts, writes=False),
        "alerts-retry": Command(alerts.retry),
        "alerts-drop": Command(alerts.drop),
        "why": Command(alerts.why, writes=False),
        "ack": Command(quiet.ack),
        "silence": Command(quiet.silence),
        "unsilence": Command(quiet.unsilence),
        "silences": Command(quiet.silences, writes=False),
        "pool-words": Command(pools.words, writes=False),
        "pool-word": Command(pools.word),
        "pool-why": Command(pools.why, writes=False),
        "pool-journal": Command(pools.journal, writes=False),
        "plan": Command(pools.plan),
        "test": Command(_test),
        "check-now": Command(_check_now),
        "reload": Command(_reload),
        "stop": Command(_stop),
    }
)
