"""The one TCP and TLS engine: a non-blocking socket driven by the poller's events.

A check is one future and a handful of callbacks, without a task, a transport or a stream object; TLS is
the same, with mon.probe.secured in between.  An event tells what began (edge-triggered), so every
callback goes on until the socket gives no more.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint
from mon.probe.deadlines import Deadlines
from mon.probe.faults import UNREADABLE, judged, of_tls, pending_error, unreadable
from mon.probe.poller import BROKEN, ENDED, READABLE, Poller
from mon.probe.pulse import Pulse
from mon.probe.secured import Secured

CHUNK = 65536
TURN = 65536
"""Bytes that are read, and looked at, before others get their turn; those that are left come in the next."""

AGAIN = (BlockingIOError, InterruptedError)
UNDER_WAY = frozenset((0, errno.EINPROGRESS))
AFTERWARDS = frozenset((errno.ECONNRESET, errno.EPIPE))
"""Errors of a connection that was made: a refused one has another (tcp_reset() in Linux's tcp_input.c)."""

IP_BIND_ADDRESS_NO_PORT = 24
"""linux/in.h: choose the port when connecting, so that one local address serves any number of hosts."""
Complete = Callable[[bytearray], bool]


def anything(_: bytearray) -> bool:
    """Complete as soon as everything is written."""
    return True


class Stream:
    """One connection.  What is wished for is awaited as the future that ``connect`` or ``ask`` returns.

    Its result is None when everything is written and ``complete(buffer)`` is true, at the end of the stream
    (``eof``), or after ``limit`` bytes; else the finding, for the caller to raise.  (An exception in a future
    is logged when a cancelled caller never fetches it.)  One deadline covers all of it; ``late`` seconds of
    its ``timeout`` are over already.  ``preface`` speaks before all else.  A reset ends the stream, too, if
    something came before it: who closes without reading all of a request causes one (RFC 9112, 9.6).
    """

    __slots__ = ("_bind", "_complete", "_deadline", "_done", "_ended", "_fd", "_limit", "_loop", "_name",
                 "_outgoing", "_poller", "_preface", "_pulse", "_received", "_secured", "_session",
                 "_shaking", "_sock", "_spoilt", "_timeout", "_tls", "_trouble", "buffer", "connected",
                 "eof", "expired")  # fmt: skip

    def __init__(
        self,
        poller: Poller,
        deadlines: Deadlines,
        pulse: Pulse,
        *,
        timeout: float,
        limit: int,
        late: float = 0.0,
        preface: Callable[[socket.SocketType], None] | None = None,
        bind: Endpoint | None = None,
        tls: ssl.SSLContext | None = None,
        name: str = "",
        session: ssl.SSLSession | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._poller = poller
        self._pulse = pulse
        self._timeout = timeout
        self._limit = limit
        self._preface = preface
        self._bind = bind
        self._tls = tls
        self._name = name
        self._session = session
        self._deadline = deadlines.set(timeout - late, self._expire)
        self._done: asyncio.Future[Finding | None] | None = None
        self._trouble: Finding | None = None
        self._complete: Complete = anything
        self._outgoing: bytes | memoryview = b""
        self._sock: socket.SocketType | None = None  # the bare one: Python's own over it costs 5 us
        self._secured: Secured | None = None
        self._fd = -1
        self._received = 0
        self._shaking = False
        self._ended: Finding | None = None  # how the other side ended it, if not properly
        self._spoilt = False  # so that what came before it must not be trusted
        self.buffer = bytearray()
        self.connected = False
        self.eof = False
        self.expired = False
        pulse.begin()

    @property
    def left(self) -> float:
        """Seconds to the deadline."""
        return self._deadline.when - self._loop.time()

    def connect(self, to: Endpoint, send: bytes, complete: Complete) -> asyncio.Future[Finding | None]:
        """Connect (and shake hands), write ``send``, read until ``complete``; again, if that failed."""
        self._hang_up()
        if not self.expired:
            self._trouble = None
        done = self._wish(send, complete)
        if done.done():
            return done
        try:
            self._begin(to)
        except OSError as error:
            self._fail(judged(error, at_once=True))
        return done

    def ask(self, send: bytes, complete: Complete) -> asyncio.Future[Finding | None]:
        """On the connection that stands: write ``send``, then read until ``complete``."""
        done = self._wish(send, complete)
        if not done.done():
            self._write()
        return done

    def secure(self, context: ssl.SSLContext, name: str) -> asyncio.Future[Finding | None]:
        """Shake hands for TLS on the connection that stands (STARTTLS).

        What the server has said already was said in plain text by whoever is in between: it is refused.
        """
        done = self._wish(b"", anything)
        if done.done():
            return done
        if self.buffer or self.eof:
            self._fail(Down(f"{'went on talking' if self.buffer else 'hung up'} instead of TLS"))
            return done
        self._tls, self._name, self.connected = context, name, False
        self._begin_tls()
        return done

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection may resume; None in plain text, or before the server said so."""
        return self._secured.session if self._secured else None

    @property
    def source(self) -> str:
        """The address that it comes from."""
        return str(self._sock.getsockname()[0]) if self._sock is not None else ""

    @property
    def certificate(self) -> bytes:
        """What the server showed in the handshake, as DER; b"" without one."""
        return self._secured.certificate if self._secured else b""

    def close(self) -> None:
        """Close, whatever is under way."""
        self._deadline.cancel()
        self._pulse.end()
        self._hang_up()
        self._done = self._trouble = None

    def _wish(self, send: bytes, complete: Complete) -> asyncio.Future[Finding | None]:
        done = self._done = self._loop.create_future()
        self._outgoing, self._complete = send, complete
        if self._trouble:
            done.set_result(self._trouble)
        return done

    def _begin(self, to: Endpoint) -> None:
        """Start to connect; that it is done is an event too.  Raises OSError."""
        sock = self._sock = socket.SocketType(to.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._fd = sock.fileno()
        if self._bind:
            if self._bind.family != to.family:
                raise OSError(errno.EAFNOSUPPORT, "the local address is of the other family")
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(self._bind.address)
        number = sock.connect_ex(to.address)
        if number not in UNDER_WAY:
            raise OSError(number, os.strerror(number))
        self._poller.watch(self._fd, self._event)

    def _event(self, events: int) -> None:
        """Something began on the socket: connected, readable, writable, ended."""
        if self._secured is not None:
            self._secured.resume()
        if self.connected:
            if self._outgoing:
                self._write()
            if events & READABLE and self._sock is not None:
                self._read(to_the_end=events & ENDED != 0)
        elif self._shaking:
            self._shake_hands()
        else:
            self._reached(events)

    def _reached(self, events: int) -> None:
        """The attempt to connect ended."""
        assert self._sock is not None
        error = pending_error(self._sock) if events & BROKEN else None
        if error and error.errno not in AFTERWARDS:
            self._fail(judged(error, at_once=False))
            return
        self._ended = judged(error, at_once=False) if error else None
        if self._preface is not None:
            self._preface(self._sock)
        if self._tls is not None:
            self._begin_tls()
        else:
            self._established()
            if events & READABLE and self._sock is not None:
                self._read(to_the_end=events & ENDED != 0)

    def _begin_tls(self) -> None:
        assert self._sock is not None
        assert self._tls is not None
        if self._ended:  # before a word of ours: whatever it said is no TLS
            self._fail(self._ended)
            return
        try:
            self._secured = Secured(self._sock, self._tls, self._name, self._session, self._later)
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            self._fail(of_tls(error))
            return
        self._shaking = True
        self._shake_hands()

    def _shake_hands(self) -> None:
        assert self._secured is not None
        try:
            self._secured.shake_hands()
        except AGAIN:
            return
        except (OSError, ValueError) as error:
            self._fail(of_tls(error))
            return
        self._shaking = False
        self._established()
        if self._sock is not None:
            self._read()  # what came with the last of the handshake is told by no event

    def _established(self) -> None:
        self.connected = True
        self._write()

    def _write(self) -> None:
        """Write what is to be written, now or when the socket takes it."""
        line = self._secured or self._sock
        assert line is not None
        try:
            while self._outgoing:
                written = line.send(self._outgoing)
                whole = written == len(self._outgoing)
                self._outgoing = b"" if whole else memoryview(self._outgoing)[written:]
        except AGAIN:
            return
        except OSError as error:
            self._outgoing = b""  # it hung up; what it said before that is worth reading
            self._ended = self._ended or of_tls(error)
        self._look()

    def _read(self, *, to_the_end: bool = True) -> None:
        """Read what is there.

        A short read means that there is no more (epoll(7)), unless its end is there too (``to_the_end``), or
        TLS, which holds back more than can be seen.
        """
        sock, secured = self._sock, self._secured
        assert sock is not None
        to_the_end = to_the_end or secured is not None
        until = self._received + TURN
        try:
            while not self.eof:
                if self._received >= until:
                    self._later()
                    break
                data = secured.recv() if secured else sock.recv(CHUNK)
                self.buffer += data
                self._received += len(data)
                if not data or self._received >= self._limit:
                    self.eof = True
                elif len(data) < CHUNK and not to_the_end:
                    break
        except AGAIN:
            pass
        except OSError as error:
            self.eof, self._ended, self._spoilt = True, of_tls(error), isinstance(error, ssl.SSLError)
        self._look()

    def _later(self) -> None:
        """Go on in a later turn with what is there."""
        self._poller.again(self._fd)

    def _look(self) -> None:
        """Is what was wished for complete?  What fails over what came is the other side's fault."""
        done = self._done
        if done is None or done.done() or self._outgoing:
            return
        try:
            if self._complete(self.buffer):
                done.set_result(None)
            elif self.eof and self._ended and (self._spoilt or not self.buffer):
                self._fail(self._ended)
            elif self.eof:
                done.set_result(None)
        except Finding as finding:
            done.set_result(finding)
        except UNREADABLE as error:
            done.set_result(unreadable(error))
        except Exception as error:  # noqa: BLE001  (a fault of the check itself, for whoever runs it)
            done.set_exception(error)

    def _expire(self) -> None:
        self.expired = True
        held_up = self._pulse.held_up(self._deadline.when - self._timeout)
        if held_up > self._timeout / 2:
            text = f"mon itself was held up for {held_up:.1f} of {self._timeout:g} s"
            self._fail(Unknown(text, cause=Cause.NONE))
            return
        self._fail(Down(self._unanswered(), cause=Cause.TIMEOUT))

    def _unanswered(self) -> str:
        if self.buffer:
            return f"answer not complete after {self._timeout:g} s ({len(self.buffer)} bytes)"
        what = "no answer" if self.connected else "no TLS handshake" if self._secured else "no connection"
        return f"{what} within {self._timeout:g} s"

    def _fail(self, finding: Finding) -> None:
        """End what is under way, and whatever is wished for later, with this finding."""
        self._trouble = finding
        self._hang_up()
        if self._done and not self._done.done():
            self._done.set_result(finding)

    def _hang_up(self) -> None:
        sock, fd = self._sock, self._fd
        if sock is None:
            return
        self._sock, self._secured, self._fd, self._shaking = None, None, -1, False
        self._poller.forget(fd)
        sock.close()
