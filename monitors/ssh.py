"""Exchange greetings with an SSH server, and see which host keys it has.

A server that greets but has no host keys, or no connection to spare, is found out; nobody is logged in.
"""

import struct
from collections.abc import Mapping
from typing import Annotated

from mon.plugin import Bind, Cause, Down, Option, Port, Probe, Talk, Timeout, numbers, regex

OURS = b"SSH-2.0-mon\r\n"
KEXINIT = 20
LINES = 50
LARGEST = 35000
LISTS = ("key exchange", "host key")


async def check(
    host: str,
    *,
    port: Port = 22,
    timeout: Timeout = 10,
    match: Annotated[str, Option("-m", help="regular expression that the greeting must match")] = "",
    hostkey: Annotated[str, Option("--hostkey", help="a kind of host key that must be offered")] = "",
    bind: Bind = "",
    probe: Probe,
) -> str:
    """The greeting and the kinds of host keys."""
    async with probe.talk(host, port, timeout=timeout, bind=bind) as server:
        said = await greet(server)
        greeting = said.decode(errors="backslashreplace")
        if match and not regex(match).matches(said):
            raise Down(f"{greeting}: no match for {match}", cause=Cause.WRONG)
        await server.write(OURS)
        offered = (await offers(server))["host key"]
    if not offered:
        raise Down(f"{greeting}: it has no host key", cause=Cause.WRONG)
    if hostkey and hostkey not in offered:
        raise Down(f"{greeting}: {hostkey} is not among {', '.join(offered)}", cause=Cause.WRONG)
    return f"{greeting}, {', '.join(offered)}"


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    regex(str(options.get("match") or ""))


async def greet(server: Talk) -> bytes:
    """The server's greeting; other lines may come before it (RFC 4253, 4.2)."""
    first = line = (await server.read_until(b"\n")).rstrip(b"\r\n")
    for _ in range(LINES):
        if line.startswith(b"SSH-"):
            break
        line = (await server.read_until(b"\n")).rstrip(b"\r\n")
    if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
        said = (line if line.startswith(b"SSH-") else first)[:80].decode(errors="backslashreplace")
        raise Down(f"greeting: {said}, expected SSH-2.0", cause=Cause.WRONG)
    return line


async def offers(server: Talk) -> dict[str, list[str]]:
    """What the server offers: the first lists of its first packet, the KEXINIT (RFC 4253, 6 and 7.1)."""
    length, padding, kind = struct.unpack("!IBB", await server.read_exactly(6))
    if not 24 < length <= LARGEST or kind != KEXINIT:
        raise Down("it does not begin a key exchange", cause=Cause.WRONG)
    body = (await server.read_exactly(length - 2))[: length - 2 - padding]
    at, found = 16, {}  # after the cookie
    for name in LISTS:
        size = int.from_bytes(body[at : at + 4], "big")
        words = body[at + 4 : at + 4 + size].decode("ascii", errors="backslashreplace")
        found[name] = [word for word in words.split(",") if word]
        at += 4 + size
    return found
