"""The classic trap as a datagram: lines of ``name=value``, read and written (PROTOCOL §4).  Pure."""

from dataclasses import dataclass, field

from mon.control.classic.escaping import decoded, plain
from mon.errors import ControlError
from mon.model.result import kept

OLDEST = 0.3807
"""The least protocol version."""

VERSION = "0.3807"
"""The protocol version that we send."""

LONGEST_WORD = 80
"""Characters of a status that is no number which are kept."""

LONGEST = 65_000
"""Octets in a datagram that get through everywhere."""


NAMES = ("pro", "usr", "pas", "grp", "svc", "sta", "sum", "dtl")
"""What is read of a trap."""

LINES = 100
"""Lines of a datagram: it has eleven, as line ends within a value are escaped."""


@dataclass(frozen=True, slots=True)
class Trap:
    """What a datagram says.  ``status`` is like a monitor's exit status.

    ``word`` is the status as it was sent, where that is no number, else "".
    """

    group: str
    service: str
    status: int
    summary: str = ""
    detail: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    word: str = ""

    @property
    def output(self) -> str:
        """As a monitor would have said it: the classic mon always puts an empty line in between."""
        end = "" if self.summary.endswith("\n") else "\n"
        return kept(f"{self.summary}{end}\n{self.detail}")


def parse(data: bytes) -> Trap:
    """The trap in a datagram of ``name=value`` lines; lines of another shape are skipped.

    Raises ControlError for a protocol too old, or without a status.
    """
    fields = _fields(data.decode("utf-8", "backslashreplace"))
    if not _number(fields.get("pro", "")) >= OLDEST:
        raise ControlError(f"protocol {fields.get('pro', '')!r:.40} is older than {OLDEST}")
    if "sta" not in fields:
        raise ControlError("no status")
    status, word = _status(fields["sta"])
    return Trap(
        group=fields.get("grp", ""),
        service=fields.get("svc", ""),
        status=status,
        word=word,
        summary=fields.get("sum", ""),
        detail=fields.get("dtl", ""),
        user=fields.get("usr", ""),
        password=fields.get("pas", ""),
    )


def datagram(trap: Trap, at: float) -> bytes:
    """The trap as it is sent; ``at`` is the wall time.  Raises ControlError for one that is too long."""
    fields = {
        "pro": VERSION,
        **({"usr": trap.user, "pas": trap.password} if trap.user else {}),
        "typ": "trap",
        "grp": trap.group,
        "svc": trap.service,
        "sta": str(trap.status),
        "tsp": str(int(at)),
        "sum": trap.summary,
        "dtl": trap.detail,
    }
    data = "".join(f"{name}='{plain(value)}'\n" for name, value in fields.items()).encode("ascii")
    if len(data) > LONGEST:
        raise ControlError(f"the trap is {len(data)} octets long, {LONGEST} go into a datagram")
    return data


def _fields(text: str) -> dict[str, str]:
    lines = text.split("\n", LINES)
    if len(lines) > LINES:
        raise ControlError(f"more than {LINES} lines")
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    return {name: decoded(_bare(found[name])) for name in NAMES if name in found}


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value


def _number(text: str) -> float:
    try:
        return float(text[:20])
    except ValueError:
        return 0.0


def _status(text: str) -> tuple[int, str]:
    """Empty or 0 is success; what is no number is a failure like any other, and kept as a word."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text), ""
    return int(bool(text)), text[:LONGEST_WORD]
