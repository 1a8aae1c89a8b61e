"""Send a mail.

The text comes from the templates mail.subject.j2 and mail.txt.j2.  The server is --smtp-host; with --user
the password is the first line of --password-file, and the connection has to be encrypted (--starttls,
--tls) unless the server is this machine.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Annotated

from mon.plugin import Notice, Option, Render, Undeliverable

SUBJECT_WIDTH = 78
HERE = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in, and how."""

    host: str
    port: int
    starttls: bool
    tls: bool
    context: ssl.SSLContext | None
    user: str
    password: str
    timeout: float


def send(
    notice: Notice,
    to: Annotated[list[str], Option(positional=True, metavar="ADDRESS", help="who gets it")],
    *,
    smtp_host: Annotated[str, Option("--smtp-host", help="the mail server")] = "localhost",
    port: Annotated[int, Option("--port", help="its port: 25, with --user 587, with --tls 465")] = 0,
    starttls: Annotated[bool, Option("--starttls", help="encrypt by STARTTLS")] = False,
    tls: Annotated[bool, Option("--tls", help="encrypt from the first byte on")] = False,
    ca: Annotated[str, Option("--ca", metavar="FILE", help="trust these certificates only")] = "",
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password_file: Annotated[str, Option("--password-file", metavar="FILE")] = "",
    sender: Annotated[str, Option("-f", "--from", metavar="ADDRESS", help="mon@this host")] = "",
    subject: Annotated[str, Option("-S", "--subject", help="instead of the template's")] = "",
    timeout: Annotated[float, Option("--timeout", help="seconds for each step")] = 30.0,
    render: Render,
) -> None:
    """Hand the notice to the mail server."""
    if not to:
        raise Undeliverable("no address to send to", permanent=True)
    message = compose(
        notice, to, sender=sender or f"mon@{socket.gethostname()}", subject=subject, render=render
    )
    context = _context(ca) if starttls or tls else None
    if user and context is None and smtp_host not in HERE:
        raise Undeliverable("a password is not sent in the clear: add --starttls or --tls", permanent=True)
    password = _password(password_file) if user else ""
    number = port or (465 if tls else 587 if user else 25)
    _deliver(message, to, Server(smtp_host, number, starttls, tls, context, user, password, timeout))


def compose(notice: Notice, to: list[str], *, sender: str, subject: str, render: Render) -> EmailMessage:
    """The mail as it is sent: the same Message-ID at each attempt."""
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    title = subject or render.text("mail.subject.j2", plain, notice=notice)
    body = render.text("mail.txt.j2", f"{plain}\n\n{notice.output}", notice=notice)
    message = EmailMessage()
    message["Subject"] = _one_line(title)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(notice.at or None, localtime=True)
    if notice.id:
        message["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2].strip('<> ') or 'mon'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.encode("utf-8", "backslashreplace").decode())
    return message


def _one_line(text: str) -> str:
    # Summaries are what a monitor printed: a line break in a header would begin another header.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= SUBJECT_WIDTH else line[: SUBJECT_WIDTH - 1] + "…"


def _deliver(message: EmailMessage, to: list[str], server: Server) -> None:
    with _translated(server), _connected(server) as smtp:
        if server.starttls:
            smtp.starttls(context=server.context)
        if server.user:
            smtp.login(server.user, server.password)
        refused = smtp.send_message(message, to_addrs=to)
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # the server has the mail: how it says goodbye is of no interest
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    # Without its own name smtplib asks the resolver for one, for as long as that takes.
    name = socket.gethostname()
    if server.tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, name, timeout=server.timeout, context=server.context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, name, timeout=server.timeout)
    try:
        yield smtp
    finally:
        smtp.close()


@contextmanager
def _translated(server: Server) -> Iterator[None]:
    where = f"{server.host} port {server.port}"
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients) from None
    except smtplib.SMTPAuthenticationError as error:
        # Not final: servers say 535 while their directory is away.  The reply may repeat what was sent.
        raise Undeliverable(f"{where} does not accept the login ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        text = f"{where} refuses it: {error.smtp_code} {_text(error.smtp_error)}"
        raise Undeliverable(text, permanent=500 <= error.smtp_code < 600) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undeliverable(f"{where}: {error or type(error).__name__}") from None


def _refused(recipients: Mapping[str, tuple[int, bytes]]) -> Undeliverable:
    said = "; ".join(f"{who}: {code} {_text(text)}" for who, (code, text) in recipients.items())
    return Undeliverable(f"refused for {said}", permanent=all(code >= 500 for code, _ in recipients.values()))


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "backslashreplace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]


def _context(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise Undeliverable(f"{ca}: {error.strerror or error}") from None


def _password(file: str) -> str:
    try:
        return Path(file).read_text().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise Undeliverable(f"the password file {file or '(none given)'}: {reason}") from None
