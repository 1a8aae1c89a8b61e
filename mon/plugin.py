"""All that the author of a monitor or an alert imports.

A monitor is one file with ``async def check(host, *, ...) -> str`` (or ``def check``): the keyword
arguments are its options, the string is a line of detail, ``Down`` and ``Unknown`` are raised.
``async def sweep(hosts, report, *, ...)`` serves many hosts at once and calls
``report(host, verdict, detail, cause=Cause.NONE)`` for each.  An alert is one file with
``def send(notice, *, ...)`` that raises ``Undeliverable``; what it returns (the
receiver's answer) is recorded.

``async def follow(host, report, *, ...)`` is an event monitor: it never returns, and calls
``report(verdict, detail, cause=Cause.NONE)`` when something happens to its host.  *Down* counts at once,
without a second one; *ok* after it only once the other services that vote on the host have said ok.

``def votes(arguments) -> VoteTarget`` in an alert makes its lines votes on a pool: nothing is called then,
the results of the service count.  ``arguments`` are the words of the line; ``BadOption`` (or ValueError)
says what is wrong with them.  Such an alert is always ours, whatever lies in alertdir.

``def deadline(options) -> float`` in a monitor says how many seconds one run may take with these options
(a mapping of all of them); without it that is the option called ``timeout``.

``def verify(options)`` in either may refuse values when the configuration is read: it raises
``BadOption("what is wrong: what to do")``.

An option is an annotated keyword argument: ``port: Annotated[int, Option("-p", help="...")] = 80``.
Its type converts: str, int, float, bool (a switch), list[str] (may be repeated).  A parameter
annotated with ``Probe`` or ``Render`` is not an option: the framework passes its own.
"""

from dataclasses import dataclass

from mon.errors import BadOption, Down, Finding, RenderError, Undeliverable, Unknown
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.pool import Floor, Forward, Pool, Protocol, Real, Virtual
from mon.model.result import Cause, Verdict
from mon.probe import Echo, Probe, Statistics, Talk, Tls
from mon.probe.faults import finding_under
from mon.probe.wanted import numbers, regex, statuses
from mon.render import Render

__all__ = [
    "AlertType",
    "BadOption",
    "Cause",
    "Down",
    "Echo",
    "Finding",
    "Floor",
    "Forward",
    "HostReport",
    "Notice",
    "Option",
    "Pool",
    "Probe",
    "Protocol",
    "Real",
    "Render",
    "RenderError",
    "Statistics",
    "Talk",
    "Tls",
    "Undeliverable",
    "Unknown",
    "Verdict",
    "Virtual",
    "VoteTarget",
    "finding_under",
    "numbers",
    "regex",
    "statuses",
]


@dataclass(frozen=True, slots=True)
class Option:
    """The command line form of a keyword argument.

    ``flags`` are its letters and long names (``"-p", "--port"``); without a long name the argument's own
    name is one (``--port``).  ``positional`` makes it take the words that are no options.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str
    positional: bool

    def __init__(self, *flags: str, help: str = "", metavar: str = "", positional: bool = False) -> None:
        object.__setattr__(self, "flags", flags)
        object.__setattr__(self, "help", help)
        object.__setattr__(self, "metavar", metavar)
        object.__setattr__(self, "positional", positional)


@dataclass(frozen=True, slots=True)
class VoteTarget:
    """The pool that an alert line votes on.

    ``pool`` names a ``virtual`` block; a wild form gives ``virtual`` instead, the block it amounts to
    (with the one real server of its ``-R``).  ``remove``, ``group``, ``traps``: see model.pool.Voter.
    """

    pool: str = ""
    virtual: Virtual | None = None
    remove: bool = False
    group: bool = False
    traps: bool = False
