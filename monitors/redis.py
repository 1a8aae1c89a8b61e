"""Ask a Redis server for a sign of life, its role, and how it is with its master."""

import re
from collections.abc import Mapping
from typing import Annotated, Unpack

from mon.plugin import (
    BadOption,
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

ROLES = ("master", "slave")
LARGEST = 1 << 16
SIZE = re.compile(r"[0-9]{1,5}")


async def check(
    host: str,
    *,
    port: Port = 6379,
    timeout: Timeout = 10,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password: Password = "",
    role: Annotated[str, Option("--role", help="it must be master, or slave with its master")] = "",
    tls: Annotated[bool, Option("--tls", help="TLS")] = False,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """``PONG``, or ``PONG, master``."""
    secret = await probe.secret(password, timeout=timeout)
    settings = tls_settings(given) if tls else None
    async with probe.talk(host, port, timeout=timeout, tls=settings, bind=bind) as server:
        if secret:
            await command(server, "AUTH", *([user] if user else []), secret)
        if (said := await command(server, "PING")) != "PONG":
            raise Down(f"PING: {said[:80]}, expected PONG", cause=Cause.WRONG)
        if not role:
            return said
        lines = (await command(server, "INFO", "replication")).splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    found = told.get("role", "of no role")
    if found != role:
        raise Down(f"it is {found}, not {role}", cause=Cause.WRONG)
    if role == "slave" and told.get("master_link_status") != "up":
        raise Down(f"its link to its master is {told.get('master_link_status')}", cause=Cause.WRONG)
    return f"{said}, {found}"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)
    if options.get("role") and options["role"] not in ROLES:
        raise BadOption(f"--role is given {options['role']}: it takes {' or '.join(ROLES)}")
    return verify_tls(options)


async def command(server: Talk, *words: str) -> str:
    """Send a command; what it answers.  Raises Down for an error, or what is no answer of Redis."""
    pieces = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    await server.write(f"*{len(words)}\r\n{''.join(pieces)}".encode())
    line = await server.read_line()
    kind, rest = line[:1], line[1:]
    if kind == "+":
        return rest
    if kind == "$" and SIZE.fullmatch(rest) and int(rest) <= LARGEST:
        return (await server.read_exactly(int(rest) + 2)).decode(errors="backslashreplace")
    raise Down(f"{words[0]}: {rest[:80] if kind == '-' else repr(line[:80])}", cause=Cause.WRONG)
