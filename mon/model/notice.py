"""What an alert is given, and what was decided about it."""

from collections.abc import Mapping
from enum import StrEnum

from mon.model.config import AlertLine, Key
from mon.model.moment import Moment
from mon.model.result import OpStatus
from mon.structs import Struct, field


class AlertType(StrEnum):
    """Why an alert is called: the values of MON_ALERTTYPE."""

    FAILURE = "failure"
    UP = "up"
    STARTUP = "startup"
    ACK = "ack"
    DISABLE = "disable"
    TRAP = "trap"
    TRAPTIMEOUT = "traptimeout"
    TEST = "test"


class HostReport(Struct, frozen=True, gc=False):
    """One host as a message shows it.  ``since`` is wall time, None if not known."""

    host: str
    verdict: str
    detail: str = ""
    since: float | None = None


class ServerLine(Struct, frozen=True, gc=False):
    """One real server as a message shows it: the weight it is being given, and why."""

    name: str
    address: str
    weight: int
    why: str = ""

    @property
    def notable(self) -> bool:
        """Is there more to say than that it is in, and all votes are ok?"""
        doubts = ("failing", "rising", "slow start")
        return not self.why.startswith("in:") or any(word in self.why for word in doubts)


class PoolLine(Struct, frozen=True, gc=False):
    """A pool that the service votes on.

    ``outlook`` says what people must know of it as a whole (the floor holds, only the fallback serves),
    "" if the votes alone decide; ``floor`` is the least that is kept in, in words, "" if there is none.
    ``soon`` is what follows when the checks under way confirm the latest results, "" if nothing does;
    ``trouble`` is why the balancer is not as it should be.  ``at`` is the wall time at which all this was so.
    """

    name: str
    virtual: str
    servers: tuple[ServerLine, ...] = ()
    floor: str = ""
    outlook: str = ""
    soon: str = ""
    trouble: str = ""
    at: float = 0.0

    @property
    def serving(self) -> tuple[ServerLine, ...]:
        """The servers that are in."""
        return tuple(server for server in self.servers if server.weight > 0)


class HeldService(Struct, frozen=True, gc=False):
    """A service that is not told of because another one, that it depends on, fails.

    ``since`` is when it began to fail itself (wall time), 0.0 if it does not; ``summary`` is what it says.
    """

    watch: str
    service: str
    since: float = 0.0
    summary: str = ""

    @property
    def name(self) -> str:
        """As it is written: ``web/http``."""
        return f"{self.watch}/{self.service}"


class Grouped(Struct, frozen=True, gc=False):
    """The group whose messages are collated, as one of them sees it.

    ``thread`` is the same from the first failure in the group until all is well, ``failing`` how many of its
    services fail (and were told of) now; of these ``others``, and ``more``, are not in the message.
    """

    name: str
    thread: str
    failing: int = 0
    others: tuple[str, ...] = ()
    more: int = 0


class Notice(Struct, frozen=True, gc=False):
    """Everything an alert plugin may want to say.  Times are wall seconds, 0.0 for never.

    ``output`` is what an executable gets on stdin; ``environment`` holds its MON_* variables and the
    service's own; ``hosts`` are the members of the group that are not disabled; ``pools`` those it votes on,
    as they are when it is sent.
    ``last_message`` is when the period was last told of this outage; ``story`` is what it is about if that is
    not an outage of the service (``pool/web``).  ``id`` is the same at each attempt, ""
    before the outbox has it.  ``remark`` is what there is to say beside the event (it also ends ``output``):
    that another channel failed, that the failure could not be told before it was over.  ``left`` are the
    recipients who have not got it yet, if earlier attempts served some of them; () is all.
    ``held`` are (some of the ``held_total``) services that are not told of because this one fails.  ``group``
    is there in a period that collates; ``members`` are what is told together, each service once.
    """

    type: AlertType
    watch: str
    service: str
    period: str
    at: float
    status: int
    opstatus: OpStatus
    summary: str
    output: str
    hosts: tuple[str, ...] = ()
    reports: tuple[HostReport, ...] = ()
    description: str = ""
    first_failure: float = 0.0
    last_failure: float = 0.0
    last_success: float = 0.0
    ack: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    pools: tuple[PoolLine, ...] = ()
    last_message: float = 0.0
    story: str = ""
    remark: str = ""
    left: tuple[str, ...] = ()
    held: tuple[HeldService, ...] = ()
    held_total: int = 0
    group: Grouped | None = None
    members: "tuple[Notice, ...]" = ()

    @property
    def key(self) -> Key:
        """(watch, service)."""
        return (self.watch, self.service)

    @property
    def name(self) -> str:
        """What it is about, as it is written: ``web/http``."""
        return f"{self.watch}/{self.service}"

    @property
    def is_failure(self) -> bool:
        """Does it tell that something fails, and not that something is over or done?"""
        return self.type in (AlertType.FAILURE, AlertType.TRAP, AlertType.TRAPTIMEOUT)

    @property
    def detail(self) -> str:
        """All but the first line of the output."""
        return self.output.partition("\n")[2]

    @property
    def down(self) -> tuple[HostReport, ...]:
        """The hosts that are not ok."""
        return tuple(report for report in self.reports if report.verdict != "ok")

    @property
    def up(self) -> tuple[HostReport, ...]:
        """The hosts that are ok."""
        return tuple(report for report in self.reports if report.verdict == "ok")

    @property
    def changed(self) -> tuple[HostReport, ...]:
        """The hosts with another verdict than when the period was last told."""
        if not self.last_message:
            return ()
        return tuple(report for report in self.reports if (report.since or 0.0) > self.last_message)

    @property
    def link(self) -> str:
        """Where to read on: the service's variable LINK."""
        return self.environment.get("LINK", "")

    @property
    def thread(self) -> str:
        """The same for all messages about one outage: ``web/http/1700000000``, or about one story."""
        if self.group is not None and not self.story:
            return self.group.thread
        return self.story or f"{self.watch}/{self.service}/{int(self.first_failure or self.at)}"

    @property
    def over(self) -> bool:
        """Does it end what its thread is about?  Not while others of its group fail."""
        return self.type in (AlertType.UP, AlertType.DISABLE) and not (self.group and self.group.failing)

    @property
    def incident(self) -> str:
        """The thread, for addresses at which an incident is closed: none that exists while others fail."""
        partly = self.type is AlertType.UP and not self.over
        return f"{self.thread}/partly" if partly else self.thread


class Decision(Struct, frozen=True, gc=False):
    """What the rules say about one alert line of one period, for one event (law 4).

    ``notice`` is there exactly when it is to be sent.  ``rule`` names the rule that held it (or "send",
    "redistribute", "test"), ``why`` says it in words with the numbers that mattered.  ``group`` is there
    where messages of the group keep their order, ``window`` (which is open until wall time ``until``) where
    this one is told together with others.
    """

    watch: str
    service: str
    period: str
    line: AlertLine
    type: AlertType
    rule: str
    why: str
    at: Moment
    notice: Notice | None = None
    group: str = ""
    window: str = ""
    until: float = 0.0

    @property
    def send(self) -> bool:
        """Is it to be sent?"""
        return self.notice is not None


class Fate(StrEnum):
    """What became of an alert that was decided to be sent."""

    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"
    EXPIRED = "expired"


class Delivery(Struct, frozen=True, gc=False):
    """How one attempt at sending an alert ended.

    ``retry_after``: the receiver asks to be left alone for so many seconds; None if it does not say.
    ``left``, ``refused``: see errors.Undeliverable.
    """

    fate: Fate
    why: str
    duration: float = 0.0
    retry_after: float | None = None
    left: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
