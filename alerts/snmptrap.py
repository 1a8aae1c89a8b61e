"""Send an SNMP notification to trap receivers (pip install mon[snmptrap]).

    alert   snmptrap.alert -c @/etc/mon/secrets/community nms1 nms2:1162
    upalert snmptrap.alert -c @/etc/mon/secrets/community nms1 nms2:1162

A trap (version 2c) is never answered: what is lost on the way is lost.  With --inform the receiver confirms
it, and who does not is asked again; with --user it is version 3, always an inform.  Under --oid (BASE) the
notification is BASE.0.N, N by its type: 1 failure, 2 up, 3 startup, 4 ack, 5 disable, 6 trap, 7 traptimeout,
8 test.  Its values are strings: BASE.1.1.0 watch, .1.2.0 service, .1.3.0 the fact in a line, .1.4.0 hosts
down, .1.5.0 status, .1.6.0 time (ISO 8601, UTC), .1.7.0 what was seen, .1.8.0 the name of the outage.
Texts are UTF-8, and cut so that one datagram holds them.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from mon.plugin import (
    AlertType,
    BadOption,
    Notice,
    Option,
    Render,
    Undeliverable,
    Zone,
    brief,
    exposed,
    library,
    place,
    printable,
    secret,
    verify_zone,
)

disturbs = False
"""It wakes nobody: mon check does not ask for ``alertevery``."""

PORT = 162
LIBRARY = ("pysnmp.hlapi.v3arch.asyncio", "snmptrap")

PLAYPEN = "1.3.6.1.4.1.8072.9999.9999"
"""netSnmpPlaypen of NET-SNMP-MIB: mon has no number of its own from IANA."""

NUMBERS = {
    AlertType.FAILURE: 1,
    AlertType.UP: 2,
    AlertType.STARTUP: 3,
    AlertType.ACK: 4,
    AlertType.DISABLE: 5,
    AlertType.TRAP: 6,
    AlertType.TRAPTIMEOUT: 7,
    AlertType.TEST: 8,
}
"""Receivers know them: they never change."""

LONGEST = 400
"""Octets of a value: eight of them stay below the 1,472 that pass a network whole."""

AUTHS = {"md5": "HMACMD5", "sha1": "HMACSHA", "sha256": "HMAC192SHA256", "sha512": "HMAC384SHA512"}
PRIVS = {"des": "DES", "aes": "AesCfb128", "aes256": "AesCfb256"}


def send(
    notice: Notice,
    hosts: Annotated[list[str], Option(positional=True, metavar="HOST", help="HOST or HOST:PORT (162)")],
    *,
    community: Annotated[str, Option("-c", "--community", help="or @FILE, env:NAME")] = "public",
    inform: Annotated[bool, Option("--inform", help="let the receiver confirm it")] = False,
    oid: Annotated[str, Option("-o", "--oid", metavar="BASE", help="what our numbers stand under")] = PLAYPEN,
    user: Annotated[str, Option("-u", "--user", help="who sends (version 3)")] = "",
    auth: Annotated[str, Option("--auth", help=f"with --password: {', '.join(AUTHS)}")] = "sha1",
    password: Annotated[str, Option("--password", metavar="@FILE", help="or env:NAME")] = "",
    priv: Annotated[str, Option("--priv", help=f"with --key: {', '.join(PRIVS)}")] = "aes",
    key: Annotated[str, Option("--key", metavar="@FILE", help="or env:NAME")] = "",
    zone: Zone = "",
    timeout: Annotated[float, Option("-t", "--timeout", help="seconds for a confirmation")] = 5.0,
    render: Render,
) -> str:
    """Send it to each of the hosts; says how many there are."""
    if not hosts:
        raise Undeliverable("no host is named", permanent=True)
    try:
        snmp = library(*LIBRARY)
    except BadOption as error:
        raise Undeliverable(str(error)) from None
    who: Any = snmp.CommunityData(secret(community), mpModel=1)
    if user:
        who = _version_3(snmp, user, (auth, secret(password)), (priv, secret(key)))
    values = _values(notice, render, zone)

    async def one(host: str) -> str:
        kind = "inform" if inform or user else "trap"
        return await _notify(snmp, host, who, kind, (oid, NUMBERS[notice.type], values), timeout)

    async def all_of_them(wanted: Sequence[str]) -> dict[str, str]:
        said = await asyncio.gather(*map(one, wanted))
        return {host: why for host, why in zip(wanted, said, strict=True) if why}

    # In a loop of its own: making an engine takes a tenth of a second, which the daemon's has not.
    wanted = notice.left or hosts
    failed = asyncio.run(all_of_them(wanted))
    if failed:
        raise Undeliverable("; ".join(f"{host}: {why}" for host, why in failed.items()), left=list(failed))
    return f"told {len(wanted)}"


def verify(options: Mapping[str, Any]) -> list[str]:
    """Is the library there; refuse numbers and names that are none, and secrets that stand here."""
    library(*LIBRARY)
    verify_zone(options)
    if not all(part.isdecimal() for part in str(options["oid"]).split(".")):
        raise BadOption(f"--oid is given {options['oid']}: write it in numbers, as {PLAYPEN}")
    for name, known in (("auth", AUTHS), ("priv", PRIVS)):
        if options[name] not in known:
            raise BadOption(f"--{name} is given {options[name]}: it takes {', '.join(known)}")
    secrets = [str(options[name] or "") for name in ("password", "key")]
    if not all(word.startswith(("@", "env:")) for word in secrets if word):
        raise BadOption(
            "a password or key stands in the file, where many read it: write it to FILE, and @FILE here"
        )
    if any(secrets) and not options["user"]:
        raise BadOption("--password and --key are for version 3: add --user NAME")
    return exposed(str(options["community"]), *secrets)


def preview(notice: Notice, options: Mapping[str, Any], render: Render) -> str:
    """The numbers and values as they would be sent."""
    base = options["oid"]
    values = _values(notice, render, str(options.get("zone") or ""))
    lines = (f"{base}.1.{number}.0 = {value.decode()}" for number, value in enumerate(values, 1))
    return "\n".join((f"{base}.0.{NUMBERS[notice.type]}", *lines))


def _values(notice: Notice, render: Render, zone: str) -> list[bytes]:
    said = brief(notice, render, zone)
    down = " ".join(report.host for report in notice.down)
    at = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    seen = said.text or notice.summary
    words = (
        notice.watch,
        notice.service,
        said.subject,
        down,
        notice.opstatus.name.lower(),
        at,
        seen,
        notice.thread,
    )
    return [_cut(printable(word), LONGEST if word is seen else LONGEST // 3) for word in words]


def _cut(text: str, most: int) -> bytes:
    """Its first octets in UTF-8, no character torn."""
    octets = text.encode("utf-8", "backslashreplace")
    return octets[:most].decode("utf-8", "ignore").encode()


async def _notify(
    snmp: Any, host: str, who: Any, kind: str, what: tuple[str, int, list[bytes]], timeout: float
) -> str:
    """Tell one host; "" or why it was not told."""
    base, number, values = what
    engine = snmp.SnmpEngine()
    notification = snmp.NotificationType(snmp.ObjectIdentity(f"{base}.0.{number}"))
    notification.add_varbinds(
        *((f"{base}.1.{n}.0", snmp.OctetString(value)) for n, value in enumerate(values, 1))
    )
    try:
        target = await _target(snmp, host, timeout)
        trouble, *_ = await snmp.send_notification(
            engine, who, target, snmp.ContextData(), kind, notification, lookupMib=False
        )
        return str(trouble or "")
    except OSError as error:
        return error.strerror or type(error).__name__
    except Exception as error:  # noqa: BLE001 - the library raises much of its own; its texts may hold a key
        return f"it could not be sent ({type(error).__name__})"
    finally:
        engine.close_dispatcher()


async def _target(snmp: Any, host: str, timeout: float) -> Any:
    name, port = place(host, PORT)
    loop = asyncio.get_running_loop()
    family, *_, address = (await loop.getaddrinfo(name, port, type=socket.SOCK_DGRAM))[0]
    kind = snmp.Udp6TransportTarget if family == socket.AF_INET6 else snmp.UdpTransportTarget
    return await kind.create((address[0], port), timeout=timeout, retries=1)


def _version_3(snmp: Any, user: str, auth: tuple[str, str], priv: tuple[str, str]) -> Any:
    """The library's credentials."""
    given = {}
    if auth[1]:
        given = {"authKey": auth[1], "authProtocol": getattr(snmp, f"usm{AUTHS[auth[0]]}AuthProtocol")}
    if priv[1]:
        given |= {"privKey": priv[1], "privProtocol": getattr(snmp, f"usm{PRIVS[priv[0]]}Protocol")}
    return snmp.UsmUserData(user, **given)
