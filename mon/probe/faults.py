"""Errors of sockets and of TLS as findings: is it the host's trouble (Down) or ours (Unknown)?

An error that ``connect`` or ``sendto`` gives at once comes from our own kernel (no route, no descriptors,
a firewall on our side); the same number later comes from the network, and speaks about the host.
"""

import errno
import os
import socket
import ssl
import struct

from mon.errors import Down, Finding, Unknown
from mon.model.result import Cause
from mon.probe.attempts import NotReached

REMOTE = {
    errno.ECONNREFUSED: ("connection refused", Cause.REFUSED),
    errno.ETIMEDOUT: ("connection timed out", Cause.TIMEOUT),
    errno.EHOSTUNREACH: ("no route to host", Cause.TIMEOUT),
    errno.ENETUNREACH: ("network unreachable", Cause.TIMEOUT),
    errno.EHOSTDOWN: ("host is down", Cause.TIMEOUT),
    errno.ECONNRESET: ("connection reset", Cause.WRONG),
    errno.ECONNABORTED: ("connection aborted", Cause.WRONG),
    errno.ENOTCONN: ("connection reset", Cause.WRONG),
    errno.EPIPE: ("connection closed", Cause.WRONG),
    errno.EPROTO: ("protocol error", Cause.WRONG),
    errno.ENOPROTOOPT: ("refused by a firewall", Cause.REFUSED),
}
"""What the network tells about a host: the words, and in which way it is down."""

REMOTE_AT_ONCE = frozenset((errno.ECONNREFUSED, errno.ETIMEDOUT, errno.ECONNRESET, errno.EPIPE))
"""What is about the host even when ``connect`` says so at once (loopback answers that fast)."""


def judged(error: OSError, *, at_once: bool, doing: str = "connect") -> Finding:
    """The finding that an error of a socket amounts to; ``doing`` is what was tried, for our own trouble."""
    if isinstance(error, socket.gaierror):
        return Unknown(f"cannot resolve: {error.strerror}", cause=Cause.NONE)
    number = error.errno or 0
    known = REMOTE.get(number)
    if known and (not at_once or number in REMOTE_AT_ONCE):
        text, cause = known
        return Down(text, cause=cause)
    return Unknown(f"cannot {doing}: {error.strerror or error}", cause=Cause.NONE)


def judged_tls(error: ssl.SSLError) -> Finding:
    """The finding that a failed TLS handshake or a broken TLS record amounts to."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Down(f"TLS: certificate not accepted: {error.verify_message}", cause=Cause.WRONG)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Down("TLS: connection closed", cause=Cause.WRONG)
    reason = (getattr(error, "reason", "") or str(error)).replace("_", " ").lower()
    return Down(f"TLS: {reason}", cause=Cause.WRONG)


def of_tls(error: OSError | ValueError) -> Finding:
    """The finding of an error that may be one of TLS; ValueError: a name that it cannot ask for."""
    if isinstance(error, ssl.SSLError):
        return judged_tls(error)
    if isinstance(error, OSError):
        return judged(error, at_once=False)
    return Unknown(f"cannot use TLS: {error}", cause=Cause.NONE)


UNREADABLE = (ValueError, LookupError, ArithmeticError, RecursionError, struct.error)
"""What reading bytes raises that are not what they should be: a number that is none, an end too early."""


def unreadable(error: Exception) -> Down:
    """The finding that such an error over the other side's bytes amounts to."""
    return Down(f"its answer cannot be read: {str(error)[:160] or type(error).__name__}", cause=Cause.WRONG)


def pending_error(sock: socket.SocketType) -> OSError | None:
    """What became of a connection attempt: None if it is made."""
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return OSError(number, os.strerror(number)) if number else None


def finding_under(error: BaseException) -> Finding | None:
    """The finding of the socket's or TLS's error that lies under a library's exception, None without one."""
    under: BaseException | None = error
    while under is not None:
        if isinstance(under, ssl.SSLError):
            return judged_tls(under)
        if isinstance(under, OSError) and under.errno:
            return judged(under, at_once=isinstance(under, NotReached) and under.at_once)
        under = under.__cause__ or under.__context__
    return None
