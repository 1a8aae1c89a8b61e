"""Greet an IMAP server, log in and open a mailbox if wanted, and take leave.

The letters are those of the classic imap.monitor; as there, ``-m`` without ``--user`` logs in as ANONYMOUS.
Without both nobody is logged in (the classic one tries ANONYMOUS even then).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Unpack

from mon.plugin import (
    FALSE,
    Bind,
    Cause,
    Down,
    NamedTlsOptions,
    Option,
    Password,
    Port,
    Probe,
    Talk,
    Timeout,
    numbers,
    plain,
    tls_settings,
    verify_tls,
)

EXISTS = re.compile(r"^\* (\d+) EXISTS", re.MULTILINE)


async def check(
    host: str,
    *,
    port: Port = 143,
    timeout: Timeout = 30,
    mailbox: Annotated[str, Option("-m", help="a mailbox that can be opened", unset=FALSE)] = "",
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Password = "",
    starttls: Annotated[bool, Option("--starttls", help="go on over TLS")] = False,
    tls: Annotated[bool, Option("--tls", help="TLS from the start (port 993)")] = False,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """The server's greeting, or how many messages the mailbox has."""
    settings = tls_settings(given)
    secret = await probe.secret(password, timeout=timeout)
    async with probe.talk(host, port, timeout=timeout, tls=settings if tls else None, bind=bind) as server:
        said = await server.read_line()
        if not said.startswith(("* OK", "* PREAUTH")):
            raise Down(f"greeting: {said[:80] or 'an empty line'}, expected * OK", cause=Cause.WRONG)
        if starttls:
            await command(server, "a1", "STARTTLS")
            await server.start_tls(settings)
        if user or mailbox:
            login = f"{quoted(user)} {quoted(secret)}" if user else "ANONYMOUS ANONYMOUS"
            await command(server, "a2", f"LOGIN {login}")
        if mailbox:
            told = EXISTS.search(await command(server, "a3", f"EXAMINE {quoted(mailbox)}"))
            said = f"{told[1] if told else 'no number of'} messages in {mailbox}"
        await command(server, "a4", "LOGOUT")
    return said


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)
    return verify_tls(options)


def quoted(text: str) -> str:
    """A quoted string (RFC 3501, 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def command(server: Talk, tag: str, line: str) -> str:
    """Send a command and read until its tagged answer, which must be OK; all that was said before it."""
    await server.write(f"{tag} {line}\r\n".encode())
    lines: list[str] = []
    while not (said := await server.read_line()).startswith(f"{tag} "):
        lines.append(said)
    if not said.startswith(f"{tag} OK"):
        raise Down(f"{line.partition(' ')[0]}: {said[len(tag) + 1 :][:80]}", cause=Cause.WRONG)
    return "\n".join(lines)
