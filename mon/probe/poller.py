"""The sockets of our checks, watched by an epoll of their own inside the event loop's.

The loop sees one descriptor, ours; what is ready on it goes straight to whoever watches.  A check then costs
two epoll calls, where ``add_reader`` and ``add_writer`` cost five and a handle and a selector key each.  As
the loop does nothing here, asyncio and uvloop do it alike.
"""

import asyncio
import select
from collections.abc import Callable

EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
"""Everything, told once when it begins (epoll(7), edge-triggered): nothing needs to be asked for again."""

ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
READABLE = select.EPOLLIN | ENDED
BROKEN = select.EPOLLERR | select.EPOLLHUP

AT_ONCE = 32
"""Descriptors looked after in one turn of the loop: who they are told to costs some 2 ms in the next one."""

Ready = Callable[[int], None]
"""Called with the events.  It may close its own socket; new ones are opened in later turns only, so that no
event of a turn meets a descriptor that was closed and given out again."""


class Poller:
    """Watches sockets for one event loop.  Opened when first needed; ``close`` at the end."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: dict[int, Ready] = {}

    def watch(self, fd: int, ready: Ready) -> None:
        """Tell ``ready`` of every event from now on, of what is there already too.  Raises OSError."""
        epoll = self._epoll or self._open()
        epoll.register(fd, EVENTS)
        self._ready[fd] = ready

    def forget(self, fd: int) -> None:
        """Watch it no more; to be called before it is closed."""
        if self._ready.pop(fd, None) is not None and self._epoll is not None:
            self._epoll.unregister(fd)

    def close(self) -> None:
        """Watch nothing any more."""
        if self._epoll is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._epoll = None
        self._ready.clear()

    def _open(self) -> select.epoll:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._wake, self._epoll)
        return self._epoll

    def _wake(self, epoll: select.epoll) -> None:
        for fd, events in epoll.poll(0, AT_ONCE):
            ready = self._ready.get(fd)
            if ready is None:
                continue
            try:
                ready(events)
            except Exception as error:  # noqa: BLE001 - an edge is told once: the others must hear theirs
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        assert self._loop is not None  # it is running
        self._loop.call_exception_handler({"message": "a check failed in the poller", "exception": error})
