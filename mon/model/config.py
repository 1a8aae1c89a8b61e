"""What mon.cf says, as frozen values.  Times are seconds (float), sources are not compared (law 8)."""

from collections.abc import Mapping
from enum import StrEnum

from mon.model.pool import Virtual
from mon.model.source import NOWHERE, Source
from mon.structs import Alike, Struct, field

Key = tuple[str, str]
"""(watch, service): what makes a service the same service after a reload (law 8)."""


class Host(Struct, frozen=True):
    """A member of a hostgroup; ``address`` is set when mon.cf says ``name=address``."""

    name: str
    address: str = ""

    @property
    def target(self) -> str:
        """What a monitor connects to: the address if one is given, else the name."""
        return self.address or self.name


class Hostgroup(Alike, frozen=True):
    """A named list of hosts.  ``disabled`` are the members written with a star in front."""

    name: str
    hosts: tuple[Host, ...] = ()
    disabled: frozenset[str] = frozenset()
    source: Source = NOWHERE


class CommandLine(Alike, frozen=True):
    """A plugin and its arguments, split by shell-like quoting; nothing is expanded.

    ``hosts`` is False after a final ``;;``; ``runas`` is the user of a ``runas=NAME`` option.
    """

    text: str
    words: tuple[str, ...]
    hosts: bool = True
    runas: str = ""
    source: Source = NOWHERE

    @property
    def plugin(self) -> str:
        """The name of the plugin as written: ``http.monitor``, ``mon:http.monitor`` or a path."""
        return self.words[0] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words behind the plugin's name."""
        return self.words[1:]


class AlertKind(StrEnum):
    """The directive an alert line is written with."""

    ALERT = "alert"
    UPALERT = "upalert"
    STARTUPALERT = "startupalert"
    ACKALERT = "ackalert"
    DISABLEALERT = "disablealert"
    FLOORALERT = "flooralert"


class Retry(Struct, frozen=True):
    """How long a message is tried: ``first`` wait, doubled up to ``longest``, for ``life`` altogether."""

    first: float = 10.0
    longest: float = 600.0
    life: float = 86400.0


class AlertLine(Alike, frozen=True):
    """One alert line of a period.  ``exit`` is the inclusive range of ``exit=N-M``, None for any.

    ``otherwise`` is what stands behind ``else``: it goes when this one has failed for good, or was not
    delivered ``within`` so many seconds.  ``retry`` None is the global ``alertretry``.  ``plain``: not an
    alert plugin but a command, called with its own words only.
    """

    kind: AlertKind
    command: CommandLine
    exit: tuple[int, int] | None = None
    replay: bool = False
    source: Source = NOWHERE
    retry: Retry | None = None
    within: float | None = None
    otherwise: "AlertLine | None" = None
    plain: bool = False

    @property
    def chain(self) -> "tuple[AlertLine, ...]":
        """This line and what stands behind each ``else``."""
        return (self, *(self.otherwise.chain if self.otherwise else ()))


class Deadman(Struct, frozen=True):
    """``deadman TIME ALERT``: what is called every ``seconds`` while all is well with mon itself."""

    seconds: float
    line: AlertLine


class EveryMode(StrEnum):
    """What ``alertevery`` compares with the previous failure: its summary, all of its output, or nothing."""

    SUMMARY = "summary"
    OBSERVE_DETAIL = "observe_detail"
    IGNORE_SUMMARY = "ignore_summary"
    STRICT = "strict"


class AlertEvery(Struct, frozen=True):
    """``alertevery TIME [MODE]``."""

    seconds: float
    mode: EveryMode = EveryMode.SUMMARY


class AlertAfter(Struct, frozen=True):
    """``alertafter N``, ``alertafter TIME`` or ``alertafter N TIME``: what is not written is None."""

    count: int | None = None
    seconds: float | None = None


class Collate(Struct, frozen=True):
    """One message for many services: what comes within ``seconds`` of the first event goes together.

    ``group`` is who shares it: an alertgroup, or (it has a blank then) the periods with the same alert lines.
    """

    seconds: float
    group: str


