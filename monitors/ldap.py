"""Log in to an LDAP server, search, and look at what was found.

The names are those of the classic ldap.monitor: each entry found must have ``--value`` among the values of
``--attribute``, and one must be found.  Without ``--basedn`` the server is asked about itself (its root DSE).
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Unpack

from mon.plugin import (
    BadOption,
    Bind,
    Cause,
    Down,
    NamedTlsOptions,
    Option,
    Password,
    Probe,
    Talk,
    Timeout,
    ber,
    numbers,
    plain,
    tls_settings,
    verify_tls,
)

BIND, BOUND, UNBIND, SEARCH, ENTRY, FOUND, EXTENDED = 0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x77
EXTENDED_SAID, REFERENCE = 0x78, 0x73
START_TLS = "1.3.6.1.4.1.1466.20037"
SCOPES = {"base": 0, "one": 1, "sub": 2}
CODES = {1: "operations error", 2: "protocol error", 3: "time limit exceeded", 4: "size limit exceeded",
         8: "stronger authentication required", 10: "referral", 13: "confidentiality required",
         32: "no such object", 34: "invalid DN", 48: "inappropriate authentication",
         49: "invalid credentials", 50: "insufficient access", 51: "busy", 52: "unavailable",
         53: "unwilling to perform"}  # fmt: skip
LARGEST = 1 << 20
SIMPLE = re.compile(r"(?P<name>[\w.;-]+)(?P<kind>>=|<=|~=|=)(?P<value>[^()]*)")
KINDS = {"=": 0xA3, ">=": 0xA5, "<=": 0xA6, "~=": 0xA8}
GROUPS = {"&": 0xA0, "|": 0xA1, "!": 0xA2}


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", "-port", "--port", help="port")] = 389,
    timeout: Timeout = 30,
    basedn: Annotated[str, Option("-basedn", "--basedn", help="where to search", metavar="DN")] = "",
    filter: Annotated[str, Option("-filter", "--filter", help="what to search")] = "(objectClass=*)",
    attribute: Annotated[str, Option("-attribute", "--attribute", help="what each entry must have")] = "",
    value: Annotated[str, Option("-value", "--value", help="value that the attribute must have")] = "",
    verbose: Annotated[bool, Option("-verbose", "--verbose", help="accepted; nothing more is said")] = False,
    scope: Annotated[str, Option("--scope", help="base, one or sub; sub where --basedn is given")] = "",
    user: Annotated[str, Option("--user", help="log in as this; else as nobody", metavar="DN")] = "",
    password: Password = "",
    starttls: Annotated[bool, Option("--starttls", help="go on over TLS")] = False,
    tls: Annotated[bool, Option("--tls", help="TLS from the start (port 636)")] = False,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """``2 entries``."""
    settings = tls_settings(given)
    login = (user, await probe.secret(password, timeout=timeout))
    wanted = search(basedn, SCOPES[scope or ("sub" if basedn else "base")], filter, attribute)
    async with probe.talk(host, port, timeout=timeout, tls=settings if tls else None, bind=bind) as server:
        try:
            if starttls:
                await ask(server, 1, ber.element(EXTENDED, ber.text(START_TLS, 0x80)), EXTENDED_SAID, "TLS")
                await server.start_tls(settings)
            await ask(server, 2, simple_bind(*login), BOUND, "login")
            entries = await ask(server, 3, wanted, FOUND, "search")
            await all_judged(entries, attribute, value)
            await server.write(ber.element(ber.SEQUENCE, ber.integer(4), ber.element(UNBIND)))
        except ValueError as error:
            raise Down(f"not an LDAP answer: {error}", cause=Cause.WRONG) from error
    if not entries:
        raise Down("no entry was found", cause=Cause.WRONG)
    return f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)
    if options.get("scope") and options["scope"] not in SCOPES:
        raise BadOption(f"--scope is given {options['scope']}: it takes base, one or sub")
    encoded(str(options["filter"]))
    return verify_tls(options)


def simple_bind(user: str, password: str) -> bytes:
    """A login with name and password, version 3 (RFC 4511, 4.2)."""
    return ber.element(BIND, ber.integer(3), ber.text(user), ber.text(password, 0x80))


def search(base: str, scope: int, filter: str, attribute: str) -> bytes:
    """A search for ``attribute`` (RFC 4511, 4.5)."""
    wanted = ber.element(ber.SEQUENCE, ber.text(attribute)) if attribute else ber.element(ber.SEQUENCE)
    limits = (ber.integer(0), ber.integer(0), ber.element(ber.BOOLEAN, b"\0"))
    ways = (ber.integer(scope, ber.ENUMERATED), ber.integer(0, ber.ENUMERATED))
    return ber.element(SEARCH, ber.text(base), *ways, *limits, encoded(filter), wanted)


def encoded(filter: str) -> bytes:
    """A filter as text (RFC 4515; the outer brackets may be left out) in BER.  Raises BadOption."""
    whole = filter if filter.startswith("(") else f"({filter})"
    data, rest = _one(whole, filter)
    if rest:
        raise BadOption(f"{filter!r} is no filter: write one as (&(cn=a*)(mail=*))")
    return data


def _one(text: str, whole: str) -> tuple[bytes, str]:
    """The filter that ``text`` begins with, and the text behind it."""
    if text[:1] == "(" and text[1:2] in GROUPS:
        parts, rest = [], text[2:].lstrip()
        while rest.startswith("("):
            data, rest = _one(rest, whole)
            parts.append(data)
        if rest.startswith(")") and (len(parts) == 1 or (parts and text[1] != "!")):
            return ber.element(GROUPS[text[1]], *parts), rest[1:].lstrip()
    simple = SIMPLE.match(text, 1)
    if not simple or text[:1] != "(" or text[simple.end() : simple.end() + 1] != ")":
        raise BadOption(f"{whole!r} is no filter: write one as (&(cn=a*)(mail=*))")
    return _simple(**simple.groupdict()), text[simple.end() + 1 :].lstrip()


def _simple(name: str, kind: str, value: str) -> bytes:
    if kind == "=" and value == "*":
        return ber.text(name, 0x87)
    if kind != "=" or "*" not in value:
        return ber.element(KINDS[kind], ber.text(name), ber.element(ber.OCTETS, _bytes(value)))
    first, *middle, last = map(_bytes, value.split("*"))
    pieces = [(0x80, first), *((0x81, each) for each in middle), (0x82, last)]
    found = (ber.element(tag, piece) for tag, piece in pieces if piece)
    return ber.element(0xA4, ber.text(name), ber.element(ber.SEQUENCE, *found))


def _bytes(value: str) -> bytes:
    return re.sub(rb"\\([0-9a-fA-F]{2})", lambda found: bytes((int(found[1], 16),)), value.encode())


async def ask(server: Talk, number: int, request: bytes, last: int, doing: str) -> list[ber.Element]:
    """Send a request; the entries that come before its last answer, which must be success."""
    await server.write(ber.element(ber.SEQUENCE, ber.integer(number), request))
    entries: list[ber.Element] = []
    while True:
        head = await server.read_exactly(2)
        while (found := ber.header(head)) is None:
            head += await server.read_exactly(1)
        if head[0] != ber.SEQUENCE or found[2] > LARGEST:
            raise ValueError(f"it begins with {head[:4]!r}")
        whole, _ = ber.read(head + await server.read_exactly(found[2] - len(head)))
        _, said = whole.first(2)
        if said.tag == last:
            code, _, message = said.first(3)
            if code.number:
                text = message.content[:80].decode(errors="backslashreplace")
                why = CODES.get(code.number, f"code {code.number}")
                raise Down(f"{doing}: {why}{': ' + text[:80] if text else ''}", cause=Cause.WRONG)
            return entries
        if said.tag not in (ENTRY, REFERENCE):
            raise Down(f"{doing}: not the answer to it", cause=Cause.WRONG)
        entries += [said] if said.tag == ENTRY else []


async def all_judged(entries: Iterable[ber.Element], attribute: str, value: str) -> None:
    """Look at each entry; the loop in between, as there may be a hundred thousand."""
    for entry in entries:
        judged(entry, attribute, value)
        await asyncio.sleep(0)


def judged(entry: ber.Element, attribute: str, value: str) -> str:
    """The name of a good entry.  Raises Down for one that has not what is wanted.

    Of values no more are looked at than one attribute may have, whatever number of attributes has the name.
    """
    name, attributes = entry.first(2)
    dn = name.content[:1000].decode(errors="backslashreplace")
    if not attribute:
        return dn
    wanted = attribute.lower().encode()
    pairs = (each.first(2) for each in attributes.children())
    found = (one for kind, several in pairs if kind.content.lower() == wanted for one in several.children())
    values = [one.content.decode(errors="backslashreplace") for one in islice(found, ber.MOST)]
    if not values:
        raise Down(f"{dn} has no {attribute}", cause=Cause.WRONG)
    if value and value not in values:
        raise Down(f"{dn} has {attribute} {', '.join(values)[:80]}, not {value}", cause=Cause.WRONG)
    return dn
