"""Greet an FTP server, log in if wanted, and take leave."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from mon.plugin import Cause, Down, Option, Probe, Talk, Unknown, numbers


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", help="port")] = 21,
    timeout: Annotated[float, Option("-t", help="seconds for everything")] = 30,
    user: Annotated[str, Option("--user", help="log in as this user")] = "",
    password_file: Annotated[
        str, Option("--password-file", help="first line is the password", metavar="FILE")
    ] = "",
    bind: Annotated[str, Option("--bind", help="local address to connect from", metavar="ADDRESS")] = "",
    probe: Probe,
) -> str:
    """The server's greeting."""
    password = await probe.in_thread(first_line, password_file, timeout=timeout) if password_file else ""
    async with probe.talk(host, port, timeout=timeout, bind=bind) as server:
        greeting = await answer(server, "greeting", "220")
        if user:
            await log_in(server, user, password)
        await command(server, "QUIT", "221")
    return greeting


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


async def log_in(server: Talk, user: str, password: str) -> None:
    """USER, and PASS if it is asked for (RFC 959, 5.4)."""
    said = await command(server, f"USER {user}", "230", "331")
    if said.startswith("331"):
        await command(server, f"PASS {password}", "230", "202")


async def command(server: Talk, line: str, *good: str) -> str:
    """Send a command; its answer must begin with one of ``good``."""
    await server.write(f"{line}\r\n".encode())
    return await answer(server, line.partition(" ")[0], *good)


async def answer(server: Talk, to: str, *good: str) -> str:
    """The last line of an answer.  Lines like ``220-…`` are followed by more (RFC 959, 4.2)."""
    line = first = await server.read_line()
    while first[3:4] == "-" and not line.startswith(f"{first[:3]} "):
        line = await server.read_line()
    if not line.startswith(good):
        raise Down(f"{to}: {line[:80] or 'an empty line'}, expected {' or '.join(good)}", cause=Cause.WRONG)
    return line


def first_line(file: str) -> str:
    """The first line of a file.  Blocks; raises Unknown."""
    try:
        return Path(file).read_text().partition("\n")[0]
    except (OSError, ValueError) as error:
        raise Unknown(f"cannot read the password: {error}", cause=Cause.NONE) from error
