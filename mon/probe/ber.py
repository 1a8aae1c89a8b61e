"""The basic encoding rules of ASN.1 (X.690), as far as LDAP and certificates use them."""

from collections.abc import Iterator
from typing import NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUMERATED, SEQUENCE, SET = 1, 2, 3, 4, 5, 6, 10, 0x30, 0x31
UTC_TIME, GENERAL_TIME = 23, 24


class Element(NamedTuple):
    """A tag with its contents as bytes."""

    tag: int
    content: bytes

    def children(self) -> Iterator["Element"]:
        """The elements inside.  Raises ValueError where they are broken."""
        at = 0
        while at < len(self.content):
            element, at = read(self.content, at)
            yield element

    @property
    def number(self) -> int:
        """The contents as a signed number."""
        return int.from_bytes(self.content, "big", signed=True)


def element(tag: int, *contents: bytes) -> bytes:
    """Encode contents that are encoded already, one after the other, under a tag."""
    content = b"".join(contents)
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(octets))) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Encode a number."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def text(value: str, tag: int = OCTETS) -> bytes:
    """Encode a string."""
    return element(tag, value.encode())


def header(data: bytes | bytearray, at: int = 0) -> tuple[int, int, int] | None:
    """(tag, where the contents start, where they end) of the element at ``at``; None if more must come.

    Raises ValueError for what ends never, or is no BER.
    """
    if len(data) < at + 2:
        return None
    tag, length = data[at], data[at + 1]
    if length < 128:
        return tag, at + 2, at + 2 + length
    count = length & 127
    if not 1 <= count <= 4 or tag & 31 == 31:
        raise ValueError("this is no BER")
    if len(data) < at + 2 + count:
        return None
    start = at + 2 + count
    return tag, start, start + int.from_bytes(data[at + 2 : start], "big")


def read(data: bytes, at: int = 0) -> tuple[Element, int]:
    """The element at ``at``, and where the next begins.  Raises ValueError if it is cut short."""
    found = header(data, at)
    if found is None or found[2] > len(data):
        raise ValueError("this is cut short")
    tag, start, end = found
    return Element(tag, data[start:end]), end
