"""What a monitor said, and what changed because of it."""

from enum import IntEnum, StrEnum

from mon.model.moment import Moment
from mon.model.weight import Weight
from mon.structs import Struct

SUMMARY_KEPT, OUTPUT_KEPT = 64 * 1024, 256 * 1024
"""Characters of a summary and of all that was said: each failure and each of its alerts is written to disk
with them.  A variable of a program takes 131,072 bytes (execve(2)), and nobody reads a longer mail."""


def kept(output: str) -> str:
    """What is kept of an output: whole words of the summary, whole lines, and how much is left out."""
    if len(output) <= SUMMARY_KEPT:
        return output
    end = output.find("\n", 0, SUMMARY_KEPT + 1)
    if end < 0:
        end = output.find("\n")
        summary = output if end < 0 else output[:end]
        words = summary[:SUMMARY_KEPT].rpartition(" ")[0] or summary[:SUMMARY_KEPT]
        rest = "" if end < 0 else output[end:]
        return _lines_kept(f"{words} ... ({len(summary) - len(words)} characters are left out){rest}")
    return _lines_kept(output)


def _lines_kept(output: str) -> str:
    if len(output) <= OUTPUT_KEPT:
        return output
    lines = output[:OUTPUT_KEPT].rpartition("\n")[0]
    return f"{lines}\n... ({len(output) - len(lines)} characters are left out)\n"


class Verdict(StrEnum):
    """What a check found out about one host.

    ``UNKNOWN`` is our own trouble (the check could not be made): it fails the service and freezes votes.
    """

    OK = "ok"
    DOWN = "down"
    UNKNOWN = "unknown"


OK, DOWN, UNKNOWN = Verdict
"""For what is done for each host of each round: ``Verdict.OK`` takes Python 3.11 a tenth of a microsecond."""


class Cause(StrEnum):
    """How a host was found down; in this order the floor prefers to keep a server in (DESIGN §6)."""

    NONE = ""
    WRONG = "wrong answer"
    TIMEOUT = "timeout"
    REFUSED = "refused"


class HostResult(Struct, frozen=True, gc=False):
    """One host's part of a check.  ``host`` is its name in the hostgroup, ``duration`` is in seconds."""

    watch: str
    service: str
    host: str
    verdict: Verdict
    detail: str
    duration: float
    at: Moment
    cause: Cause = Cause.NONE
    status: int = 0  # the executable's exit status; ours: 0 ok, 1 down, 2 unknown
    final: bool = False  # an event, not a sample: it needs no second one to change a vote
    weight: Weight | None = None  # what it suggests for the host, of an ok only


class RunResult(Struct, frozen=True, gc=False):
    """One round of a monitor rolled up as the classic contract has it.

    ``status`` is the exit status, 128+N for death by signal N; ``output`` is everything that was said
    (``summary`` is its first line, ``detail`` the rest); ``hosts`` are the parts, in no order.
    """

    watch: str
    service: str
    status: int
    output: str
    started: Moment
    ended: Moment
    hosts: tuple[HostResult, ...] = ()
    trouble: str = ""  # our own: "could not be started: ...", "stopped after 60 s", "ended by signal 9"

    @property
    def summary(self) -> str:
        """The first line."""
        return self.output.partition("\n")[0]

    @property
    def detail(self) -> str:
        """All but the first line."""
        return self.output.partition("\n")[2]


class OpStatus(IntEnum):
    """The standing opinion on a service, numbered as on the wire (PROTOCOL §2, status lines)."""

    FAIL = 0
    OK = 1
    COLDSTART = 2
    WARMSTART = 3
    LINKDOWN = 4
    UNKNOWN = 5
    TIMEOUT = 6
    UNTESTED = 7
    DEPEND = 8
    WARN = 9

    @property
    def good(self) -> bool:
        """Does it count as success in dependencies and lists?"""
        return self in (
            OpStatus.OK,
            OpStatus.COLDSTART,
            OpStatus.WARMSTART,
            OpStatus.UNKNOWN,
            OpStatus.UNTESTED,
        )


GOOD = frozenset((OpStatus.OK, OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.UNTESTED))


class Transition(Struct, frozen=True, gc=False):
    """A change of opinion on a service (``host`` is "") or on one of its hosts."""

    watch: str
    service: str
    host: str
    old: str
    new: str
    why: str
    at: Moment
