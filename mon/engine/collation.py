"""The windows of groups: when one is over, and what in it is not to be told after all."""

from collections.abc import Mapping

from mon.engine.event import COLLATED, FAILURES, Event
from mon.engine.group import UNTOUCHED, Group, at_rest, carried_over, closed
from mon.engine.ledger import Ledger
from mon.engine.rules import WITHDRAWING, walk
from mon.engine.state import PeriodState, Untold
from mon.engine.step import Closed, Step, Withdrawn
from mon.model.config import EveryMode, Key, Period
from mon.model.moment import Moment
from mon.model.notice import AlertType, HeldService
from mon.model.result import OpStatus
from mon.structs import replace


class CollatingBook(Ledger):
    """The groups.  What was decided in a window can be taken back until its end: then it was never told."""

    def windows_over(self, now: Moment) -> Step:
        """The windows that end now: what is to be told of each, and what is not.  To be asked often."""
        due = [
            (name, group)
            for name, group in self.groups.items()
            if group.until is not None and group.until.mono <= now.mono
        ]
        step = Step()
        for name, group in due:
            step += self._close(name, group, now)
        return step

    def closing(self, window: str) -> Closed:
        """What there is to say about a window of this name that is over, by what is known now."""
        name = window.rpartition("/")[0]
        failing = tuple(self.failing.get(name, ()))
        held = {key: held for key in failing if (held := self.held_by(key))}
        return Closed(window, failing, held)

    def open_windows(self) -> frozenset[str]:
        """The windows that are not over."""
        return frozenset(group.window for group in self.groups.values() if group.window)

    def _close(self, name: str, group: Group, now: Moment) -> Step:
        members = self._members.pop(group.window, {})
        withdrawn = [
            self._withdraw(name, group.window, key, period, why)
            for key, period in members
            if (why := self._unwanted(key, now))
        ]
        gone = {(each.key, each.period) for each in withdrawn}
        told = any(failed for member, failed in members.items() if member not in gone)
        self.groups[name] = closed(self.groups[name], now, told=told)
        keys = tuple(dict.fromkeys(each.key for each in withdrawn))
        return Step(keys, withdrawn=tuple(withdrawn), closed=(self.closing(group.window),))

    def _unwanted(self, key: Key, now: Moment) -> str:
        """Why failures of this service would be held if they came now, "" if they would not."""
        if key not in self.services:  # gone with a reload: what was decided is told
            return ""
        if self._suppressed(key):
            self._depend(key, "a", now)
        scene = self._scene(key, Event(AlertType.FAILURE, "", None, now))
        return walk(WITHDRAWING, scene)[2]

    def _withdraw_service(self, key: Key, now: Moment) -> tuple[Withdrawn, ...]:
        """Take back what open windows have of a service, if it is not to be told."""
        found = [
            (name, group.window, member[1])
            for name, group in self.groups.items()
            for member in self._members.get(group.window, ())
            if member[0] == key
        ]
        why = self._unwanted(key, now) if found else ""
        if not why:
            return ()
        for _, window, period in found:
            del self._members[window][(key, period)]
        return tuple(self._withdraw(name, window, key, period, why) for name, window, period in found)

    def _withdraw(self, name: str, window: str, key: Key, period: str, why: str) -> Withdrawn:
        state = self.states[key]
        counters = state.in_period(period)
        untold = counters.untold or Untold(window)
        counters = replace(counters, sent=untold.sent, last_alert=untold.last_alert, untold=None)
        self._put(key, replace(state, periods={**state.periods, period: counters}))
        if not untold.sent:
            self._is_well(name, key, strict=False)
        return Withdrawn(window, key, period, f"{why}, before it was told", failures_only=untold.told)

    # What the ledger tells.

    def _decided(self, key: Key, event: Event, groups: Mapping[str, Group]) -> None:
        """Something was put into the windows of these groups."""
        if event.type not in COLLATED:
            return
        self.groups.update(groups)
        for period in self.services[key].periods:
            name = period.collate.group if period.collate else ""
            untold = self.states[key].in_period(period.key).untold
            if not (untold and name in self.groups and untold.window == self.groups[name].window):
                continue
            failed = event.type in FAILURES
            members = self._members.setdefault(untold.window, {})
            members[key, period.key] = failed or members.get((key, period.key), False)
            if failed:
                self.failing.setdefault(name, {})[key] = None
                self._count(name)

    def _recovered(self, key: Key) -> None:
        """The service is well, whether or not that is told."""
        for period in self.services[key].periods if self.failing else ():
            if period.collate:
                self._is_well(period.collate.group, key, strict=_strict(period))

    def _is_well(self, name: str, key: Key, *, strict: bool) -> None:
        if key not in self.failing.get(name, ()):
            return
        del self.failing[name][key]
        self._count(name)
        if not self.failing[name]:
            self.groups[name] = at_rest(self.groups[name], strict=strict)

    def _count(self, name: str) -> None:
        known = self.groups.get(name, UNTOUCHED)
        self.groups[name] = replace(known, failing=len(self.failing.get(name, ())))

    # How groups outlive their configuration and their process.

    def restore_groups(self, groups: Mapping[str, Group], now: Moment) -> None:
        """Take what was saved of groups; to be called after the services' states were restored."""
        self.groups = {name: carried_over(group, now) for name, group in groups.items()}
        self._regroup()

    def _regroup(self) -> None:
        """Find out from the services who fails, and who is in which window."""
        self.failing, self._members = {}, {}
        windows = {name: group.window for name, group in self.groups.items()}
        for key, service in self.services.items():
            for period in service.periods:
                if period.collate is not None:
                    name = period.collate.group
                    self._take_part(key, name, period.key, windows.get(name, ""))
        for name in self.groups:
            self._count(name)
            if not self.failing.get(name):
                self.groups[name] = replace(self.groups[name], failing=0)

    def _take_part(self, key: Key, name: str, period: str, window: str) -> None:
        state: PeriodState = self.states[key].in_period(period)
        if state.sent and not self.states[key].opstatus.good:
            self.failing.setdefault(name, {})[key] = None
            self.groups.setdefault(name, UNTOUCHED)
        untold = state.untold
        if untold and window and untold.window == window:
            failed = not untold.told or state.sent > untold.sent
            self._members.setdefault(window, {})[key, period] = failed

    # Root causes.

    def held_by(self, key: Key) -> tuple[HeldService, ...]:
        """The services that are not told of because this one fails, those first that fail themselves."""
        children = self._children().get(key, ())
        if not children:
            return ()
        world = self._world(self.states[key].at)
        found = []
        for child in children:
            service, state = self.services[child], self.states[child]
            if key in world.culprits(service, "a"):
                since = state.first_failure if state.opstatus is OpStatus.FAIL else 0.0
                found.append(HeldService(*child, since, state.last_summary if since else ""))
        return tuple(sorted(found, key=lambda each: not each.since))


def _strict(period: Period) -> bool:
    return period.alertevery is not None and period.alertevery.mode is EveryMode.STRICT
