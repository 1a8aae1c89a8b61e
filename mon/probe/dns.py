"""Questions to name servers, and their answers (RFC 1035): what a check of a server needs.

Ours rather than a library: a resolver hides what is to be seen here (which server said what, with which
flags), and what is left is a hundred lines.
"""

import re
import secrets
import socket
import struct
from collections.abc import Callable

from mon.structs import Struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
         "ANY": 255}  # fmt: skip
NAMES = {number: name for name, number in TYPES.items()}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
HEADER = struct.Struct("!6H")
RESPONSE, AUTHORITATIVE, TRUNCATED, RECURSE = 0x8000, 0x0400, 0x0200, 0x0100
IN = 1
JUMPS = 64


class Record(Struct, frozen=True):
    """One resource record; ``value`` as in a zone file (of SOA: all seven words)."""

    name: str
    type: str
    value: str


class Reply(Struct, frozen=True):
    """``code`` is NOERROR, NXDOMAIN …; ``records`` is the answer section."""

    code: str
    authoritative: bool
    truncated: bool
    records: tuple[Record, ...]

    def values(self, type: str) -> list[str]:
        """The values of the answers of one type."""
        return [record.value for record in self.records if type in ("ANY", record.type)]

    @property
    def serial(self) -> int | None:
        """The serial number of the zone, if it was asked for and told."""
        soa = self.values("SOA")
        return int(soa[0].split()[2]) if soa else None


def query(name: str, type: str, *, recurse: bool = True) -> bytes:
    """A question with a number nobody can guess.  Raises ValueError for a name that DNS cannot say."""
    head = HEADER.pack(secrets.randbits(16), RECURSE if recurse else 0, 1, 0, 0, 0)
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")] if name.strip(".") else []
    if not all(labels):
        raise ValueError("a label is empty")
    asked = b"".join(bytes((len(label),)) + label for label in labels)
    return head + asked + b"\0" + struct.pack("!2H", TYPES[type], IN)


def reply_to(question: bytes) -> Callable[[bytes], Reply | None]:
    """Reads the answer to this question; None for what is none of it.  Raises ValueError for a broken one."""

    def read(data: bytes) -> Reply | None:
        asked = question[HEADER.size :]
        if data[:2] != question[:2] or len(data) < HEADER.size:
            return None
        _, flags, questions, answers, _, _ = HEADER.unpack_from(data)
        code = CODES.get(flags & 15, f"code {flags & 15}")
        same = questions == 0 or data[HEADER.size : HEADER.size + len(asked)].lower() == asked.lower()
        if not flags & RESPONSE or not same:
            return None
        at = HEADER.size + (len(asked) if questions else 0)
        records = []
        for _ in range(0 if flags & TRUNCATED else answers):
            record, at = _record(data, at)
            records.append(record)
        return Reply(code, bool(flags & AUTHORITATIVE), bool(flags & TRUNCATED), tuple(records))

    return read


def _record(data: bytes, at: int) -> tuple[Record, int]:
    name, at = _name(data, at)
    try:
        number, _, _, length = struct.unpack_from("!2HIH", data, at)
    except struct.error as error:
        raise ValueError("a record is cut short") from error
    at += 10
    if len(data) < at + length:
        raise ValueError("a record is cut short")
    kind = NAMES.get(number, f"TYPE{number}")
    try:
        return Record(name, kind, VALUES.get(kind, _hex)(data, at, length)), at + length
    except (struct.error, IndexError, OSError) as error:
        raise ValueError(f"a record of type {kind} is broken") from error


def _name(data: bytes, at: int) -> tuple[str, int]:
    """The name at ``at``, followed through its pointers, and where the next thing begins."""
    labels: list[str] = []
    after = 0
    for _ in range(JUMPS + 128):
        if at >= len(data):
            break
        length = data[at]
        if length >= 0xC0:
            after = after or at + 2
            at = int.from_bytes(data[at : at + 2], "big") & 0x3FFF
        elif length == 0:
            return ".".join(labels) or ".", after or at + 1
        else:
            labels.append(data[at + 1 : at + 1 + length].decode("ascii", errors="backslashreplace").lower())
            at += 1 + length
    raise ValueError("a name has no end")


def _hex(data: bytes, at: int, length: int) -> str:
    return data[at : at + length].hex()


def _texts(data: bytes, at: int, length: int) -> str:
    end, texts = at + length, []
    while at < end:
        texts.append(data[at + 1 : at + 1 + data[at]].decode(errors="backslashreplace"))
        at += 1 + data[at]
    return "".join(texts)


def _numbered(form: str) -> Callable[[bytes, int, int], str]:
    def read(data: bytes, at: int, length: int) -> str:
        numbers = struct.unpack_from(form, data, at)
        return " ".join([*map(str, numbers), _name(data, at + struct.calcsize(form))[0]])

    return read


def _soa(data: bytes, at: int, length: int) -> str:
    primary, at = _name(data, at)
    mailbox, at = _name(data, at)
    return " ".join([primary, mailbox, *map(str, struct.unpack_from("!5I", data, at))])


def _address(family: socket.AddressFamily) -> Callable[[bytes, int, int], str]:
    def read(data: bytes, at: int, length: int) -> str:
        try:
            return socket.inet_ntop(family, data[at : at + length])
        except ValueError as error:
            raise ValueError("an address is broken") from error

    return read


VALUES: dict[str, Callable[[bytes, int, int], str]] = {
    "A": _address(socket.AF_INET),
    "AAAA": _address(socket.AF_INET6),
    "CNAME": lambda data, at, length: _name(data, at)[0],
    "NS": lambda data, at, length: _name(data, at)[0],
    "PTR": lambda data, at, length: _name(data, at)[0],
    "MX": _numbered("!H"),
    "SRV": _numbered("!3H"),
    "TXT": _texts,
    "SOA": _soa,
}


def reverse(name: str) -> str:
    """``1.2.3.4`` as the name that its PTR record has; other names as they are."""
    if re.fullmatch(r"\d+(\.\d+){3}", name):
        return ".".join(reversed(name.split("."))) + ".in-addr.arpa"
    return name
