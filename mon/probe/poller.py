"""The sockets of our checks, watched by an epoll of their own inside the event loop's.

The loop sees one descriptor, ours; what is ready on it goes straight to whoever watches.  A check then costs
two epoll calls, where ``add_reader`` and ``add_writer`` cost five and a handle and a selector key each.  As
the loop does nothing here, asyncio and uvloop do it alike.
"""

import asyncio
import select
import time
from collections import OrderedDict
from collections.abc import Callable

EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
"""Everything, told once when it begins (epoll(7), edge-triggered): nothing needs to be asked for again."""

ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
READABLE = select.EPOLLIN | ENDED
BROKEN = select.EPOLLERR | select.EPOLLHUP

AT_ONCE = 32
"""Descriptors looked after in one turn of the loop: who they are told to costs some 2 ms in the next one."""

SPELL = 0.002
"""Seconds after which the others wait for the next turn, so that no number of servers that send what is
tedious to read holds up the loop; a single one may take longer, by what it reads in a turn."""

Due = OrderedDict[int, int]
"""Descriptors and the events that are to be told, in the order in which they came."""

Ready = Callable[[int], None]
"""Called with the events.  It may close its own socket: what was still to be told of it is forgotten."""


class Poller:
    """Watches sockets for one event loop.  Opened when first needed; ``close`` at the end."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: dict[int, Ready] = {}
        self._new: Due = OrderedDict()
        self._left: Due = OrderedDict()  # of those that would not stop, which wait behind all others
        self._called = False

    def watch(self, fd: int, ready: Ready) -> None:
        """Tell ``ready`` of every event from now on, of what is there already too.  Raises OSError."""
        epoll = self._epoll or self._open()
        epoll.register(fd, EVENTS)
        self._ready[fd] = ready

    def forget(self, fd: int) -> None:
        """Watch it no more; to be called before it is closed."""
        self._new.pop(fd, None)
        self._left.pop(fd, None)
        if self._ready.pop(fd, None) is not None and self._epoll is not None:
            self._epoll.unregister(fd)

    def again(self, fd: int) -> None:
        """Tell it in a later turn that there is something to read: it left some."""
        if fd in self._ready:
            self._left[fd] = self._left.get(fd, 0) | READABLE
            self._call()

    def close(self) -> None:
        """Watch nothing any more."""
        if self._epoll is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._epoll = None
        for each in (self._ready, self._new, self._left):
            each.clear()
        self._called = False

    def _open(self) -> select.epoll:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._wake, self._epoll)
        return self._epoll

    def _wake(self, epoll: select.epoll) -> None:
        if len(self._new) < AT_ONCE:
            for fd, events in epoll.poll(0, AT_ONCE):
                due = self._left if fd in self._left else self._new
                due[fd] = due.get(fd, 0) | events
        if not self._called:  # else it is told in this turn or the next anyway
            self._tell()

    def _tell(self) -> None:
        """Tell what is due, of each kind at least one; what comes meanwhile is for the next turn."""
        until = time.monotonic() + SPELL
        for due, count in ((self._new, len(self._new)), (self._left, len(self._left))):
            for _ in range(count):
                if due:  # one may close others
                    self._tell_first(due)
                if time.monotonic() > until:
                    break
        if self._new or self._left:
            self._call()

    def _tell_first(self, due: Due) -> None:
        fd, events = due.popitem(last=False)
        try:
            self._ready[fd](events)
        except Exception as error:  # noqa: BLE001 - an edge is told once: the others must hear theirs
            self._complain(error)

    def _call(self) -> None:
        if not self._called:
            assert self._loop is not None  # something is watched
            self._called = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._called = False
        self._tell()

    def _complain(self, error: Exception) -> None:
        assert self._loop is not None  # it is running
        self._loop.call_exception_handler({"message": "a check failed in the poller", "exception": error})
