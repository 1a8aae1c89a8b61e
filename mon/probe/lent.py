"""A connection for a library that blocks; it can be broken off, so that no thread hangs on it."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint
from mon.probe.attempts import NotReached, reach
from mon.probe.faults import finding_under, judged

T = TypeVar("T")
MOST = 16 << 20
"""Bytes that may come: a library keeps all of an answer in memory, and often as ten times as much."""

LOOK_SECONDS = 0.1
RECEIVED, SIZE = 128, 136
"""Where in struct tcp_info its tcpi_bytes_received is, and where that ends (linux/tcp.h, Linux 4.1)."""

OVER = "the check was over before it was connected"


class Lent:
    """One connection to the one of ``endpoints`` that takes it first, within ``timeout`` seconds."""

    def __init__(self, endpoints: Sequence[Endpoint], timeout: float) -> None:
        self._endpoints = endpoints
        self._timeout = timeout
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._over = False
        self._flooded = False

    def call(self, function: Callable[[socket.socket], T]) -> T:
        """Connect and have ``function`` use the socket.  Blocks; raises Down or Unknown."""
        try:
            with self._connect() as sock:
                self._keep(sock)
                return function(sock)
        except Finding as finding:
            self._tell_flood(finding)
            raise
        except TimeoutError as error:  # a library's own time limit, as long as ours
            raise Down(f"no whole answer within {self._timeout:g} s", cause=Cause.TIMEOUT) from error
        except Exception as error:  # a library's own kind of error may have a socket's under it
            self._tell_flood(error)
            found = finding_under(error)
            if found is None:
                raise
            raise found from error

    def break_off(self) -> None:
        """End the connection; whoever reads from it sees its end."""
        with self._lock:
            self._over = True
            if self._ours is not None:
                with suppress(OSError):  # it has ended already
                    self._ours.shutdown(socket.SHUT_RDWR)
                self._ours.close()
                self._ours = None

    async def guard(self) -> None:
        """Break off what says too much, until cancelled.

        The kernel counts: what the library wraps around the connection, TLS for example, is its own.
        """
        while self._received() <= MOST:  # noqa: ASYNC110 - the kernel tells nobody of it
            await asyncio.sleep(LOOK_SECONDS)
        self._flooded = True
        self.break_off()

    def _received(self) -> int:
        with self._lock:
            if self._ours is None:
                return 0
            told = self._ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
        return int.from_bytes(told[RECEIVED:SIZE], sys.byteorder)

    def _tell_flood(self, error: Exception) -> None:
        if self._flooded:
            raise Down(f"an answer of more than {MOST} bytes", cause=Cause.WRONG) from error

    def _connect(self) -> socket.socket:
        try:
            return reach(self._endpoints, self._timeout)
        except NotReached as error:
            raise judged(error, at_once=error.at_once) from error
        except TimeoutError as error:
            raise Down(f"no connection within {self._timeout:g} s", cause=Cause.TIMEOUT) from error

    def _keep(self, sock: socket.socket) -> None:
        """A descriptor of our own: a library that shakes hands for TLS takes the socket's away."""
        with self._lock:
            if self._over:
                raise Unknown(OVER, cause=Cause.NONE)
            self._ours = sock.dup()
