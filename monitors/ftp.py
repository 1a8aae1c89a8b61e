"""Greet an FTP server, log in if wanted, and take leave."""

from collections.abc import Mapping
from typing import Annotated

from mon.plugin import FALSE, Option, Probe, Talk, numbers


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", help="port", unset=FALSE)] = 21,
    timeout: Annotated[float, Option("-t", help="seconds for everything", unset=FALSE)] = 30,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password_file: Annotated[
        str, Option("--password-file", help="first line is the password", metavar="FILE")
    ] = "",
    bind: Annotated[str, Option("--bind", help="local address to connect from", metavar="ADDRESS")] = "",
    probe: Probe,
) -> str:
    """The server's greeting."""
    password = await probe.secret(f"@{password_file}", timeout=timeout) if password_file else ""
    async with probe.talk(host, port, timeout=timeout, bind=bind) as server:
        lines = (await server.command("", "220")).splitlines()
        if user:
            await log_in(server, user, password)
        await server.command("QUIT", "221")
    return next((line for line in reversed(lines) if line[4:]), lines[-1])  # the last may be the bare code


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


async def log_in(server: Talk, user: str, password: str) -> None:
    """USER, and PASS if it is asked for (RFC 959, 5.4)."""
    said = await server.command(f"USER {user}", "230", "331")
    if said.splitlines()[-1].startswith("331"):
        await server.command(f"PASS {password}", "230", "202")
