"""Questions to name servers, and their answers (RFC 1035): what a check of a server needs.

Ours rather than a library: a resolver hides what is to be seen here (which server said what, with which
flags), and a codec is to be bounded for hostile answers anyway (docs/decisions/019).
"""

import re
import secrets
import socket
import struct
from collections.abc import Callable, Iterator

from mon.probe.names import NAME, Names
from mon.structs import Struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
         "ANY": 255}  # fmt: skip
NAMES = {number: name for name, number in TYPES.items()}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
HEADER = struct.Struct("!6H")
RESPONSE, AUTHORITATIVE, TRUNCATED, RECURSE = 0x8000, 0x0400, 0x0200, 0x0100
IN = 1
RECORD = struct.Struct("!2HIH")
ADDRESSES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
NOTHING = struct.Struct("")
FORMS = dict.fromkeys(("CNAME", "NS", "PTR"), (NOTHING, 1, NOTHING)) | {
    "MX": (struct.Struct("!H"), 1, NOTHING),
    "SRV": (struct.Struct("!3H"), 1, NOTHING),
    "SOA": (NOTHING, 2, struct.Struct("!5I")),
}
"""Types with names in them: the numbers before, how many names, the numbers behind."""


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
    asked = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(asked) > NAME:
        raise ValueError(f"it has more than {NAME} octets")
    return head + asked + struct.pack("!2H", TYPES[type], IN)


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
        records = () if flags & TRUNCATED else tuple(_records(data, at, answers))
        return Reply(code, bool(flags & AUTHORITATIVE), bool(flags & TRUNCATED), records)

    return read


def _records(data: bytes, at: int, count: int) -> Iterator[Record]:
    names = Names(data)
    for _ in range(count):  # 65,535 at most, and each takes 11 octets of the message
        name, at = names.read(at)
        if len(data) < at + RECORD.size:
            raise ValueError("a record is cut short")
        number, _, _, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if len(data) < at + length:
            raise ValueError("a record is cut short")
        kind = NAMES.get(number, f"TYPE{number}")
        yield Record(name, kind, _value(kind, data, at, at + length, names))
        at += length


def _value(kind: str, data: bytes, at: int, end: int, names: Names) -> str:
    """The contents of a record as in a zone file.  Raises ValueError unless they are as long as it says."""
    try:
        if kind in ADDRESSES:
            return socket.inet_ntop(ADDRESSES[kind], data[at:end])
        if kind == "TXT":
            return _texts(data, at, end)
        if kind not in FORMS:
            return data[at:end].hex()
        before, count, behind = FORMS[kind]
        words = list(map(str, before.unpack_from(data, at)))
        at += before.size
        for _ in range(count):
            name, at = names.read(at)
            words.append(name)
        words += map(str, behind.unpack_from(data, at))
    except (struct.error, ValueError) as error:
        raise ValueError(f"a record of type {kind} is broken: {error}") from error
    if at + behind.size != end:
        raise ValueError(f"a record of type {kind} is broken: it is not as long as it says")
    return " ".join(words)


def _texts(data: bytes, at: int, end: int) -> str:
    texts = []
    while at < end:
        text = data[at + 1 : min(at + 1 + data[at], end)]
        if len(text) < data[at]:
            raise ValueError("a text is cut short")
        texts.append(text)
        at += 1 + len(text)
    return b"".join(texts).decode(errors="backslashreplace")


def reverse(name: str) -> str:
    """``1.2.3.4`` as the name that its PTR record has; other names as they are."""
    if re.fullmatch(r"\d+(\.\d+){3}", name):
        return ".".join(reversed(name.split("."))) + ".in-addr.arpa"
    return name
