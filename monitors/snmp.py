"""Ask an SNMP agent for a value, and judge it.

The names are those of Debian's SNMP monitors.  Version 3 is used where ``--user`` is given.  The library is
puresnmp (``pip install mon[snmp]``); our own engine carries its packets.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from mon.plugin import (
    BadOption,
    Bind,
    Cause,
    Down,
    Finding,
    Least,
    Match,
    Most,
    Option,
    Password,
    Port,
    Probe,
    Timeout,
    ber,
    decoded,
    library,
    numbers,
    plain,
    valued,
)

UPTIME = "1.3.6.1.2.1.1.3.0"
VERSIONS = {"1": "V1", "2c": "V2C", "3": "V3"}
ASKS, TELLS = 0xA0, 0xA2
DEPTH, MOST, NUMBERS = 7, 100, (ber.INTEGER, 0x41, 0x42, 0x43, 0x46)
"""What the answer to one question has: of version 3 seven layers, some thirty parts."""
SECURITY = 6
"""Parts of the security parameters of version 3: BER inside a string (RFC 3414, 2.4)."""

ANYWHERE = "127.0.0.1"
"""The library wants an address and is given ours: it never opens a socket."""


async def check(
    host: str,
    *,
    port: Port = 161,
    timeout: Timeout = 10,
    community: Annotated[
        str, Option("-c", "--community", help="the community; @FILE or env:NAME")
    ] = "public",
    oid: Annotated[str, Option("-o", "--oid", help="the value to ask for, in numbers")] = UPTIME,
    version: Annotated[str, Option("-v", "--version", help="1, 2c or 3")] = "2c",
    retries: Annotated[int, Option("-r", "--retries", help="further questions before it is given up")] = 2,
    match: Match = "",
    least: Least = None,
    most: Most = None,
    user: Annotated[str, Option("-u", "--user", help="who asks (version 3)")] = "",
    auth: Annotated[str, Option("--auth", help="md5, sha1 … (version 3, with --password)")] = "",
    password: Password = "",
    priv: Annotated[str, Option("--priv", help="aes or des (version 3, with --key)")] = "",
    key: Annotated[str, Option("--key", help="the key for --priv; @FILE or env:NAME")] = "",
    bind: Bind = "",
    probe: Probe,
) -> str:
    """The value."""
    snmp = library("puresnmp", "snmp")
    words = [await probe.secret(word, timeout=timeout) for word in (community, password, key)]
    credentials = as_version("3" if user else version, words, user, auth, priv)

    async def carry(_: Any, packet: bytes, **__: Any) -> bytes:
        def take(data: bytes) -> bytes | None:
            return data if fits(data, packet) else None

        return await probe.ask(host, port, packet, take, timeout=timeout, attempts=retries + 1, bind=bind)

    client = snmp.PyWrapper(snmp.Client(ANYWHERE, credentials, port, sender=carry))
    try:
        async with asyncio.timeout(timeout):
            value = shown(await client.get(oid))
    except TimeoutError as error:
        raise Down(f"no answer within {timeout:g} s", cause=Cause.TIMEOUT) from error
    except Finding:
        raise
    except Exception as error:  # a garbled answer raises anything in the library
        raise Down(f"{oid}: {type(error).__name__}: {str(error)[:80]}", cause=Cause.WRONG) from error
    return valued(value, match, least, most)


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, and a library that is missing, when the config is read."""
    library("puresnmp", "snmp")
    numbers(options)
    plain(options)
    valued("0", "", None, None)
    if options["version"] not in VERSIONS:
        raise BadOption(f"-v is given {options['version']}: it takes {', '.join(VERSIONS)}")
    if not all(part.isdecimal() for part in str(options["oid"]).strip(".").split(".")):
        raise BadOption(f"-o is given {options['oid']}: write it in numbers, as {UPTIME}")


def fits(data: bytes, question: bytes) -> bool:
    """Does an answer belong to the question?  (The library takes any, even its own words.)"""
    try:
        if not ber.plain(data, depth=DEPTH, most=MOST, numbers=NUMBERS):
            return False
        asked, told = (ber.read(each)[0].first(3) for each in (question, data))
        if asked[2].tag == ASKS:
            return told[2].tag == TELLS and told[2].first(1) == asked[2].first(1)
        if not ber.plain(told[2].content, depth=1, most=SECURITY, numbers=NUMBERS):
            return False
        return data != question and told[1].first(1) == asked[1].first(1)
    except ValueError:
        return False


def as_version(version: str, words: list[str], user: str, auth: str, priv: str) -> Any:
    """The library's credentials."""
    parts = library("puresnmp.credentials", "snmp")
    community, password, key = words
    if version != "3":
        return getattr(parts, VERSIONS[version])(community)
    return parts.V3(
        user,
        parts.Auth(password.encode(), auth or "sha1") if password else None,
        parts.Priv(key.encode(), priv or "aes") if key else None,
    )


def shown(value: Any) -> str:
    """A value as text; a time is in seconds."""
    if hasattr(value, "total_seconds"):
        return f"{value.total_seconds():g}"
    if not isinstance(value, bytes):
        return str(value)
    text = decoded(value)
    return text if text.replace("\r\n", "").isprintable() else value.decode(errors="backslashreplace")
