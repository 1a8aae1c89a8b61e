"""TLS over a socket that does not block, a bounded piece in a turn.

OpenSSL goes on reading as long as records come that carry no data (tickets, empty ones), so a server that is
faster than we are would keep it inside one call.  It therefore reads from memory, which is given so many
bytes in a turn of the loop, and no more before the next (decision 027).
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import SocketType

TURN = 65536
"""Bytes of ciphertext that are looked at before others get their turn: 3,000 empty records."""

PIECE = 16384
"""Bytes of data that are asked for at once: a record has no more (RFC 8446, 5.1)."""

IDLE = 1 << 20
"""Bytes of ciphertext that may carry nothing: a handshake is some 5 kB, at most 100 of certificates."""

WORST = 128
"""How many times its data the ciphertext may be beyond that; records of one byte are 22 to 85 times it."""

WAITING = (BlockingIOError, InterruptedError)


class Secured:
    """TLS on a connected socket, which stays its owner's.

    ``recv`` and ``send`` are as those of a socket that does not block; ``shake_hands`` comes first.  When a
    turn is used up they raise BlockingIOError, and ``later`` is called: in another turn it calls ``resume``
    and goes on.  Raises ValueError for a name that TLS cannot ask for, else OSError (ssl.SSLError is one).
    """

    __slots__ = ("_accepted", "_carried", "_incoming", "_later", "_left", "_outgoing", "_sock", "_tls",
                 "_used")  # fmt: skip

    def __init__(
        self,
        sock: SocketType,
        context: ssl.SSLContext,
        name: str,
        session: ssl.SSLSession | None,
        later: Callable[[], None],
    ) -> None:
        if context.check_hostname and not name:  # wrap_socket() says so, wrap_bio() would not look at all
            raise ValueError("there is no name that the certificate must be for")
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=name or None, session=session
        )
        self._later = later
        self._left = TURN
        self._used = 0  # bytes of ciphertext that came
        self._carried = 0  # bytes of data in them
        self._accepted = 0  # bytes of data that are on their way already

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection may resume."""
        return self._tls.session

    @property
    def certificate(self) -> bytes:
        """What the server showed in the handshake, as DER; b"" without one."""
        return self._tls.getpeercert(binary_form=True) or b""

    def resume(self) -> None:
        """Another turn has begun, or the socket takes what it did not take before."""
        self._left = TURN
        with suppress(OSError):  # whoever writes next meets it again
            self._flush()

    def shake_hands(self) -> None:
        """Go on with the handshake; it is over when this returns."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()
            except ssl.SSLError:
                self._say_why()
                raise
            else:
                self._flush()
                return

    def recv(self) -> bytes:
        """Some of the data that came, b"" at the end."""
        while True:
            try:
                data = self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                self._answer()
                self._feed()
            except ssl.SSLEOFError:
                return b""
            except ssl.SSLError:
                self._say_why()
                raise
            else:
                self._carried += len(data)
                return data

    def send(self, data: bytes | memoryview) -> int:
        """How many of them were written; the others are for the next time, and so is what did not fit."""
        while not self._accepted:
            self._flush()
            try:
                self._accepted = self._tls.write(data)
            except ssl.SSLWantReadError:  # the server shakes hands anew (RFC 5246, 7.4.1.1)
                self._flush()
                self._feed()
                self._later()  # what else came with it is told by no event
        self._flush()
        accepted, self._accepted = self._accepted, 0
        return accepted

    def _feed(self) -> None:
        """Let OpenSSL have what came, as far as this turn goes."""
        if self._used > IDLE + WORST * self._carried:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"more than {IDLE} bytes of records that carry no data")
        if not self._left:
            self._later()
            raise BlockingIOError
        came = self._sock.recv(self._left)
        self._left -= len(came)
        self._used += len(came)
        if came:
            self._incoming.write(came)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        """Write what OpenSSL has to say.  Raises BlockingIOError before all of it is written."""
        while self._outgoing.pending:
            said = self._outgoing.read()
            sent = 0
            try:
                while sent < len(said):
                    sent += self._sock.send(memoryview(said)[sent:])
            finally:
                if sent < len(said):
                    self._outgoing.write(said[sent:])

    def _answer(self) -> None:
        """Write what reading led to (new keys); who never takes it is not read on either."""
        try:
            self._flush()
        except WAITING:
            if self._outgoing.pending > TURN:
                raise
        except OSError:
            self._outgoing.read()  # it hung up; what it said before that is worth reading

    def _say_why(self) -> None:
        """Send the alert that tells the other side what we do not accept."""
        with suppress(OSError):
            self._flush()
