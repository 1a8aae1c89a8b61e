"""Pings of one host with statistics, and the route to it, by icmplib; these calls block.

icmplib matches a reply by identifier and sequence only, so on a raw socket somebody else's reply (or, on
loopback, our own request) can pass for ours; here its type and the address it comes from are looked at too.
"""

import secrets
import time

from icmplib import (
    Host,
    ICMPLibError,
    ICMPReply,
    ICMPRequest,
    ICMPv4Socket,
    ICMPv6Socket,
    SocketPermissionError,
    TimeoutExceeded,
    traceroute,
)

from mon.errors import Unknown
from mon.model.result import Cause
from mon.probe.icmp import REMEDY
from mon.structs import Struct


class Statistics(Struct, frozen=True):
    """What became of the pings of one host; times are seconds, 0.0 without a reply."""

    address: str
    sent: int
    received: int
    shortest: float = 0.0
    average: float = 0.0
    longest: float = 0.0
    jitter: float = 0.0

    @property
    def loss(self) -> float:
        """The share without a reply, 0 to 1."""
        return 1 - self.received / self.sent if self.sent else 1.0


class Hop(Struct, frozen=True):
    """A gateway that answered; ``rtt`` in seconds."""

    distance: int
    address: str
    rtt: float


def statistics(address: str, count: int, interval: float, timeout: float) -> Statistics:
    """Ping a numeric address ``count`` times.  Raises Unknown if it cannot be asked."""
    rtts = []
    with _socket(address) as sock:
        for sequence in range(count):
            if sequence:
                time.sleep(interval)
            rtt = _ping(sock, address, sequence, timeout)
            if rtt is not None:
                rtts.append(rtt * 1000)
    host = Host(address, count, rtts)
    return Statistics(
        address,
        count,
        host.packets_received,
        host.min_rtt / 1000,
        host.avg_rtt / 1000,
        host.max_rtt / 1000,
        host.jitter / 1000,
    )


def trace(address: str, timeout: float, hops: int) -> tuple[Hop, ...]:
    """The gateways on the way to a numeric address.  Raises Unknown if that cannot be asked."""
    try:
        found = traceroute(
            address, count=1, interval=0, timeout=timeout, max_hops=hops, id=secrets.randbelow(0xFFFF) + 1
        )
    except SocketPermissionError as error:
        raise Unknown("traceroute is not permitted: give mon CAP_NET_RAW", cause=Cause.NONE) from error
    except ICMPLibError as error:
        raise Unknown(f"cannot trace the route: {error}", cause=Cause.NONE) from error
    return tuple(Hop(hop.distance, hop.address, hop.avg_rtt / 1000) for hop in found)


def _socket(address: str) -> ICMPv4Socket | ICMPv6Socket:
    """Unprivileged where that is allowed (the kernel then sorts the replies), else raw."""
    kind = ICMPv6Socket if ":" in address else ICMPv4Socket
    try:
        try:
            return kind(privileged=False)
        except SocketPermissionError:
            return kind(privileged=True)
    except SocketPermissionError as error:
        raise Unknown(REMEDY, cause=Cause.NONE) from error
    except ICMPLibError as error:
        raise Unknown(f"cannot ping: {error}", cause=Cause.NONE) from error


def _ping(sock: ICMPv4Socket | ICMPv6Socket, address: str, sequence: int, timeout: float) -> float | None:
    """One ping: its round-trip time in seconds, None without a reply from that address."""
    request = ICMPRequest(address, secrets.randbelow(0xFFFF) + 1, sequence)
    start = time.monotonic()
    try:
        sock.send(request)
    except ICMPLibError as error:
        raise Unknown(f"cannot ping: {error}", cause=Cause.NONE) from error
    try:
        while (left := start + timeout - time.monotonic()) > 0:
            if _is_reply(sock.receive(request, left), address):
                return time.monotonic() - start
    except TimeoutExceeded:
        pass
    except ICMPLibError as error:
        raise Unknown(f"cannot ping: {error}", cause=Cause.NONE) from error
    return None


def _is_reply(reply: ICMPReply, address: str) -> bool:
    echo_reply = 129 if ":" in address else 0
    source = str(reply.source).partition("%")[0]
    return bool(reply.type == echo_reply and source == address.partition("%")[0])
