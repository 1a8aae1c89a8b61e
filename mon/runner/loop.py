"""The event loop that the daemon and its workers run on: uvloop, where it is installed, or asyncio's own.

Nothing of ours depends on which: sockets of checks are in an epoll of their own, children are started by
ourselves (uvloop's own way forks: 56 per second from a large process, measured), and signals, pipes and
servers go through the interface that both have.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

YOUNG = (50_000, 40, 100)
"""For ``gc.set_threshold``.  A look at the young goes through all that was replaced since the last one: 15 to
30 ms with half of these, and then it comes whenever some hundred more programs have begun than ended; with
these it comes in storms of alerts only, where twice as many would take 100 ms and more."""

TURN = 0.0005
"""Seconds for which a thread that waits for the interpreter lets another keep it; Python's default is 5 ms.
A balancer is changed by a thread, which waits a few times on its way while the loop is busy with checks:
at 5,000 a second 99 of 100 results were on the balancer in 14 to 20 ms, and with this in 7 to 16.
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end on a loop of its own."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        return _runner()(work)
    finally:
        sys.setswitchinterval(usual)


def freeze() -> None:
    """Let the garbage collector look at what is made from now on only, and seldom.

    What a daemon holds is replaced, never linked in circles.  A full collection stops everything: over
    10,000 services' objects 0.2 s and more, 12 times a minute; frozen, not once.
    """
    gc.set_threshold(*YOUNG)
    gc.freeze()


def _runner() -> Callable[[Coroutine[Any, Any, T]], T]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run
