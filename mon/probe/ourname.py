"""What this machine is called: the name to greet mail servers with, and to send from."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

PATIENCE = 1.0
"""Seconds that the resolver is waited for: a mail about a dead name server must not wait for it."""

GOOD_FOR = 600
ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of nobody (RFC 5737, RFC 3849): nothing is sent there, the routing table is asked."""


def own_name() -> str:
    """The fully qualified name of this machine, "" if it has none.  Blocks for a second at most."""
    name = socket.gethostname()
    return name if "." in name.strip(".") else _qualified(name, int(time.monotonic() // GOOD_FOR))


def own_domain() -> str:
    """The same, or an address of this machine as a literal: what may stand behind the @ of an address."""
    return own_name() or literal(_own_address())


def literal(address: str) -> str:
    """An address where mail wants a name: ``[192.0.2.1]``, ``[IPv6:2001:db8::1]`` (RFC 5321, 4.1.3)."""
    found = ipaddress.ip_address(address.partition("%")[0] or "127.0.0.1")
    found = getattr(found, "ipv4_mapped", None) or found
    return f"[IPv6:{found}]" if found.version == 6 else f"[{found}]"


@lru_cache(maxsize=1)
def _qualified(name: str, _when: int) -> str:
    """The name with its domain as the resolver has it (/etc/hosts first, as a rule)."""
    return qualified(name, lambda: socket.getaddrinfo(name, None, flags=socket.AI_CANONNAME)[0][3])


def qualified(name: str, look_up: Callable[[], str], patience: float = PATIENCE) -> str:
    """What ``look_up`` gives within ``patience`` s, if that is a name with a domain."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError, LookupError):
            found.append(look_up())

    thread = threading.Thread(target=ask, name="mon-own-name", daemon=True)
    thread.start()
    thread.join(patience)
    full = found[0].rstrip(".") if found else ""
    return full if "." in full and not full.startswith("localhost.") else ""


def _own_address() -> str:
    for family, there in ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((there, 9))
            return str(sock.getsockname()[0])
    return "127.0.0.1"
