"""All that the author of a monitor or an alert imports.

A monitor is one file with ``async def check(host, *, ...) -> str`` (or ``def check``): the keyword
arguments are its options, the string is a line of detail, ``Down`` and ``Unknown`` are raised.
``async def sweep(hosts, report, *, ...)`` serves many hosts at once and calls
``report(host, verdict, detail, cause=Cause.NONE)`` for each.  An alert is one file with
``def send(notice, *, ...)`` that raises ``Undeliverable``; what it returns (the
receiver's answer) is recorded.

Where a detail is returned or reported, ``Weighed(detail, "75%")`` suggests a weight for the host as well: a
number, or a share of its weight in mon.cf.  Pools with a ``weight`` line follow it (docs/pools.md).

``async def follow(host, report, *, ...)`` is an event monitor: it never returns, and calls
``report(verdict, detail, cause=Cause.NONE)`` when something happens to its host.  *Down* counts at once,
without a second one; *ok* after it only once the other services that vote on the host have said ok.

``def votes(arguments) -> VoteTarget`` in an alert makes its lines votes on a pool: nothing is called then,
the results of the service count.  ``arguments`` are the words of the line; ``BadOption`` (or ValueError)
says what is wrong with them.  Such an alert is always ours, whatever lies in alertdir.

``def deadline(options) -> float`` in a monitor says how many seconds one run may take with these options
(a mapping of all of them); without it that is the option called ``timeout``.

``def voting(options)`` in a monitor gives the values of options that a line does not give, where its service
votes on a pool.

``def verify(options)`` in either may refuse values when the configuration is read: it raises
``BadOption("what is wrong: what to do")``; texts of that form that it returns are warnings.

``disturbs = False`` in an alert: it wakes nobody, so ``mon check`` does not ask for ``alertevery`` beside it.

``def preview(notice, options, render) -> str`` in an alert is what ``mon alert NAME --preview`` prints.

An option is an annotated keyword argument: ``port: Annotated[int, Option("-p", help="...")] = 80``.
Options that several plugins share are a TypedDict: ``**tls: Unpack[TlsOptions]``.
Its type converts: str, int, float, bool (a switch), list[str] (may be repeated).  A parameter
annotated with ``Probe``, ``Render`` or ``Spawn`` is not an option: the framework passes its own.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict
from typing import Protocol as Interface

from mon.errors import BadOption, Down, Finding, RenderError, Undeliverable, Unknown
from mon.letter import Letter, brief, letter, mail, mail_preview, verify_zone
from mon.model.notice import AlertType, HostReport, Notice, PoolLine, ServerLine
from mon.model.pool import Floor, Forward, Pool, Protocol, Real, Virtual
from mon.model.result import Cause, Verdict
from mon.model.weight import Weighed
from mon.outside import one_line, printable
from mon.post import HandedIn, Limit, MailServer, Request, hand_in, pool_classes, post
from mon.probe import Echo, Probe, Statistics, Talk, Tls, ber, dns
from mon.probe.address import numeric, place
from mon.probe.alabel import ascii_name
from mon.probe.certificate import Certificate, certificate
from mon.probe.faults import finding_under
from mon.probe.ourname import literal
from mon.probe.pattern import Pattern, Seek
from mon.probe.resolver import connect
from mon.probe.texts import decoded
from mon.probe.tls import client_context
from mon.probe.wanted import numbers, plain, regex, statuses, valued, verify_helo, verify_tls
from mon.render import Render, zone_named
from mon.secret import Hidden, exposed, secret, secret_parts
from mon.starting import run as run_program
from mon.structs import Struct, replace

__all__ = [
    "AlertType",
    "BadOption",
    "Bind",
    "Ca",
    "Cause",
    "Certificate",
    "Down",
    "Echo",
    "Finding",
    "Floor",
    "Forward",
    "HandedIn",
    "Helo",
    "Hidden",
    "HostReport",
    "Html",
    "Insecure",
    "LaxTlsOptions",
    "Least",
    "Letter",
    "Limit",
    "MailServer",
    "Match",
    "Most",
    "Name",
    "NamedTlsOptions",
    "Notice",
    "Option",
    "Password",
    "Pattern",
    "Pool",
    "PoolLine",
    "Port",
    "Probe",
    "Protocol",
    "ProxyProtocol",
    "Ran",
    "Real",
    "Render",
    "RenderError",
    "Request",
    "Seek",
    "Sender",
    "ServerLine",
    "Spawn",
    "Statistics",
    "Subject",
    "Talk",
    "Timeout",
    "Tls",
    "TlsOptions",
    "Undeliverable",
    "Unknown",
    "Verdict",
    "Virtual",
    "VoteTarget",
    "Weighed",
    "Zone",
    "ascii_name",
    "ber",
    "brief",
    "certificate",
    "client_context",
    "connect",
    "decoded",
    "dns",
    "exposed",
    "finding_under",
    "hand_in",
    "letter",
    "library",
    "literal",
    "mail",
    "mail_preview",
    "numbers",
    "numeric",
    "one_line",
    "place",
    "plain",
    "pool_classes",
    "post",
    "printable",
    "regex",
    "replace",
    "run_program",
    "secret",
    "secret_parts",
    "statuses",
    "tls_settings",
    "valued",
    "verify_helo",
    "verify_tls",
    "verify_zone",
    "zone_named",
]


@dataclass(frozen=True, slots=True)
class Option:
    """The command line form of a keyword argument.

    ``flags`` are its letters and long names (``"-p", "--port"``); without a long name the argument's own
    name is one (``--port``).  ``positional`` makes it take the words that are no options.  ``unset`` are
    values that leave the argument at its default.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str
    positional: bool
    unset: tuple[str, ...]

    def __init__(
        self,
        *flags: str,
        help: str = "",
        metavar: str = "",
        positional: bool = False,
        unset: tuple[str, ...] = (),
    ) -> None:
        object.__setattr__(self, "flags", flags)
        object.__setattr__(self, "help", help)
        object.__setattr__(self, "metavar", metavar)
        object.__setattr__(self, "positional", positional)
        object.__setattr__(self, "unset", unset)


