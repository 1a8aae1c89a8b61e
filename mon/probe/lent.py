"""A connection for a library that blocks; it can be broken off, so that no thread hangs on it."""

import socket
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
OVER = "the check was over before it was connected"


class Lent:
    """One connection to the one of ``endpoints`` that takes it first, within ``timeout`` seconds."""

    def __init__(self, endpoints: Sequence[Endpoint], timeout: float) -> None:
        self._endpoints = endpoints
        self._timeout = timeout
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._over = False

    def call(self, function: Callable[[socket.socket], T]) -> T:
        """Connect and have ``function`` use the socket.  Blocks; raises Down or Unknown."""
        try:
            with self._connect() as sock:
                self._keep(sock)
                return function(sock)
        except Finding:
            raise
        except TimeoutError as error:  # a library's own time limit, as long as ours
            raise Down(f"no whole answer within {self._timeout:g} s", cause=Cause.TIMEOUT) from error
        except Exception as error:  # a library's own kind of error may have a socket's under it
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
