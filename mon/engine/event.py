"""What happens to a service and may call alerts, and the scene that the rules look at."""

from collections.abc import Collection, Container, Mapping

from mon.engine.group import UNTOUCHED, Group
from mon.engine.state import PeriodState, ServiceState
from mon.engine.step import NO_SUMMARY
from mon.model.config import AlertKind, AlertLine, Key, Period, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.structs import Struct, field

LINES: Mapping[AlertType, AlertKind] = {
    AlertType.FAILURE: AlertKind.ALERT,
    AlertType.TRAP: AlertKind.ALERT,
    AlertType.TRAPTIMEOUT: AlertKind.ALERT,
    AlertType.UP: AlertKind.UPALERT,
    AlertType.STARTUP: AlertKind.STARTUPALERT,
    AlertType.ACK: AlertKind.ACKALERT,
    AlertType.DISABLE: AlertKind.DISABLEALERT,
}
"""Which lines of a period an event calls."""

FAILURES = frozenset((AlertType.FAILURE, AlertType.TRAP, AlertType.TRAPTIMEOUT))
"""The same as ``Notice.is_failure``."""

COLLATED = FAILURES | {AlertType.UP}
"""What is collated; the rest, an acknowledgement say, is told at once."""


def spoken(output: str) -> str:
    """The first line, or ``(NO SUMMARY)`` if nothing can be read there."""
    first = output.partition("\n")[0]
    return first if first.strip() else NO_SUMMARY


class Event(Struct, frozen=True):
    """One occasion to call alerts.

    ``output`` goes to their stdin.  ``status`` is None where there is none (PROTOCOL §9: no MON_RETVAL).
    ``intended`` is the ``GROUP:SERVICE`` a trap was sent to when it went to the default watch.
    ``pointless`` says why no alert line can be meant by this change of status, "" if one can.
    ``word`` is the status as a trap said it, if that is no number: what alerts get as MON_RETVAL.
    """

    type: AlertType
    output: str
    status: int | None
    now: Moment
    intended: str = ""
    pointless: str = ""
    word: str = ""

    @property
    def summary(self) -> str:
        """The classic summary of the output."""
        return spoken(self.output)


class Scene(Struct, frozen=True):
    """An event at a service.  ``disabled`` says what is disabled, ``silenced`` who wants
    quiet, both "" if nothing; ``missing`` are the
    names of alerts that are not installed; ``dep_behavior`` and ``unack_summary`` are those in force.
    ``culprits`` are the services whose failure makes its dependency fail, ``groups`` what is known of the
    groups of its periods, ``direct`` the alert lines that are never collated, as they do something."""

    event: Event
    service: Service
    state: ServiceState
    running: bool = True
    disabled: str = ""
    silenced: str = ""
    dep_behavior: str = "a"
    unack_summary: bool = False
    missing: Collection[str] = field(default=frozenset())
    culprits: tuple[Key, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    direct: Container[AlertLine] = field(default=frozenset())

    def group_of(self, period: Period) -> Group | None:
        """What is known of the group that a period is of, None without ``collate``."""
        return self.groups.get(period.collate.group, UNTOUCHED) if period.collate else None

    def collates(self, line: AlertLine) -> bool:
        """Does this line, in a period with ``collate``, wait for others?"""
        return self.event.type in COLLATED and line not in self.direct


class PeriodScene(Struct, frozen=True):
    """The scene as one period sees it, with the counters of the period, and those of its group if it counts
    for the event."""

    scene: Scene
    period: Period
    state: PeriodState
    group: Group | None = None

    @property
    def now(self) -> Moment:
        """When it happens."""
        return self.scene.event.now

    @property
    def joins(self) -> bool:
        """Is there a message on its way that this failure only has to join?"""
        return self.group is not None and self.group.joinable

    @property
    def sent(self) -> int:
        """Messages about failures so far: of the period, or of its group."""
        return self.group.sent if self.group else self.state.sent

    @property
    def last_alert(self) -> Moment | None:
        """When the last of them was."""
        return self.group.last_alert if self.group and not self.joins else self.state.last_alert

    @property
    def is_news(self) -> bool:
        """Is the service new to its group's messages?"""
        return self.group is not None and not self.state.sent


class LineScene(Struct, frozen=True):
    """The scene as one alert line sees it."""

    scene: Scene
    line: AlertLine
