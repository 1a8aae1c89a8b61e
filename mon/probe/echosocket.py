"""A socket that sends ICMP echo requests with a number in them and reads the replies, many at a time.

linux/icmp.h, RFC 792 and RFC 4443.  The payload is 8 random bytes of the socket and the number: what does
not carry both is nobody's reply.
"""

import ctypes
import os
import socket
import struct
from collections.abc import Sequence

from mon.probe.address import SockAddress
from mon.probe.slots import Slots

SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SOL_RAW = 255
ICMP_FILTER = 1
ICMP6_FILTER = 1
ROOM = 8 << 20
"""Bytes of replies the kernel may keep for us: 20,000 hosts answer within a few milliseconds."""

BURST = 128
"""Requests sent at a time, and half the replies read at a time: without privilege there is room for 500."""

REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
PACKET = struct.Struct("=BBHHH8sII")
"""In the machine's order, since nobody else reads it; the checksum is the same in either (RFC 1071)."""

NAME = {socket.AF_INET: struct.Struct("=H2x4s8x"), socket.AF_INET6: struct.Struct("=HHI16sI")}
WHERE = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
"""A socket address, and where in it the address is."""

IP_HEADER, LONGEST_HEADER = 20, 60
TIMESPEC = struct.Struct("@ll")
CONTROL = socket.CMSG_SPACE(TIMESPEC.size)

Reply = tuple[bytes, int, int, float]
"""The address it came from, the two parts of the number, its arrival (wall seconds, 0.0 if not known)."""


class EchoSocket:
    """One non-blocking socket of one family.  Raises OSError if it may not be opened.

    The number of a request has two parts of 32 bits, ``ask`` and ``index``.
    """

    def __init__(self, family: socket.AddressFamily) -> None:
        self._request = REQUEST[family]
        self._reply = REPLY[family]
        self._cookie = os.urandom(8)
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sock, raw = _open(family)
        self._header = raw and family == socket.AF_INET  # only there the IP header comes along
        self._base = _sum(PACKET.pack(self._request, 0, 0, self._identifier, 0, self._cookie, 0, 0))
        self._name, self._where = NAME[family].size, WHERE[family]
        head = IP_HEADER if self._header else 0
        data = PACKET.size + (LONGEST_HEADER if self._header else 0)
        self._pack_into = struct.Struct(f"={self._name}s{PACKET.format[1:]}").pack_into
        self._requests = Slots(BURST, self._name, PACKET.size)
        self._replies = Slots(2 * BURST, self._name, data, CONTROL)
        self._slot = _slot(self._where, self._name, head, data)
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

    def send(self, ask: int, indexes: Sequence[int], names: Sequence[bytes]) -> int:
        """Send a request to ``names[index]`` for each of up to ``BURST`` indexes; how many were taken.

        Raises OSError if the first was not.
        """
        memory, size, pack_into = self._requests.memory, self._requests.size, self._pack_into
        request, identifier, cookie = self._request, self._identifier, self._cookie
        checksum, at = 0, 0  # the kernel fills in the checksum, but for raw IPv4
        for index in indexes:
            if self._header:
                checksum = self.checksum(ask, index)
            pack_into(
                memory, at, names[index], request, 0, checksum, identifier, index & 0xFFFF, cookie, ask, index
            )
            at += size
        return self._requests.send(self._sock, len(indexes))

    def checksum(self, ask: int, index: int) -> int:
        """That of an empty request plus the words that differ (RFC 1624)."""
        total = self._base + (ask >> 16) + (ask & 0xFFFF) + (index >> 16) + (index & 0xFFFF) * 2
        total = (total >> 16) + (total & 0xFFFF)
        return ~(total + (total >> 16)) & 0xFFFF

    def receive(self) -> list[Reply]:
        """Up to two bursts of the replies that are there.  What is not ours is left out."""
        count = self._filled()
        memory, cookie, reply = self._replies.memory, self._cookie, self._reply
        if self._header:
            self._cut_options(count)
        return [
            (address, ask, index, seconds + nanoseconds * 1e-9)
            for address, kind, echoed, ask, index, seconds, nanoseconds in self._slot.iter_unpack(
                memoryview(memory)[: count * self._replies.size]
            )
            if echoed == cookie and kind == reply
        ]

    def _filled(self) -> int:
        for _ in range(BURST):
            try:
                return self._replies.receive(self._sock)
            except BlockingIOError:
                break
            except OSError:
                continue  # an error that the network reported for one host; reading it has cleared it
        return 0

    def _cut_options(self, count: int) -> None:
        """Make all IP headers equally long: a reply with options in it is rare."""
        memory, size = self._replies.memory, self._replies.size
        first = memory[self._name : count * size : size]
        if first.count(0x45) == len(first):
            return
        for number, byte in enumerate(first):
            data = number * size + self._name
            start = data + (byte & 15) * 4
            memory[data + IP_HEADER : data + IP_HEADER + PACKET.size] = memory[start : start + PACKET.size]

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
            _only_identifier(sock, family, socket.ntohs(self._identifier))


def _open(family: socket.AddressFamily) -> tuple[socket.socket, bool]:
    """A ping socket where the sysctl allows it, else a raw one (True)."""
    try:
        return socket.socket(family, socket.SOCK_DGRAM, PROTOCOL[family]), False
    except PermissionError:
        return socket.socket(family, socket.SOCK_RAW, PROTOCOL[family]), True


def _slot(where: slice, name: int, head: int, data: int) -> struct.Struct:
    """What is wanted of a reply's slot: address; type, cookie and number; arrival."""
    wide = "q" if TIMESPEC.size == 16 else "l"
    pads = (where.start, name - where.stop + head, data - head - PACKET.size + socket.CMSG_LEN(0))
    return struct.Struct(
        f"={pads[0]}x{where.stop - where.start}s{pads[1]}xB7x8sII{pads[2]}x{wide}{wide}"
        f"{CONTROL - socket.CMSG_LEN(TIMESPEC.size)}x"
    )


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


def name_of(family: socket.AddressFamily, address: SockAddress) -> bytes:
    """A numeric address as the kernel takes it (struct sockaddr_in, sockaddr_in6)."""
    if family == socket.AF_INET:
        return NAME[family].pack(family, socket.inet_aton(address[0]))
    scope = address[3] if len(address) == 4 else 0
    return NAME[family].pack(family, 0, 0, socket.inet_pton(family, address[0]), scope)


def _sum(data: bytes) -> int:
    return sum(struct.unpack(f"={len(data) // 2}H", data))
