"""Virtual services and real servers: as written, as linked, as they are on the balancer."""

from enum import StrEnum

from mon.model.quorum import Quorum
from mon.model.source import NOWHERE, Source
from mon.model.weight import Weight
from mon.structs import Alike, Struct


class Protocol(StrEnum):
    """Transport of a virtual service."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"


class Forward(StrEnum):
    """How packets reach a real server (ipvsadm's -m, -g, -i)."""

    MASQ = "masq"
    GATE = "gate"
    IPIP = "ipip"


class Drift(StrEnum):
    """What to do about changes of the balancer's table that we did not make."""

    GUARD = "guard"
    REPAIR = "repair"
    REPORT = "report"


class Floor(Struct, frozen=True):
    """The least that is kept in: a share (0..1) of the enabled servers, or a count."""

    share: float | None = None
    count: int | None = None
    hard: bool = False


class Rate(Struct, frozen=True):
    """So many within so many seconds."""

    count: int
    seconds: float


class Flap(Struct, frozen=True):
    """Who goes out ``count`` times within ``seconds`` is held out for ``hold`` seconds."""

    count: int
    seconds: float
    hold: float


class Bounds(Struct, frozen=True):
    """Between which weights a suggested one is followed; a change by the whole takes ``over`` seconds."""

    low: Weight
    high: Weight
    over: float = 10.0


class Real(Alike, frozen=True):
    """A ``real`` line.  None means: as the virtual service says.  ``check`` names the hostgroup member
    whose results are this server's votes, "" is ``host`` itself."""

    host: str
    port: int | None = None
    weight: int = 1
    forward: Forward | None = None
    lower: int = 0
    upper: int = 0
    check: str = ""
    bounds: Bounds | None = None
    source: Source = NOWHERE


class Virtual(Alike, frozen=True):
    """A ``virtual`` block as written.  ``fwmark`` excludes address, port and protocol.

    ``persistent`` is in seconds, None is off; ``netmask`` is its granularity (IPv4 bits, IPv6 bits).
    """

    name: str
    address: str = ""
    port: int = 0
    protocol: Protocol = Protocol.TCP
    fwmark: int | None = None
    family6: bool = False  # of a fwmark service; else the address tells
    balancer: tuple[str, ...] = ("memory",)
    scheduler: str = "wlc"
    forward: Forward = Forward.MASQ
    persistent: int | None = None
    netmask: int | None = None
    reals: tuple[Real, ...] = ()
    floor: Floor | None = None
    fallback: Real | None = None
    rise: int = 2
    fall: int = 2
    confirm: float = 0.2
    drain: float = 0.0
    slowstart: float = 0.0
    drift: Drift = Drift.GUARD
    evict: Rate | None = None
    flap: Flap | None = None
    cleanstop: bool = False
    bounds: Bounds | None = None
    quorum: Quorum | None = None
    follow_dns: bool = False
    source: Source = NOWHERE


class VirtualId(Struct, frozen=True, order=True):
    """What the balancer knows a virtual service by.  ``address`` is numeric, "" with a fwmark."""

    protocol: str = ""
    address: str = ""
    port: int = 0
    fwmark: int = 0
    family6: bool = False

    def __str__(self) -> str:
        if self.fwmark:
            return f"fwmark {self.fwmark}" + (" inet6" if self.family6 else "")
        return f"{self.protocol} {endpoint(self.address, self.port)}"


class ServerId(Struct, frozen=True, order=True):
    """What the balancer knows a real server by, within its virtual service.  ``address`` is numeric."""

    address: str
    port: int

    def __str__(self) -> str:
        return endpoint(self.address, self.port)


def endpoint(address: str, port: int) -> str:
    """``10.0.0.1:80`` or ``[2001:db8::1]:80``."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Member(Struct, frozen=True):
    """A real server of a linked pool: its address is pinned, ``weight`` is what it gets when it is in.

    ``bounds`` are those of a weight that its monitors suggest, None: they are not followed.
    """

    id: ServerId
    name: str  # as written
    check: str  # the host whose results are its votes
    weight: int = 1
    forward: Forward = Forward.MASQ
    lower: int = 0
    upper: int = 0
    bounds: Bounds | None = None


class Voter(Struct, frozen=True):
    """One service that votes on the members of a pool.

    ``fall``, ``rise``: bad, good results in a row that change its vote.  ``remove``: a server voted out
    leaves the table (else weight 0).  ``group``: a result without host names votes for all.
    ``exit``: only these exit statuses are *down* (inclusive), None is any but 0.  ``only``: votes on this
    server alone (wild form ``-R``), "" is every member.  ``confirm``: a host whose result differs from the
    vote is checked again after so many seconds, 0 is never.  ``interval``: that of its rounds (seconds).
    """

    watch: str
    service: str
    fall: int = 1
    rise: int = 1
    remove: bool = False
    group: bool = False
    traps: bool = False
    exit: tuple[int, int] | None = None
    only: str = ""
    confirm: float = 0.0
    interval: float = 0.0


class Pool(Alike, frozen=True):
    """A virtual service with its servers' addresses pinned and its voters known.

    ``drain`` is how long (seconds) a server that an operator or a reload sends away may finish its
    connections, 0 is not at all; over so many seconds ``slowstart`` raises the weight of one that recovered.
    ``nowhere`` are the real servers whose names have no address yet.  ``follow_dns``: a name that has another
    address now takes its server there.
    """

    name: str
    id: VirtualId
    balancer: tuple[str, ...]
    scheduler: str = "wlc"
    persistent: int | None = None
    netmask: int | None = None
    members: tuple[Member, ...] = ()
    voters: tuple[Voter, ...] = ()
    floor: Floor | None = None
    fallback: Member | None = None
    partial: bool = False  # wild form: name only what the lines name, leave other servers of it alone
    drain: float = 0.0
    slowstart: float = 0.0
    drift: Drift = Drift.GUARD
    evict: Rate | None = None
    flap: Flap | None = None
    cleanstop: bool = False
    quorum: Quorum | None = None
    nowhere: tuple[str, ...] = ()
    follow_dns: bool = False
    source: Source = NOWHERE


class ServiceEntry(Struct, frozen=True):
    """A virtual service as the balancer has it."""

    id: VirtualId
    scheduler: str
    persistent: int | None = None
    netmask: int | None = None


class ServerEntry(Alike, frozen=True):
    """A real server as the balancer has it; connections are for show and never compared."""

    apart = ("active", "inactive", "templates")

    id: ServerId
    weight: int
    forward: Forward = Forward.MASQ
    lower: int = 0
    upper: int = 0
    active: int = 0
    inactive: int = 0
    templates: int = 0  # clients that persistence sends here


class Table(Struct, frozen=True):
    """One virtual service of a balancer and its servers; ``service`` is None if there is none."""

    service: ServiceEntry | None
    servers: tuple[ServerEntry, ...] = ()


class Verb(StrEnum):
    """What a change does."""

    ADD_SERVICE = "add service"
    SET_SERVICE = "set service"
    DELETE_SERVICE = "delete service"
    ADD_SERVER = "add server"
    SET_SERVER = "set server"
    DELETE_SERVER = "delete server"


class Change(Struct, frozen=True):
    """One edit of a balancer's table.  ``server`` is None for edits of the service itself."""

    verb: Verb
    service: ServiceEntry
    server: ServerEntry | None = None
    why: str = ""
