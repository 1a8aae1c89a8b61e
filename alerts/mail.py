"""Send a mail.

The text and HTML parts come from the templates mail.subject.j2, mail.txt.j2 and mail.html.j2; --zone is the
time zone of who reads it.  All mails about one outage are one thread.  Servers (--smtp-host HOST or
HOST:PORT, may be repeated) are tried in order until one takes it; what one refuses for good is not offered to
the next.  With --user the password is @FILE or env:NAME, and the connection has to be encrypted (--starttls,
--tls) unless the server is this machine.
"""

import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Annotated, Unpack

from mon.plugin import (
    BadOption,
    Helo,
    Html,
    MailServer,
    Notice,
    Option,
    Render,
    Sender,
    Subject,
    Tls,
    TlsOptions,
    Undeliverable,
    Unknown,
    Zone,
    client_context,
    exposed,
    hand_in,
    mail,
    mail_preview,
    place,
    secret,
    tls_settings,
    verify_helo,
    verify_tls,
    verify_zone,
)

preview = mail_preview

HERE = frozenset(("localhost", "127.0.0.1", "::1"))

ALL_TOGETHER = 50.0
"""Seconds that all servers together may take: less than a message gets, so that the last is tried too."""


def send(
    notice: Notice,
    to: Annotated[list[str], Option(positional=True, metavar="ADDRESS", help="who gets it")],
    *,
    smtp_host: Annotated[list[str], Option("--smtp-host", help="the mail server")] = ["localhost"],  # noqa: B006
    port: Annotated[int, Option("--port", help="its port: 25, with --user 587, with --tls 465")] = 0,
    starttls: Annotated[bool, Option("--starttls", help="encrypt by STARTTLS")] = False,
    tls: Annotated[bool, Option("--tls", help="encrypt from the first byte on")] = False,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Annotated[str, Option("--password", metavar="@FILE", help="or env:NAME")] = "",
    helo: Helo = "",
    sender: Sender = "",
    subject: Subject = "",
    zone: Zone = "",
    html: Html = True,
    timeout: Annotated[float, Option("--timeout", help="seconds for each server")] = 30.0,
    render: Render,
    **given: Unpack[TlsOptions],
) -> str:
    """Hand the notice to a mail server; says to which."""
    message = mail(notice, render, to, sender=sender, subject=subject, zone=zone, html=html)
    places = [place(word, port or _port(tls, user)) for word in smtp_host]
    if user and not (starttls or tls) and not all(host in HERE for host, _ in places):
        raise Undeliverable("a password is not sent in the clear: add --starttls or --tls", permanent=True)
    word = _secret(password) if user else ""
    context = _context(tls_settings(given)) if starttls or tls else None
    share = min(timeout, ALL_TOGETHER / len(places))
    servers = [MailServer(*where, starttls, tls, context, user, word, helo, share) for where in places]
    return _deliver(message, notice.left or to, servers)


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse a password in the file itself and a zone that is none; warn of secrets that all may read."""
    verify_zone(options)
    password = str(options.get("password") or "")
    if password and not password.startswith(("@", "env:")):
        raise BadOption("a password stands in the file, where many read it: write it to FILE, and @FILE here")
    if options.get("starttls") and options.get("tls"):
        raise BadOption("--starttls and --tls exclude each other: choose one")
    verify_helo(options)
    return [*exposed(password), *verify_tls(options)]


def _port(tls: bool, user: str) -> int:
    return 465 if tls else 587 if user else 25


def _deliver(message: EmailMessage, to: Sequence[str], servers: Sequence[MailServer]) -> str:
    """Offer it to each server until everybody has it; what one refuses for good stays refused."""
    left, refused, troubles = list(to), dict[str, str](), list[str]()
    for server in servers:
        try:
            handed = hand_in(message, left, server)
        except Undeliverable as error:
            refused |= error.refused
            left = [one for one in left if one not in refused]
            if error.permanent:
                raise Undeliverable(str(error), permanent=True, left=left, refused=refused) from None
            troubles.append(str(error))
            continue
        refused |= handed.refused
        left = list(handed.later)
        troubles += dict.fromkeys(handed.later.values())
        if not left:
            break
    else:
        raise Undeliverable("; ".join(troubles), left=left, refused=refused)
    if refused:
        said_no = "; ".join(f"{who}: {text}" for who, text in refused.items())
        raise Undeliverable(f"refused for {said_no}", permanent=True, refused=refused)
    return f"taken by {server}" + (f" ({'; '.join(troubles)})" if troubles else "")


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        return client_context(tls)
    except Unknown as error:
        raise Undeliverable(error.detail) from None


def _secret(word: str) -> str:
    try:
        return secret(word).partition("\n")[0].rstrip("\r")
    except Undeliverable as error:
        raise Undeliverable(f"the password: {error}") from None
