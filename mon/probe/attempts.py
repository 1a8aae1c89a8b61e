"""Several addresses of one name: who drops packets costs a share of the time and not all of it (RFC 8305).

An attempt begins before the one at the address before it is given up; the first that is connected is taken.
"""

import asyncio
import errno
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any, TypeVar

from mon.errors import Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint

T = TypeVar("T")
DELAY = 0.25
"""Seconds from one attempt to the next, where there is time for it (RFC 8305, 5)."""

UNDER_WAY = frozenset((0, errno.EINPROGRESS))
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h


def delay(seconds: float, attempts: int) -> float:
    """From one attempt to the next: all begin early enough to be answered within ``seconds``."""
    return min(DELAY, seconds / (attempts + 1))


def interleaved(addresses: Sequence[str]) -> tuple[str, ...]:
    """The first one stays first; then those of the other family and its own in turn (RFC 8305, 4)."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    other = [address for address in addresses if (":" in address) != (":" in addresses[0])]
    return tuple(filter(None, chain.from_iterable(zip_longest(first, other))))


async def race(
    attempts: Sequence[Callable[[], Coroutine[Any, Any, T]]], seconds: float, close: Callable[[T], object]
) -> T:
    """What the first attempt that succeeds gives; what others give is closed.

    An attempt raises a Finding, and ends within ``seconds`` by itself.  When all have failed, the first
    that is about the host is raised, else the first that is about ourselves.
    """
    pause = delay(seconds, len(attempts))
    waiting = deque(attempts)
    tasks: list[asyncio.Task[T]] = []
    worst: Finding | None = None
    try:
        while waiting or tasks:
            if waiting:
                tasks.append(asyncio.ensure_future(waiting.popleft()()))
            await asyncio.wait(tasks, timeout=pause if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in tasks if task.done()]:
                tasks.remove(task)
                try:
                    return task.result()
                except Finding as finding:
                    worst = worst if worst and not isinstance(worst, Unknown) else finding
    finally:
        for task in tasks:
            _drop(task, close)
    raise worst or Unknown("there is no address to connect to", cause=Cause.NONE)


def _drop(task: asyncio.Task[T], close: Callable[[T], object]) -> None:
    if not task.done():
        task.cancel()
    elif not task.cancelled() and task.exception() is None:
        close(task.result())


class NotReached(OSError):
    """No address could be connected to: the first one's error; ``at_once`` if our own kernel gave it."""

    at_once = False


def reach(places: Sequence[Endpoint], seconds: float, bind: Endpoint | None = None) -> socket.socket:
    """The same for a thread: a connected socket that blocks, with this timeout.

    Raises NotReached, or TimeoutError when no answer came from anywhere.
    """
    until = time.monotonic() + seconds
    pause = delay(seconds, len(places))
    waiting = deque(places)
    failed: list[NotReached] = []
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or selector.get_map():
                if waiting:
                    _begin(selector, waiting.popleft(), bind, failed)
                left = until - time.monotonic()
                if left <= 0:
                    break
                if selector.get_map() or not waiting:
                    for key, _ in selector.select(min(pause, left) if waiting else left):
                        if (sock := _made(selector, key.fileobj, failed)) is not None:
                            sock.settimeout(seconds)
                            return sock
        finally:
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()
    if failed:
        raise min(failed, key=lambda error: error.at_once)
    raise TimeoutError(f"no connection within {seconds:g} s")


def _begin(
    selector: selectors.BaseSelector, to: Endpoint, bind: Endpoint | None, failed: list[NotReached]
) -> None:
    try:
        sock = socket.socket(to.family, socket.SOCK_STREAM)
    except OSError as error:
        failed.append(_not_reached(error, at_once=True))
        return
    try:
        sock.setblocking(False)
        if bind is not None:
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(bind.address)
        number = sock.connect_ex(to.address)
        if number not in UNDER_WAY:
            raise OSError(number, os.strerror(number))
        selector.register(sock, selectors.EVENT_WRITE)
    except OSError as error:
        sock.close()
        failed.append(_not_reached(error, at_once=True))


def _made(selector: selectors.BaseSelector, sock: Any, failed: list[NotReached]) -> socket.socket | None:
    """The socket if it is connected; else it is closed."""
    assert isinstance(sock, socket.socket)
    selector.unregister(sock)
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not number or number in (errno.ECONNRESET, errno.EPIPE):  # it was connected, and may have spoken
        return sock
    with suppress(OSError):
        sock.close()
    failed.append(_not_reached(OSError(number, os.strerror(number)), at_once=False))
    return None


def _not_reached(error: OSError, *, at_once: bool) -> NotReached:
    made = NotReached(error.errno, error.strerror)
    made.at_once = at_once
    return made
