"""One mail to one server by SMTP, cut off in time; what became of it for each recipient.

smtplib knows the commands.  The transaction is ours: smtplib's tells of a connection that ended between two
recipients as if all whom it does not name had got the mail, and names nobody when it ends later.
"""

import smtplib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from io import BytesIO
from typing import Any, BinaryIO

from mon.errors import Undeliverable
from mon.post import HandedIn, MailServer
from mon.post.address import bare_address
from mon.probe.alabel import ascii_name
from mon.probe.ourname import literal, own_name
from mon.probe.resolver import connect

UNNAMED = "localhost"
"""Without a name smtplib asks the resolver for one, for as long as that takes: ours is asked in time."""

MOST = 1 << 20
"""Bytes of all that a server says; to ten thousand recipients it is half of that."""

TAKEN = 250
RECIPIENT_TAKEN = (250, 251)
CLOSING = 421
TOO_MANY = 552
"""Of a recipient: as 452, for the sake of servers that keep to RFC 821 (RFC 5321, 4.5.3.1.10)."""


def hand_in(message: EmailMessage, to: Sequence[str], server: MailServer) -> HandedIn:
    """See ``mon.post.hand_in``."""
    with _translated(server), _connected(server) as smtp:
        _greet(smtp, server)
        handed = _transaction(smtp, message, list(dict.fromkeys(to)), server)
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # what it has, it has said: how it says goodbye is of no interest
    return handed


def _greet(smtp: smtplib.SMTP, server: MailServer) -> None:
    """What concerns the server and not the mail: an answer of 5yz is no reason to give the mail up."""
    try:
        assert smtp.sock is not None  # it is connected
        smtp.local_hostname = server.helo or own_name() or literal(smtp.sock.getsockname()[0])
        smtp.ehlo_or_helo_if_needed()
        if server.starttls:
            smtp.starttls(context=server.context)
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError:
        raise
    except smtplib.SMTPResponseException as error:
        raise Undeliverable(_refusal(server, error.smtp_code, error.smtp_error)) from None


