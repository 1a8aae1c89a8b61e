"""Direct routing and tunnels: a check that leaves from the virtual address gets no answer.

The real servers have that address too, so what they send to it never leaves them.  A director gets there with
an IPv6 virtual address as ``/128``: the kernel likes it as a source (RFC 6724 section 5, rule 8) unless it is
deprecated (``preferred_lft 0``, rule 3).
"""

import socket
from collections.abc import Iterator, Sequence

from mon.model.pool import Forward, Pool
from mon.model.source import Problem, Severity

DISCARD = 9
"""A port for a socket that sends nothing."""


def misdirected(pools: Sequence[Pool]) -> Iterator[Problem]:
    """A warning for each pool whose checks would leave from its own address, as this machine is now."""
    for pool in pools:
        direct = [member for member in pool.members if member.forward is not Forward.MASQ]
        name = next((one.name for one in direct if leaves_from(one.id.address) == pool.id.address), "")
        if name:
            what = f"pool {pool.name}: checks of {name} leave from {pool.id.address}, its own address too"
            yield Problem(pool.source, what, _remedy(pool.id.address), Severity.WARNING)


def leaves_from(address: str) -> str:
    """The address that packets to another one leave from; "" if there is no way there.  Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((address, DISCARD))
            return str(asking.getsockname()[0])
    except OSError:
        return ""


def _remedy(address: str) -> str:
    if ":" in address:
        return f"ip address change {address}/128 dev DEVICE preferred_lft 0"
    return f"give the device an address of its own before {address}"
