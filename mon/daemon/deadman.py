"""``deadman``: a message every few minutes while mon is well: somebody outside notices when none comes.

It stops when checks stall, the outbox does not move, or a balancer does not answer.
"""

import logging
from collections.abc import Collection, Iterable

from mon.daemon import events
from mon.daemon.parts import Parts
from mon.model.moment import Moment
from mon.model.notice import AlertType, Fate, Notice
from mon.model.result import OpStatus
from mon.structs import Struct

LATE = 60.0
"""Seconds that something may be late before it is stalled."""

ROUNDS = 3.0
"""Checks are late after so many of their intervals."""


class Checked(Struct, frozen=True):
    """When a service was last checked (wall time, 0.0: not yet), and how often it is."""

    last: float
    interval: float


def stalled(
    now: float,
    *,
    running: bool,
    since: float,
    checks: Collection[Checked],
    overdue: float,
    disk: str,
    balancers: Iterable[tuple[str, str]],
) -> str:
    """What stalls, in words; "" if all is well.  Times are wall seconds; ``since`` is when mon was started.

    ``overdue`` is for how long the outbox has not begun what is due,
    ``disk`` is what the outbox's disk said last, ``balancers`` are (pool, trouble).
    """
    if not running:
        return "the scheduler is stopped"
    # The best of them: one monitor that hangs is a service's trouble, not mon's.
    ages = [now - max(since, each.last) - ROUNDS * each.interval for each in checks]
    if ages and min(ages) > LATE:
        return f"nothing was checked for {min(ages):.0f} s longer than it should take"
    if overdue > LATE:
        return f"the outbox has not moved for {overdue:.0f} s"
    if disk:
        return f"the outbox cannot be written: {disk}"
    return next((f"pool {name}: {trouble}" for name, trouble in balancers if trouble), "")


def _what(trouble: str) -> str:
    """What stalls, without for how long: that is another one each second."""
    return trouble.partition(" for ")[0]


class Deadman:
    """Looks once a second whether a message is due, and whether it is deserved."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._began = parts.clock()
        self._sent: Moment | None = None
        self._trouble = ""

    async def look(self) -> None:
        """Send if it is time and all is well; say in the log what stalls, once."""
        wanted = self._parts.loaded.plan.config.settings.deadman
        now = self._parts.clock()
        if wanted is None or (self._sent and now.mono - self._sent.mono < wanted.seconds):
            return
        trouble = self._stalled(now)
        if _what(trouble) != _what(self._trouble):
            said = f"no deadman message: {trouble}" if trouble else "deadman messages go on"
            events.say(logging.ERROR if trouble else logging.INFO, "deadman", said)
        self._trouble = trouble
        bound = self._parts.loaded.plan.alerts.get(wanted.line)
        if trouble or bound is None:
            return
        self._sent = now
        # Not by way of the outbox: a heartbeat that comes late says nothing, and must not be tried for a day.
        delivery = await self._parts.runner.send(bound, self._notice(now))
        if delivery.fate is not Fate.SENT:
            events.say(logging.WARNING, "deadman", f"the deadman message was not sent: {delivery.why}")

    def _stalled(self, now: Moment) -> str:
        parts, book = self._parts, self._parts.book
        checked = [
            Checked(book.states[key].last_check, interval)
            for key, service in book.services.items()
            if service.monitor is not None and (interval := book.interval(key))
        ]
        return stalled(
            now.wall,
            running=book.running,
            since=self._began.wall,
            checks=checked,
            overdue=parts.outbox.overdue(),
            disk=parts.outbox.trouble or parts.recorder.trouble,
            balancers=[(view.name, view.trouble) for view in parts.keeper.views()],
        )

    def _notice(self, now: Moment) -> Notice:
        book = self._parts.book
        said = f"mon is well: {len(book.services)} services, {len(self._parts.pools.names)} pools"
        return Notice(
            AlertType.TEST, "mon", "deadman", "", now.wall, 0, OpStatus.OK, said, f"{said}\n",
            environment={"MON_GROUP": "mon", "MON_SERVICE": "deadman", "MON_ALERTTYPE": AlertType.TEST.value},
        )  # fmt: skip