def _transaction(
    smtp: smtplib.SMTP, message: EmailMessage, to: Sequence[str], server: MailServer
) -> HandedIn:
    """Offer the mail.  Who is named in neither ``taken`` nor ``refused`` has not got it."""
    sender = _on_the_wire(message["From"])
    routes = {one: _on_the_wire(one) for one in to}
    extended = smtp.has_extn("smtputf8")
    wide = extended and not all(map(str.isascii, (sender, *routes.values())))
    data = _flat(message, wide=wide)
    options = [f"size={len(data)}"] if smtp.has_extn("size") else []
    code, reply = smtp.mail(sender, [*options, *(("SMTPUTF8", "BODY=8BITMIME") if wide else ())])
    if code != TAKEN:
        raise smtplib.SMTPSenderRefused(code, _bytes(reply), sender)
    asked = _Asked(to)
    try:
        for one in to:
            if not (routes[one].isascii() or extended):
                asked.later[one] = f"{server} takes no such address: it does not offer SMTPUTF8"
            elif not asked.answered(one, *smtp.rcpt(routes[one]), server):
                return asked.ended({})
        if not asked.accepted:
            return asked.ended({})
        code, reply = smtp.data(data)  # the answer to the whole of it
    except smtplib.SMTPDataError as error:  # of the command: a "250" takes nothing, nothing was sent yet
        code, reply = error.smtp_code if error.smtp_code != TAKEN else -1, _bytes(error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        untold = (one for one in to if one not in asked.later)
        return asked.ended(dict.fromkeys(untold, f"{server}: {error or type(error).__name__}"))
    if code == TAKEN:
        return asked.ended({}, taken=asked.accepted)
    why = _refusal(server, code, reply)
    if 500 <= code < 600:
        left = [one for one in to if one not in asked.refused]
        raise Undeliverable(why, permanent=True, left=left, refused=asked.refused)
    return asked.ended(dict.fromkeys(asked.accepted, why))


def _on_the_wire(address: str) -> str:
    """The bare address, its domain in ASCII: only a local part in another script needs SMTPUTF8."""
    bare = bare_address(address)
    local, at, domain = bare.rpartition("@")
    with suppress(UnicodeError):  # no name at all: the server will say so
        return f"{local}{at}{ascii_name(domain)}"
    return bare


class _Asked:
    """What the server answered to its recipients one by one."""

    def __init__(self, to: Sequence[str]) -> None:
        self.accepted: list[str] = []
        self.refused: dict[str, str] = {}
        self.later: dict[str, str] = {}
        self._to = to

    def answered(self, one: str, code: int, reply: bytes | str, server: MailServer) -> bool:
        """Take it in; False when the server hangs up with it (RFC 5321, 3.8)."""
        text = f"{code} {_text(reply)}"
        if code in RECIPIENT_TAKEN:
            self.accepted.append(one)
        elif 500 <= code < 600 and code != TOO_MANY:
            self.refused[one] = text
        else:
            self.later[one] = f"{server} does not take it for {one} now: {text}"
        return code != CLOSING

    def ended(self, why: dict[str, str], *, taken: Sequence[str] = ()) -> HandedIn:
        """What became of it; all others have not got it: ``why`` says the reason of some."""
        first = next(iter((why or self.later).values()), "not asked")
        told = {**self.later, **why}
        left = (one for one in self._to if one not in taken and one not in self.refused)
        return HandedIn(tuple(taken), self.refused, {one: told.get(one, first) for one in left})


def _flat(message: EmailMessage, *, wide: bool) -> bytes:
    written = BytesIO()
    policy = SMTPUTF8 if wide else SMTP
    BytesGenerator(written, policy=policy).flatten(message, linesep="\r\n")
    return written.getvalue()


class _Timed(smtplib.SMTP):
    """Its timeout is for the whole: smtplib's is for each piece, and a server that drips never hits it."""

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        self._limit = threading.Timer(self.timeout, self._cut)
        self._limit.daemon = True
        self._limit.start()
        return super().connect(host, port, source_address)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()

    def close(self) -> None:
        self._limit.cancel()
        super().close()

    def _cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):  # it has just been closed
                self.sock.shutdown(socket.SHUT_RDWR)


class _Bounded:
    """What the server says, up to MOST bytes: smtplib keeps every line of an answer, however many."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST

    def readline(self, size: int) -> bytes:
        """The next line, as smtplib asks for it; what breaks off before the line's end says nothing."""
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"it says more than {MOST} bytes")
        return line if line.endswith(b"\n") or len(line) >= size else b""

    def close(self) -> None:
        """Read no more."""
        self._file.close()


class _Connecting(smtplib.SMTP):
    """Tries several addresses of a server as everything else of ours does."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout)


class _Plain(_Timed, _Connecting):
    """In plain text, unless STARTTLS is said."""


class _Encrypted(_Timed, smtplib.SMTP_SSL, _Connecting):
    """Encrypted from the first byte on."""


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    host, seconds = ascii_name(server.host), server.timeout
    smtp: smtplib.SMTP
    if server.tls:
        smtp = _Encrypted(host, server.port, UNNAMED, timeout=seconds, context=server.context)
    else:
        smtp = _Plain(host, server.port, UNNAMED, timeout=seconds)
    try:
        yield smtp
    finally:
        smtp.close()


@contextmanager
def _translated(server: MailServer) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        # Not final: servers say 535 while their directory is away.  The reply may repeat what was sent.
        raise Undeliverable(f"{server} does not accept the login ({error.smtp_code})") from None
    except smtplib.SMTPSenderRefused as error:
        why = _refusal(server, error.smtp_code, error.smtp_error)
        raise Undeliverable(why, permanent=500 <= error.smtp_code < 600) from None
    except smtplib.SMTPResponseException as error:  # the greeting: another server, or another time
        raise Undeliverable(_refusal(server, error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undeliverable(f"{server}: {error or type(error).__name__}") from None


def _refusal(server: MailServer, code: int, reply: bytes | str) -> str:
    return f"{server} refuses it: {code} {_text(reply)}"


def _bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode("utf-8", "backslashreplace")


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "backslashreplace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]
