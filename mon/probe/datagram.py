"""A question and its answer over UDP, asked again while nothing comes."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint
from mon.probe.faults import judged

T = TypeVar("T")
LARGEST = 65535


async def ask(
    endpoints: Sequence[Endpoint],
    send: bytes,
    take: Callable[[bytes], T | None],
    *,
    timeout: float,
    attempts: int,
    bind: Endpoint | None,
) -> T:
    """What ``take`` makes of the answer of the first endpoint that does not refuse at once."""
    worst: Finding | None = None
    for to in endpoints:
        try:
            with _open(to, bind) as sock:
                return await _Question(sock, send, take).answered(timeout, attempts)
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

    def __init__(self, sock: socket.socket, send: bytes, take: Callable[[bytes], T | None]) -> None:
        self._sock = sock
        self._send = send
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[T | Finding] = self._loop.create_future()
        self._strange = 0

    async def answered(self, timeout: float, attempts: int) -> T:
        """Ask, wait a share of the time, ask again."""
        self._loop.add_reader(self._sock, self._read)
        try:
            for _ in range(attempts):
                self._sock.send(self._send)
                await asyncio.wait((self._done,), timeout=timeout / attempts)
                if self._done.done():
                    return _given(self._done.result())
        finally:
            self._loop.remove_reader(self._sock)
            self._done.cancel()
        if self._strange:
            raise Down(f"no answer within {timeout:g} s but {self._strange} that do not fit")
        raise Down(f"no answer within {timeout:g} s", cause=Cause.TIMEOUT)

    def _read(self) -> None:
        if self._done.done():
            return
        try:
            found: T | Finding | None = self._take(self._sock.recv(LARGEST))
        except BlockingIOError:  # its checksum was wrong
            return
        except OSError as error:
            found = judged(error, at_once=False)
        except Finding as finding:
            found = finding
        except Exception as error:  # noqa: BLE001  (a fault of the check itself, for whoever runs it)
            self._done.set_exception(error)
            return
        if found is None:
            self._strange += 1
        else:
            self._done.set_result(found)


def _given(outcome: T | Finding) -> T:
    if isinstance(outcome, Finding):
        raise outcome
    return outcome
