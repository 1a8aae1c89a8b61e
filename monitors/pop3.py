"""Greet a POP3 server, log in and count the mail if wanted, and take leave.

The letters are those of the classic pop3.monitor.
"""

from collections.abc import Mapping
from typing import Annotated, Unpack

from mon.plugin import (
    Bind,
    NamedTlsOptions,
    Option,
    Password,
    Port,
    Probe,
    Timeout,
    numbers,
    plain,
    tls_settings,
    verify_tls,
)

OK = "+OK"


async def check(
    host: str,
    *,
    port: Port = 110,
    timeout: Timeout = 30,
    starttls: Annotated[bool, Option("--starttls", help="go on over TLS (STLS)")] = False,
    tls: Annotated[bool, Option("--tls", help="TLS from the start (port 995)")] = False,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Password = "",
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """The server's greeting, or how many messages there are."""
    settings = tls_settings(given)
    secret = await probe.secret(password, timeout=timeout)
    async with probe.talk(host, port, timeout=timeout, tls=settings if tls else None, bind=bind) as server:
        said = await server.command("", OK)
        if starttls:
            await server.command("STLS", OK)
            await server.start_tls(settings)
        if user:
            await server.command(f"USER {user}", OK)
            await server.command(f"PASS {secret}", OK)
            count, _, _ = (await server.command("STAT", OK)).removeprefix(OK).strip().partition(" ")
            said = f"{count} messages"
        await server.command("QUIT", OK)
    return said


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)
    return verify_tls(options)