FALSE = ("", "0")
"""Values that the classic monitors take for none, as Perl does in ``$opt_p || 80``."""

Port = Annotated[int, Option("-p", "--port", help="port", unset=FALSE)]
Timeout = Annotated[float, Option("-t", "--timeout", help="seconds for everything", unset=FALSE)]
Bind = Annotated[str, Option("--bind", help="local address to connect from", metavar="ADDRESS")]
Insecure = Annotated[bool, Option("--insecure", help="accept any certificate")]
Ca = Annotated[
    str, Option("--ca", help="file of the authorities to trust, instead of the system's", metavar="FILE")
]
Cert = Annotated[
    str, Option("--cert", help="file of our certificate, for servers that ask for one", metavar="FILE")
]
PrivateKey = Annotated[str, Option("--key", help="file of its key, if that is another one", metavar="FILE")]
TlsMin = Annotated[
    str, Option("--tls-min", help="oldest version of TLS to accept, 1.0 to 1.3", metavar="VERSION")
]
Name = Annotated[str, Option("--host", help="name for SNI and the certificate", metavar="NAME")]
Password = Annotated[str, Option("--password", help="the password; @FILE (or /FILE) or env:NAME where it is")]
ProxyProtocol = Annotated[
    int | None, Option("--proxy-protocol", help="say a header of the PROXY protocol first", metavar="1|2")
]
Helo = Annotated[
    str, Option("--helo", help="our name; else this machine's full one, or its address", metavar="NAME")
]
Match = Annotated[str, Option("-m", "--match", help="regular expression that the value must match")]
Least = Annotated[float | None, Option("--min", help="fail below this value")]
Most = Annotated[float | None, Option("--max", help="fail above this value")]
"""Options that many monitors have, so that they are the same in all."""

Zone = Annotated[str, Option("--zone", help="time zone of the reader, as Europe/Berlin")]
Sender = Annotated[
    str,
    Option("-f", "--from", metavar="ADDRESS", help="else mon@ this host by its full name, or its address"),
]
Subject = Annotated[str, Option("-S", "--subject", help="instead of the template's")]
Html = Annotated[bool, Option("--html", help="with an HTML part (--no-html: text alone)")]
"""Options that several alerts have."""


class TlsOptions(TypedDict, total=False):
    """What every plugin that can speak TLS takes; ``tls_settings`` makes a ``Tls`` of it."""

    ca: Ca
    cert: Cert
    key: PrivateKey
    tls_min: TlsMin


class LaxTlsOptions(TlsOptions, total=False):
    """The same, for checks that may do without a certificate that is trusted."""

    insecure: Insecure


class NamedTlsOptions(LaxTlsOptions, total=False):
    """The same, for protocols that do not name the host themselves."""

    name: Name


def tls_settings(given: Mapping[str, object], *, name: str = "", resume: bool = False) -> Tls:
    """What the options of TLS amount to."""
    words = {each: str(given.get(each) or "") for each in ("name", "ca", "cert", "key", "tls_min")}
    return Tls(
        verify=not given.get("insecure"),
        name=name or words["name"],
        ca=words["ca"],
        resume=resume,
        cert=words["cert"],
        key=words["key"],
        least=words["tls_min"],
    )


class VoteTarget(Struct, frozen=True):
    """The pool that an alert line votes on.

    ``pool`` names a ``virtual`` block; a wild form gives ``virtual`` instead, the block it amounts to
    (with the one real server of its ``-R``).  ``remove``, ``group``, ``traps``: see model.pool.Voter.
    """

    pool: str = ""
    virtual: Virtual | None = None
    remove: bool = False
    group: bool = False
    traps: bool = False


class Ran(Struct, frozen=True):
    """How a program ended.  ``trouble`` says why ``status`` is no answer of its own, "" if it is one.

    ``errors`` is what it wrote to stderr, ``output`` to stdout.
    """

    status: int
    output: str
    trouble: str = ""
    errors: str = ""


class Spawn(Interface):
    """What a parameter annotated with ``Spawn`` is given: it runs programs as the daemon runs plugins.

    Without a shell, without the daemon's capabilities, with nothing on stdin; ended with all that it
    started after ``timeout`` seconds, or when the check is over.
    """

    async def __call__(self, words: Sequence[str], *, timeout: float) -> Ran:
        """Run the program ``words[0]`` (looked for in PATH) to its end."""


def library(name: str, extra: str) -> Any:
    """A library that comes with an extra of mon, imported when a line of mon.cf needs it.

    Raises BadOption if it is not installed: so ``verify`` asks for it too.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BadOption(
            f"it needs the Python library {name.partition('.')[0]}, which is not installed: "
            f"pip install mon[{extra}]"
        ) from error
