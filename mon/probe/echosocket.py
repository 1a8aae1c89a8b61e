"""A socket that sends ICMP echo requests with a number in them and reads the replies.

linux/icmp.h, RFC 792 and RFC 4443.  The payload is 8 random bytes of the socket and the number: what does
not carry both is nobody's reply.
"""

import ctypes
import os
import socket
import struct

from mon.probe.address import SockAddress

SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SOL_RAW = 255
ICMP_FILTER = 1
ICMP6_FILTER = 1
ROOM = 8 << 20
"""Bytes of replies the kernel may keep for us: 20,000 hosts answer within a few milliseconds."""

REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
PACKET = struct.Struct("!BBHHH8sI")
TIMESPEC = struct.Struct("@ll")
ANCILLARY = socket.CMSG_SPACE(TIMESPEC.size)

Reply = tuple[int, str, float]
"""The number, the address it came from, its arrival (wall seconds, 0.0 if not known)."""


class EchoSocket:
    """One non-blocking socket of one family.  Raises OSError if it may not be opened."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self._request = REQUEST[family]
        self._reply = REPLY[family]
        self._cookie = os.urandom(8)
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sock, raw = _open(family)
        self._header = raw and family == socket.AF_INET  # only there the IP header comes along
        self._base = (
            _sum(PACKET.pack(self._request, 0, 0, self._identifier, 0, self._cookie, 0))
            if self._header
            else -1
        )
        try:
            self._settle(family, raw)
        except OSError:
            self._sock.close()
            raise

    def fileno(self) -> int:
        """The descriptor, for the loop."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def send(self, number: int, address: SockAddress) -> None:
        """Send request ``number`` (32 bits).  Raises OSError."""
        self._sock.sendto(self.packet(number), address)

    def packet(self, number: int) -> bytes:
        """The request.  Its checksum is that of an empty one plus the words that differ (RFC 1624)."""
        sequence = number & 0xFFFF
        checksum = 0  # which the kernel fills in, but for raw IPv4
        if self._base >= 0:
            total = self._base + sequence + (number >> 16) + sequence
            total = (total >> 16) + (total & 0xFFFF)
            checksum = ~(total + (total >> 16)) & 0xFFFF
        return PACKET.pack(self._request, 0, checksum, self._identifier, sequence, self._cookie, number)

    def receive(self, most: int) -> list[Reply]:
        """Up to ``most`` of the replies that are there.  What is not ours is left out."""
        replies: list[Reply] = []
        read, unpack, cookie, kind = self._sock.recvmsg, PACKET.unpack_from, self._cookie, self._reply
        header, least, when, start = self._header, PACKET.size, TIMESPEC.unpack, 0
        for _ in range(most):
            try:
                data, ancillary, _, sender = read(256, ANCILLARY)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an error that the network reported for one host; reading it has cleared it
            if header and data:
                start = (data[0] & 15) * 4
            if len(data) < start + least:
                continue
            found, _, _, _, _, echoed, number = unpack(data, start)
            if found == kind and echoed == cookie:
                seconds, nanoseconds = when(ancillary[0][2]) if ancillary else (0, 0)
                replies.append((number, sender[0], seconds + nanoseconds / 1e9))
        return replies

    def _settle(self, family: socket.AddressFamily, raw: bool) -> None:
        sock = self._sock
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        except PermissionError:  # needs CAP_NET_ADMIN
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        if raw:
            _only_replies(sock, family)
            _only_identifier(sock, family, self._identifier)


def _open(family: socket.AddressFamily) -> tuple[socket.socket, bool]:
    """A ping socket where the sysctl allows it, else a raw one (True)."""
    try:
        return socket.socket(family, socket.SOCK_DGRAM, PROTOCOL[family]), False
    except PermissionError:
        return socket.socket(family, socket.SOCK_RAW, PROTOCOL[family]), True


def _only_replies(sock: socket.socket, family: socket.AddressFamily) -> None:
    """Let the kernel drop everything but echo replies; a set bit blocks a type."""
    if family == socket.AF_INET:
        sock.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("@I", ~(1 << REPLY[family]) & 0xFFFFFFFF))
    else:
        words = [0xFFFFFFFF] * 8
        words[REPLY[family] >> 5] &= ~(1 << (REPLY[family] & 31))
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("@8I", *words))


def _only_identifier(sock: socket.socket, family: socket.AddressFamily, identifier: int) -> None:
    """Let the kernel drop replies to the pings of others (classic BPF: accept if the identifier is ours)."""
    with_header = [(0xB1, 0, 0, 0), (0x48, 0, 0, 4)]  # X = length of the IP header; A = 16 bits at X + 4
    without = [(0x28, 0, 0, 4)]  # A = 16 bits at 4
    load = with_header if family == socket.AF_INET else without
    program = [*load, (0x15, 0, 1, identifier), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *step) for step in program))
    sock.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code))
    )


def _sum(data: bytes) -> int:
    return sum(struct.unpack(f"!{len(data) // 2}H", data))
