"""Quiet times that an operator asked for: until when which failures tell nobody, and why."""

import time
from collections.abc import Iterable

from mon.model.config import Key
from mon.model.moment import Moment
from mon.structs import Struct


class Silence(Struct, frozen=True):
    """No failure alerts of one service, or of a whole watch (``service`` is ""), until its end.

    ``since`` is wall time; ``by`` is who asked for it.
    """

    watch: str
    service: str
    since: float
    until: Moment
    by: str
    reason: str

    @property
    def words(self) -> str:
        """Why an alert is held by it."""
        end = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.until.wall))
        return f"silenced by {self.by} until {end}: {self.reason}"


class Silences:
    """One for a service and one for a watch at most; the later word counts."""

    def __init__(self) -> None:
        self._all: dict[Key, Silence] = {}

    def begin(self, silence: Silence) -> None:
        """From now on; in place of the one before it."""
        self._all[(silence.watch, silence.service)] = silence

    def end(self, watch: str, service: str, now: Moment) -> bool:
        """End it before its time; False if there is none."""
        gone = self._all.pop((watch, service), None)
        return gone is not None and gone.until.mono > now.mono

    def standing(self, now: Moment) -> tuple[Silence, ...]:
        """Those whose end has not come, the first to end first; the others are forgotten."""
        self._all = {key: one for key, one in self._all.items() if one.until.mono > now.mono}
        return tuple(sorted(self._all.values(), key=lambda one: one.until.mono))

    def said(self, key: Key, now: Moment) -> str:
        """Why failures of this service are not told now, "" if they are."""
        if not self._all:
            return ""
        found = (self._all.get(each) for each in (key, (key[0], "")))
        return next((one.words for one in found if one and one.until.mono > now.mono), "")

    def restore(self, saved: Iterable[Silence], now: Moment) -> None:
        """Take those of a former life: they end when they said by the wall clock."""
        for one in saved:
            left = one.until.wall - now.wall
            if left > 0:
                until = Moment(one.until.wall, now.mono + left)
                self.begin(Silence(one.watch, one.service, one.since, until, one.by, one.reason))
