"""Numeric addresses: what needs no resolver, and what the socket calls want of it."""

import socket
from functools import lru_cache

from mon.structs import Struct

SockAddress = tuple[str, int] | tuple[str, int, int, int]


class Endpoint(Struct, frozen=True):
    """Where to connect to: ``family`` is AF_INET or AF_INET6, ``address`` is what ``connect`` takes."""

    family: socket.AddressFamily
    address: SockAddress


def place(word: str, port: int) -> tuple[str, int]:
    """Host and port of ``mx1``, ``mx1:587``, ``[2001:db8::1]:587`` or ``2001:db8::1`` (then ``port``)."""
    host, colon, number = word.rpartition(":")
    if colon and number.isdecimal() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(number)
    return word.strip("[]"), port


@lru_cache(maxsize=65536)
def numeric(host: str) -> str:
    """``host`` in its one canonical spelling if it is an IPv4 or IPv6 address, else "".

    A scope (``fe80::1%eth0``) is kept; an IPv4 address mapped into IPv6 becomes IPv4.
    """
    try:
        return socket.inet_ntoa(socket.inet_pton(socket.AF_INET, host))
    except (OSError, ValueError):
        pass
    bare, percent, scope = host.partition("%")
    try:
        packed = socket.inet_pton(socket.AF_INET6, bare)
    except (OSError, ValueError):
        return ""
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        return socket.inet_ntoa(packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed) + percent + scope


def endpoint(address: str, port: int) -> Endpoint:
    """The endpoint of a canonical numeric address.  Raises OSError if its scope names no interface."""
    if ":" not in address:
        return Endpoint(socket.AF_INET, (address, port))
    bare, _, scope = address.partition("%")
    return Endpoint(socket.AF_INET6, (bare, port, 0, _interface(scope)))


def _interface(scope: str) -> int:
    if not scope:
        return 0
    return int(scope) if scope.isdigit() else socket.if_nametoindex(scope)


def is_local(address: str) -> bool:
    """Does this machine have the address?  (A socket can be bound to no other.)"""
    to = endpoint(address, 0)
    with socket.socket(to.family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(to.address)
        except OSError:
            return False
    return True
