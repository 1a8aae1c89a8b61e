"""Pass the result on to another mon, as a classic trap.

    alert   trap.alert [-U USER -P @/etc/mon/trap.secret] HOST...
    upalert trap.alert [-U USER -P @/etc/mon/trap.secret] HOST...

HOST is a name or an address, with :PORT unless it is 2583.  There the trap is for the watch and the service
of the same names; its auth.cf says who may send (section ``trap``).  The variables MON_TRAP_USER and
MON_TRAP_PASS of the service win over -U and -P.  Traps are UDP and never answered: what is lost on the way
is lost; a host that says nobody listens is tried again.
"""

import contextlib
import re
import socket
import time
from collections.abc import Mapping
from typing import Annotated

from mon.plugin import BadOption, Notice, Option, Undeliverable, exposed, place, secret

disturbs = False
"""It wakes nobody: mon check does not ask for ``alertevery``."""

PORT = 2583
PROTOCOL = "0.3807"
LONGEST = 60_000
"""Octets of detail, escaped; a datagram has 65,507."""

REFUSAL = 0.2
"""Seconds in which a host may say that nobody listens there."""


def send(
    notice: Notice,
    hosts: Annotated[
        list[str], Option(positional=True, metavar="HOST", help="who is told, HOST or HOST:PORT")
    ],
    *,
    user: Annotated[str, Option("-U", "--user", help="a user of the receiver's auth.cf")] = "",
    password: Annotated[
        str, Option("-P", "--password", help="the password; @FILE or env:NAME where it is")
    ] = "",
) -> None:
    """Send it to each of the hosts."""
    if not hosts:
        raise Undeliverable("no host is named", permanent=True)
    data = datagram(
        notice,
        notice.environment.get("MON_TRAP_USER") or user,
        notice.environment.get("MON_TRAP_PASS") or (secret(password) if password else ""),
    )
    troubles = {host: why for host in notice.left or hosts if (why := deliver(data, host))}
    if troubles:
        raise Undeliverable("; ".join(troubles.values()), left=list(troubles))


def datagram(notice: Notice, user: str, password: str) -> bytes:
    """The lines of a trap; a detail that is too long is cut."""
    fields = {
        "pro": PROTOCOL,
        "usr": user,
        "pas": password if user else "",
        "spc": str(int(notice.opstatus)),
        "typ": "trap",
        "grp": notice.watch,
        "svc": notice.service,
        "sta": str(notice.status),
        "tsp": str(int(time.time())),
        "sum": notice.summary,
        "dtl": notice.detail.removesuffix("\n"),
    }
    escaped = {name: escape(value) for name, value in fields.items()}
    escaped["dtl"] = re.sub(rb"\\[0-9a-f]?$", b"", escaped["dtl"][:LONGEST])
    return b"".join(b"%s='%s'\n" % (name.encode(), value) for name, value in escaped.items())


def escape(text: str) -> bytes:
    """Control characters, blanks, quotes and everything beyond ASCII as a backslash and two hex digits."""
    data = text.encode("utf-8", "surrogateescape")
    return re.sub(rb"[^\x21\x23-\x26\x28-\x7e]", lambda match: b"\\%02x" % match[0][0], data)


def deliver(data: bytes, host: str) -> str:
    """Send it; returns what went wrong, "" if nothing is known to have."""
    try:
        found = socket.getaddrinfo(*place(host, PORT), type=socket.SOCK_DGRAM)
        found.sort(key=lambda one: one[0] != socket.AF_INET)  # the classic mon hears IPv4 only
        with socket.socket(found[0][0], socket.SOCK_DGRAM) as line:
            line.settimeout(REFUSAL)
            line.connect(found[0][4])
            line.send(data)
            with contextlib.suppress(TimeoutError):
                line.recv(1)
    except ConnectionRefusedError:
        return f"nobody listens for traps at {host}"
    except (OSError, OverflowError) as error:
        return f"{host}: {error}"
    return ""


def verify(options: Mapping[str, object]) -> list[str]:
    """A host must be named; warnings of a password that others may read."""
    if not options.get("hosts"):
        raise BadOption("no host is named: write HOST or HOST:PORT")
    password = str(options.get("password") or "")
    if password and not password.startswith(("@", "env:")):
        return ["a password stands in the file, where many read it: write it to FILE, and @FILE here"]
    return exposed(password)
