"""A question and its answer over UDP, asked again while nothing comes."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint
from mon.probe.deadlines import Deadline, Deadlines
from mon.probe.faults import UNREADABLE, judged, unreadable
from mon.probe.poller import READABLE, Poller

T = TypeVar("T")
LARGEST = 65535
AT_ONCE = 16
"""Datagrams read before others get their turn."""


class Clocks(NamedTuple):
    """What watches sockets and time for all checks of a loop."""

    poller: Poller
    deadlines: Deadlines


async def ask(
    endpoints: Sequence[Endpoint],
    send: bytes,
    take: Callable[[bytes], T | None],
    *,
    timeout: float,
    attempts: int,
    bind: Endpoint | None,
    clocks: Clocks,
) -> T:
    """What ``take`` makes of the answer of the first endpoint that does not refuse at once."""
    worst: Finding | None = None
    for to in endpoints:
        try:
            with _open(to, bind) as sock:
                return await _Question(sock, send, take, clocks).answered(timeout, attempts)
        except OSError as error:
            finding: Finding = judged(error, at_once=True)
        except Finding as error:
            if error.cause is not Cause.REFUSED:
                raise
            finding = error
        worst = finding if worst is None or isinstance(worst, Unknown) else worst
    assert worst is not None  # there is at least one address
    raise worst


def _open(to: Endpoint, bind: Endpoint | None) -> socket.socket:
    """A socket that hears only ``to``, and is told when nobody listens there.  Raises OSError."""
    sock = socket.socket(to.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if bind is not None:
            sock.bind(bind.address)
        sock.connect(to.address)
    except OSError:
        sock.close()
        raise
    return sock


class _Question(Generic[T]):
    """One socket on which a question is under way."""

    def __init__(
        self, sock: socket.socket, send: bytes, take: Callable[[bytes], T | None], clocks: Clocks
    ) -> None:
        self._sock = sock
        self._send = send
        self._take = take
        self._clocks = clocks
        self._done: asyncio.Future[T | Finding] = asyncio.get_running_loop().create_future()
        self._left = 0
        self._share = 0.0
        self._limit: Deadline | None = None
        self._strange = 0

    async def answered(self, timeout: float, attempts: int) -> T:
        """Ask, wait a share of the time, ask again."""
        self._left, self._share = attempts, timeout / attempts
        self._clocks.poller.watch(self._sock.fileno(), self._ready)
        try:
            self._sock.send(self._send)
            self._wait()
            return _given(await self._done, timeout, self._strange)
        finally:
            self._clocks.poller.forget(self._sock.fileno())
            if self._limit is not None:
                self._limit.cancel()

    def _wait(self) -> None:
        self._left -= 1
        self._limit = self._clocks.deadlines.set(self._share, self._again)

    def _again(self) -> None:
        """No answer in its share of the time."""
        if not self._left:
            return self._settle(LATE)
        try:
            self._sock.send(self._send)
        except OSError as error:
            return self._settle(judged(error, at_once=True))
        return self._wait()

    def _settle(self, outcome: T | Finding) -> None:
        if not self._done.done():
            self._done.set_result(outcome)

    def _ready(self, events: int) -> None:
        """Read all that is there, a few in a turn of the loop: it is told once."""
        if events & READABLE:
            self._read()

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            if self._done.done():
                return
            try:
                found: T | Finding | None = self._take(self._sock.recv(LARGEST))
            except BlockingIOError:  # nothing more, or its checksum was wrong
                return
            except OSError as error:
                found = judged(error, at_once=False)
            except Finding as finding:
                found = finding
            except UNREADABLE as error:
                found = unreadable(error)
            except Exception as error:  # noqa: BLE001  (a fault of the check itself, for whoever runs it)
                self._done.set_exception(error)
                return
            if found is None:
                self._strange += 1
            else:
                self._settle(found)
        asyncio.get_running_loop().call_soon(self._read)


LATE = Down("no answer in time", cause=Cause.TIMEOUT)
"""Nobody hears this one: ``_given`` says it with numbers."""


def _given(outcome: T | Finding, timeout: float, strange: int) -> T:
    if outcome is LATE and strange:
        raise Down(f"no answer within {timeout:g} s but {strange} that do not fit")
    if outcome is LATE:
        raise Down(f"no answer within {timeout:g} s", cause=Cause.TIMEOUT)
    if isinstance(outcome, Finding):
        raise outcome
    return outcome
