"""State, event and now to new state and decisions: pure, with a chain of small named rules that hold alerts.

``state``        what is known of a service, a period, a host
``judge``        a result to an opinion            ``dependency``   does what it depends on work?
``rules``        the chain                         ``environment``  MON_* variables
``decide``       one decision per alert line       ``variables``    ``set`` and ``get`` by classic names
``disabled``     what an operator turned off       ``ledger``       one event to a step
``silence``      quiet times                       ``trapclock``    whose trap timers run out
``operator``     an operator's commands            ``renewal``      reload, reset, save, restore
``group``        what is told together  ``collation``    its windows, and who holds whom
``book``         the owner of all of it
"""

from mon.engine.book import Book
from mon.engine.disabled import Disabled
from mon.engine.group import Group
from mon.engine.ledger import HostKey
from mon.engine.renewal import compared
from mon.engine.silence import Silence, Silences
from mon.engine.state import HostState, PeriodState, ServiceState, at_wall
from mon.engine.step import (
    HISTORY_WORD,
    NO_SUMMARY,
    NOTHING,
    AlertEntry,
    Changes,
    Closed,
    Downtime,
    FailureEntry,
    Step,
    Withdrawn,
)

__all__ = [
    "HISTORY_WORD",
    "NOTHING",
    "NO_SUMMARY",
    "AlertEntry",
    "Book",
    "Changes",
    "Closed",
    "Disabled",
    "Downtime",
    "FailureEntry",
    "Group",
    "HostKey",
    "HostState",
    "PeriodState",
    "ServiceState",
    "Silence",
    "Silences",
    "Step",
    "Withdrawn",
    "at_wall",
    "compared",
]