class Period(Alike, frozen=True):
    """When and how to alert.  ``spec`` is the text of a Time::Period expression, "" is always.

    ``reminder`` is after how long a failure that goes on is told again, ``until_ack`` that numalerts does not
    end that.
    """

    label: str = ""
    spec: str = ""
    lines: tuple[AlertLine, ...] = ()
    alertevery: AlertEvery | None = None
    alertafter: AlertAfter | None = None
    numalerts: int | None = None
    no_comp_alerts: bool = False
    upalertafter: float | None = None
    alertexitrange: tuple[int, int] | None = None
    alerts_dont_count: bool = False
    reminder: float | None = None
    until_ack: bool = False
    collate: Collate | None = None
    source: Source = NOWHERE

    @property
    def key(self) -> str:
        """What makes this the same period after a reload: its label, else its text."""
        return self.label or self.spec

    def of_kind(self, kind: AlertKind) -> tuple[AlertLine, ...]:
        """The lines written with this directive, in the order of the file."""
        return tuple(line for line in self.lines if line.kind is kind)


class Dependencies(Struct, frozen=True):
    """The four dependency expressions of a service as text ("" is none), checked when parsed."""

    depend: str = ""
    alertdepend: str = ""
    monitordepend: str = ""
    hostdepend: str = ""
    behavior: str = ""  # "a", "m", "hm"; "" is the global dep_behavior
    memory: float | None = None


class Service(Alike, frozen=True):
    """One thing to watch about a hostgroup."""

    watch: str
    name: str
    description: str = ""
    interval: float | None = None
    failure_interval: float | None = None
    randskew: float = 0.0
    timeout: float | None = None
    monitor: CommandLine | None = None
    allow_empty_group: bool = False
    exclude_hosts: tuple[str, ...] = ()
    exclude_period: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    dependencies: Dependencies = Dependencies()
    traptimeout: float | None = None
    trapduration: float | None = None
    unack_summary: bool | None = None  # None is the global setting
    redistribute: CommandLine | None = None
    periods: tuple[Period, ...] = ()
    source: Source = NOWHERE

    @property
    def key(self) -> Key:
        """(watch, service)."""
        return (self.watch, self.name)


TELLING = ("mail", "qpage", "snpp", "netpage", "irc", "mailxmpp", "slackxmpp", "file", "trap", "sms")
"""The classic programs that only tell people (DESIGN §5): they may be tried again and replayed."""


class Settings(Alike, frozen=True):
    """The globals.  Paths are as written (the daemon makes them absolute); lists are split at colons."""

    apart = ("given",)

    alertdir: tuple[str, ...] = ()
    mondir: tuple[str, ...] = ()
    templatedir: tuple[str, ...] = ()
    basedir: str = ""
    cfbasedir: str = ""
    statedir: str = ""
    logdir: str = ""
    pidfile: str = ""
    authfile: str = ""
    authtype: tuple[str, ...] = ()
    userfile: str = ""
    pamservice: str = ""
    serverbind: str = ""
    trapbind: str = ""
    serverport: int | None = None
    trapport: int | None = None
    snmpport: int | None = None
    clientallow: tuple[str, ...] = ()
    cltimeout: float = 30.0
    maxprocs: int | None = None
    randstart: float = 0.0
    histlength: int = 100
    historicfile: str = ""
    historictime: float = 0.0
    dtlogfile: str = ""
    dtlogging: bool = False
    monerrfile: str = ""
    syslog_facility: str = ""
    startupalerts_on_reset: bool = False
    monremote: str = ""
    dep_behavior: str = "a"
    dep_recur_limit: int = 10
    dep_memory: float = 0.0
    unack_summary: bool = False
    exclude_period: str = ""
    messages: tuple[str, ...] = TELLING
    pluginuser: str = ""
    pluginenv: tuple[str, ...] = ()
    resync: float = 5.0
    alertretry: Retry = Retry()
    keep: float = 90 * 86400.0
    deadman: Deadman | None = None
    workers: int = 0
    given: Mapping[str, Source] = field(default_factory=dict)


class Config(Struct, frozen=True):
    """A whole mon.cf: what was meant, and where it stands.  Mappings keep the order of the file."""

    settings: Settings = Settings()
    hostgroups: Mapping[str, Hostgroup] = field(default_factory=dict)
    services: Mapping[Key, Service] = field(default_factory=dict)
    virtuals: Mapping[str, Virtual] = field(default_factory=dict)
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    watches: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    """Names of records that stand in the file but could not be read: that they are missing is not said."""

    def hosts(self, watch: str) -> tuple[Host, ...]:
        """The hosts of a watch, () if it has no hostgroup."""
        group = self.hostgroups.get(watch)
        return group.hosts if group else ()
