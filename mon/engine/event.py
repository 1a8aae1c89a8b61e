"""What happens to a service and may call alerts, and the scene that the rules look at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mon.engine.state import PeriodState, ServiceState
from mon.engine.step import NO_SUMMARY
from mon.model.config import AlertKind, AlertLine, Period, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType

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


def spoken(output: str) -> str:
    """The first line, or ``(NO SUMMARY)`` if nothing can be read there."""
    first = output.partition("\n")[0]
    return first if first.strip() else NO_SUMMARY


@dataclass(frozen=True, slots=True)
class Event:
    """One occasion to call alerts.

    ``output`` goes to their stdin.  ``status`` is None where there is none (PROTOCOL §9: no MON_RETVAL).
    ``intended`` is the ``GROUP:SERVICE`` a trap was sent to when it went to the default watch.
    ``pointless`` says why no alert line can be meant by this change of status, "" if one can.
    """

    type: AlertType
    output: str
    status: int | None
    now: Moment
    intended: str = ""
    pointless: str = ""

    @property
    def summary(self) -> str:
        """The classic summary of the output."""
        return spoken(self.output)


@dataclass(frozen=True, slots=True)
class Scene:
    """An event at a service.  ``disabled`` says what is disabled, ``silenced`` who wants
    quiet, both "" if nothing; ``missing`` are the
    names of alerts that are not installed; ``dep_behavior`` and ``unack_summary`` are those in force."""

    event: Event
    service: Service
    state: ServiceState
    running: bool = True
    disabled: str = ""
    silenced: str = ""
    dep_behavior: str = "a"
    unack_summary: bool = False
    missing: Collection[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class PeriodScene:
    """The scene as one period sees it, with the counters of the period."""

    scene: Scene
    period: Period
    state: PeriodState

    @property
    def now(self) -> Moment:
        """When it happens."""
        return self.scene.event.now


@dataclass(frozen=True, slots=True)
class LineScene:
    """The scene as one alert line sees it."""

    scene: Scene
    line: AlertLine
