"""Greet an SMTP server; if wanted TLS, a login, a sender, recipients.

The letters are those of the classic smtp.monitor, the long names those of smtp3.monitor.  As there, HELO and
QUIT have to be answered well; nothing is ever sent: after the recipients comes RSET.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Annotated, Unpack

from mon.plugin import (
    Bind,
    Cause,
    Down,
    Helo,
    NamedTlsOptions,
    Option,
    Password,
    Port,
    Probe,
    Talk,
    Timeout,
    literal,
    numbers,
    plain,
    tls_settings,
    verify_helo,
    verify_tls,
)


async def check(
    host: str,
    *,
    port: Port = 25,
    timeout: Timeout = 30,
    esmtp: Annotated[bool, Option("--esmtp", help="say EHLO instead of HELO")] = False,
    requiretls: Annotated[bool, Option("--requiretls", help="fail if STARTTLS is not offered")] = False,
    starttls: Annotated[bool, Option("--starttls", help="go on over TLS")] = False,
    tls: Annotated[bool, Option("--tls", help="TLS from the start (port 465)")] = False,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Password = "",
    sender: Annotated[str, Option("--from", help="a sender that must be taken", metavar="ADDRESS")] = "",
    to: Annotated[str, Option("--to", help="recipients that must be taken, with commas between")] = "",
    helo: Helo = "",
    alarmtime: Annotated[float, Option("--alarmtime", help="fail above so many seconds")] = 0,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """The server's greeting, and how long all of it took."""
    start = asyncio.get_running_loop().time()
    settings = tls_settings(given)
    name = helo or await probe.own_name(timeout=timeout)
    secret = await probe.secret(password, timeout=timeout)
    async with probe.talk(host, port, timeout=timeout, tls=settings if tls else None, bind=bind) as server:
        greeting = await server.command("", "220")
        verb = "EHLO" if esmtp or requiretls or starttls or user else "HELO"
        hello = f"{verb} {name or literal(server.source)}"
        offers = await server.command(hello, "250")
        if (requiretls or starttls) and "STARTTLS" not in offers.upper():
            raise Down("STARTTLS is not offered", cause=Cause.WRONG)
        if starttls:
            await server.command("STARTTLS", "220")
            await server.start_tls(settings)
            await server.command(hello, "250")
        if user:
            token = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
            await server.command(f"AUTH PLAIN {token}", "235")
        if sender or to:
            await address(server, sender, to)
        await server.command("QUIT", "221")
    took = asyncio.get_running_loop().time() - start
    if alarmtime and took > alarmtime:
        raise Down(f"it took {took:.3g} s, more than {alarmtime:g} s", cause=Cause.TIMEOUT)
    return f"{greeting.splitlines()[0]} ({took * 1000:.0f} ms)"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)
    verify_helo(options)
    return verify_tls(options)


async def address(server: Talk, sender: str, to: str) -> None:
    """Name a sender and recipients, and take it back."""
    await server.command(f"MAIL FROM:<{sender}>", "250")
    for recipient in filter(None, map(str.strip, to.split(","))):
        await server.command(f"RCPT TO:<{recipient}>", "250", "251")
    await server.command("RSET", "250")
