"""Send a mail.

The text and HTML parts come from the templates mail.subject.j2, mail.txt.j2 and mail.html.j2; --zone is the
time zone of who reads it.  All mails about one outage are one thread.  Servers (--smtp-host HOST or
HOST:PORT, may be repeated) are tried in order until one takes it; what one refuses for good is not offered to
the next.  With --user the password is @FILE or env:NAME, and the connection has to be encrypted (--starttls,
--tls) unless the server is this machine.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Annotated, Any

from mon.plugin import (
    BadOption,
    Html,
    Notice,
    Option,
    Render,
    Sender,
    Subject,
    Undeliverable,
    Zone,
    exposed,
    mail,
    mail_preview,
    place,
    secret,
    verify_zone,
)

preview = mail_preview

HERE = frozenset(("localhost", "127.0.0.1", "::1"))

ALL_TOGETHER = 50.0
"""Seconds that all servers together may take: less than a message gets, so that the last is tried too."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in, and how.  ``timeout`` bounds each step and the whole."""

    host: str
    port: int
    starttls: bool
    tls: bool
    context: ssl.SSLContext | None
    user: str
    password: str
    timeout: float

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


def send(
    notice: Notice,
    to: Annotated[list[str], Option(positional=True, metavar="ADDRESS", help="who gets it")],
    *,
    smtp_host: Annotated[list[str], Option("--smtp-host", help="the mail server")] = ["localhost"],  # noqa: B006
    port: Annotated[int, Option("--port", help="its port: 25, with --user 587, with --tls 465")] = 0,
    starttls: Annotated[bool, Option("--starttls", help="encrypt by STARTTLS")] = False,
    tls: Annotated[bool, Option("--tls", help="encrypt from the first byte on")] = False,
    ca: Annotated[str, Option("--ca", metavar="FILE", help="trust these certificates only")] = "",
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Annotated[str, Option("--password", metavar="@FILE", help="or env:NAME")] = "",
    sender: Sender = "",
    subject: Subject = "",
    zone: Zone = "",
    html: Html = True,
    timeout: Annotated[float, Option("--timeout", help="seconds for each server")] = 30.0,
    render: Render,
) -> str:
    """Hand the notice to a mail server; says to which."""
    message = mail(notice, render, to, sender=sender, subject=subject, zone=zone, html=html)
    servers = [Server(*place(word, port or _port(tls, user)), starttls, tls, None, user, "", timeout)
               for word in smtp_host]  # fmt: skip
    if user and not (starttls or tls) and not all(server.host in HERE for server in servers):
        raise Undeliverable("a password is not sent in the clear: add --starttls or --tls", permanent=True)
    word = _secret(password) if user else ""
    context = _context(ca) if starttls or tls else None
    share = min(timeout, ALL_TOGETHER / len(servers))
    ready = [replace(server, context=context, password=word, timeout=share) for server in servers]
    return _deliver(message, notice.left or to, ready)


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse a password in the file itself and a zone that is none; warn of secrets that all may read."""
    verify_zone(options)
    password = str(options.get("password") or "")
    if password and not password.startswith(("@", "env:")):
        raise BadOption("a password stands in the file, where many read it: write it to FILE, and @FILE here")
    if options.get("starttls") and options.get("tls"):
        raise BadOption("--starttls and --tls exclude each other: choose one")
    return exposed(password)


def _port(tls: bool, user: str) -> int:
    return 465 if tls else 587 if user else 25


def _deliver(message: EmailMessage, to: Sequence[str], servers: Sequence[Server]) -> str:
    """Offer it to each server until everybody has it; what one refuses for good stays refused."""
    left, refused, troubles = list(to), dict[str, str](), list[str]()
    for server in servers:
        try:
            said = _hand_in(message, left, server)
        except Undeliverable as error:
            if error.permanent:
                raise Undeliverable(str(error), permanent=True, left=left, refused=refused) from None
            troubles.append(str(error))
            continue
        refused |= {who: text for who, (code, text) in said.items() if code >= 500}
        left = [who for who, (code, _) in said.items() if code < 500]
        troubles += [f"{server} does not take it for {who} now: {said[who][1]}" for who in left]
        if not left:
            break
    else:
        raise Undeliverable("; ".join(troubles), left=left, refused=refused)
    if refused:
        said_no = "; ".join(f"{who}: {text}" for who, text in refused.items())
        raise Undeliverable(f"refused for {said_no}", permanent=True, refused=refused)
    return f"taken by {server}" + (f" ({'; '.join(troubles)})" if troubles else "")


def _hand_in(message: EmailMessage, to: Sequence[str], server: Server) -> dict[str, tuple[int, str]]:
    """Give it to one server: whom it refused, with its code and text."""
    with _translated(server), _connected(server) as smtp:
        if server.starttls:
            smtp.starttls(context=server.context)
        if server.user:
            smtp.login(server.user, server.password)
        try:
            refused = smtp.send_message(message, to_addrs=list(to))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # the server has the mail: how it says goodbye is of no interest
    return {who: (code, f"{code} {_text(reply)}") for who, (code, reply) in refused.items()}


class _Timed(smtplib.SMTP):
    """Its timeout is for the whole: smtplib's is for each piece, and a server that drips never hits it."""

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        self._limit = threading.Timer(self.timeout, self._cut)
        self._limit.daemon = True
        self._limit.start()
        return super().connect(host, port, source_address)

    def close(self) -> None:
        self._limit.cancel()
        super().close()

    def _cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):  # it has just been closed
                self.sock.shutdown(socket.SHUT_RDWR)


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte on."""


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    # Without its own name smtplib asks the resolver for one, for as long as that takes.
    name, seconds = socket.gethostname(), server.timeout
    smtp: smtplib.SMTP
    if server.tls:
        smtp = _TimedTls(server.host, server.port, name, timeout=seconds, context=server.context)
    else:
        smtp = _Timed(server.host, server.port, name, timeout=seconds)
    try:
        yield smtp
    finally:
        smtp.close()


@contextmanager
def _translated(server: Server) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        # Not final: servers say 535 while their directory is away.  The reply may repeat what was sent.
        raise Undeliverable(f"{server} does not accept the login ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        text = f"{server} refuses it: {error.smtp_code} {_text(error.smtp_error)}"
        raise Undeliverable(text, permanent=500 <= error.smtp_code < 600) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undeliverable(f"{server}: {error or type(error).__name__}") from None


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "backslashreplace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]


def _context(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise Undeliverable(f"{ca}: {error.strerror or error}") from None


def _secret(word: str) -> str:
    try:
        return secret(word).partition("\n")[0].rstrip("\r")
    except Undeliverable as error:
        raise Undeliverable(f"the password: {error}") from None
