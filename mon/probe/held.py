"""A TCP connection that is held and on which nothing is said: its end is the news."""

import asyncio
import socket

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint
from mon.probe.faults import judged

ENOUGH = 1 << 16
"""Bytes that the other side may send unasked (greetings); more is no idle connection."""

KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
"""Seconds of silence, seconds between probes, probes: firewalls forget a silent connection, a machine that
was switched off and on does not know it any more."""

IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h


class Held:
    """One connection; ``gone`` waits for its end, ``close`` ends it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[Finding] = self._loop.create_future()
        self._received = 0
        self._loop.add_reader(sock.fileno(), self._read)

    async def gone(self) -> Finding:
        """How it ended.  A finding of cause TIMEOUT, or Unknown, says nothing about the process there."""
        return await self._end

    def close(self) -> None:
        """Hang up."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _read(self) -> None:
        try:
            data = self._sock.recv(ENOUGH)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._over(judged(error, at_once=False))
            return
        self._received += len(data)
        if not data:
            self._over(Down("connection closed", cause=Cause.WRONG))
        elif self._received > ENOUGH:
            self._over(Unknown("it talks without being asked", cause=Cause.NONE))

    def _over(self, finding: Finding) -> None:
        self.close()
        if not self._end.done():
            self._end.set_result(finding)


async def hold(to: Endpoint, *, timeout: float, told: float = 0.0, bind: Endpoint | None = None) -> Held:
    """Connect within ``timeout`` seconds, of ``told`` that the check has.  Raises Down or Unknown."""
    loop = asyncio.get_running_loop()
    sock = _socket(to)
    try:
        if bind is not None:
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(bind.address)
        async with asyncio.timeout(timeout):
            await loop.sock_connect(sock, to.address)
        return Held(sock)
    except TimeoutError as error:
        sock.close()
        if error.errno:  # the kernel's own ETIMEDOUT is a TimeoutError too
            raise judged(error, at_once=False) from error
        raise Down(f"no answer within {told or timeout:g} s", cause=Cause.TIMEOUT) from error
    except OSError as error:
        sock.close()
        raise judged(error, at_once=False) from error
    except BaseException:  # cancelled, or anything else: the socket is ours to close
        sock.close()
        raise


def _socket(to: Endpoint) -> socket.socket:
    try:
        sock = socket.socket(to.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:  # no descriptors: our own trouble
        raise judged(error, at_once=True) from error
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    return sock
