"""The header of the PROXY protocol: who connects, said before anything else.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
"""

import socket
import struct
from contextlib import suppress

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY, OVER_IPV4, OVER_IPV6 = 0x21, 0x11, 0x21


def introduce(sock: socket.SocketType, version: int) -> None:
    """Say it on a fresh connection, whose buffer is empty.  If that has ended, reading will tell."""
    with suppress(OSError):
        sock.send(header(version, sock.getsockname(), sock.getpeername()))


def header(version: int, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """The header for a connection from ``source`` to ``target``, our own real ones.

    LOCAL, which version 2 has for health checks, would say the same, but not every receiver knows it.
    """
    (whence, from_port), (where, to_port) = source[:2], target[:2]
    whence, where = whence.partition("%")[0], where.partition("%")[0]
    six = ":" in whence
    if version == 1:
        return f"PROXY TCP{6 if six else 4} {whence} {where} {from_port} {to_port}\r\n".encode()
    family = socket.AF_INET6 if six else socket.AF_INET
    addresses = socket.inet_pton(family, whence) + socket.inet_pton(family, where)
    ends = addresses + struct.pack("!HH", from_port, to_port)
    return SIGNATURE + struct.pack("!BBH", PROXY, OVER_IPV6 if six else OVER_IPV4, len(ends)) + ends
