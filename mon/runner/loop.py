"""The event loop that the daemon and its workers run on: uvloop, where it is installed, or asyncio's own.

Nothing of ours depends on which: sockets of checks are in an epoll of their own, children are started by
ourselves (uvloop's own way forks: 56 per second from a large process, measured), and signals, pipes and
servers go through the interface that both have.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end on a loop of its own."""
    return _runner()(work)


def _runner() -> Callable[[Coroutine[Any, Any, T]], T]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run
