"""The basic encoding rules of ASN.1 (X.690), as far as LDAP and certificates use them."""

from collections.abc import Container, Iterator
from itertools import islice
from typing import NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUMERATED, SEQUENCE, SET = 1, 2, 3, 4, 5, 6, 10, 0x30, 0x31
UTC_TIME, GENERAL_TIME = 23, 24
CONSTRUCTED = 0x20
MOST = 20_000
"""Elements in one: as many members as a group may have that fits into an answer."""

LONGEST_NUMBER, LONGEST_OID = 9, 640
"""Octets of Counter64 (RFC 2578, 7.1.10), and of an OID of 128 parts (3.5)."""


class Element(NamedTuple):
    """A tag with its contents as bytes."""

    tag: int
    content: bytes

    def children(self) -> Iterator["Element"]:
        """The elements inside.  Raises ValueError where they are broken, or more than MOST."""
        at = 0
        for _ in range(MOST):
            if at >= len(self.content):
                return
            element, at = read(self.content, at)
            yield element
        if at < len(self.content):
            raise ValueError(f"more than {MOST} elements in one")

    def first(self, count: int) -> list["Element"]:
        """The first elements inside, ``count`` of them.  Raises ValueError if there are fewer."""
        found = list(islice(self.children(), count))
        if len(found) < count:
            raise ValueError("this is cut short")
        return found

    @property
    def number(self) -> int:
        """The contents as a signed number.  Raises ValueError for one of more than 64 bits and a sign."""
        if len(self.content) > 9:
            raise ValueError(f"a number of {len(self.content)} octets")
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


def plain(data: bytes, *, depth: int, most: int, numbers: Container[int]) -> bool:
    """Is it of ``most`` elements, nested no deeper than ``depth``, with numbers and OIDs that fit?

    For a library that does not look itself: ``numbers`` are the tags of what it takes for one.
    """
    layer = [read(data)[0]]
    for _ in range(depth + 1):
        for each in layer:
            if each.tag in numbers and len(each.content) > LONGEST_NUMBER:
                return False
            if each.tag == OID and len(each.content) > LONGEST_OID:
                return False
        layer = [child for each in layer if each.tag & CONSTRUCTED for child in each.children()]
        most -= len(layer)
        if most < 0:
            return False
        if not layer:
            return True
    return False
