"""What an operator may do to the states: disable, acknowledge, clear, set, test."""

from collections.abc import Mapping

from mon.engine import variables
from mon.engine.collation import CollatingBook
from mon.engine.decide import decide, tested
from mon.engine.event import Event
from mon.engine.ledger import change
from mon.engine.state import Acknowledgement
from mon.engine.step import Step
from mon.errors import ControlError
from mon.model.config import AlertKind, Key
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.result import OpStatus
from mon.structs import replace

TEST_OUTPUT = "test\ntest detail\n"

TEST_TYPES: Mapping[AlertKind, AlertType] = {
    AlertKind.ALERT: AlertType.TEST,
    AlertKind.UPALERT: AlertType.UP,
    AlertKind.STARTUPALERT: AlertType.STARTUP,
    AlertKind.ACKALERT: AlertType.ACK,
    AlertKind.DISABLEALERT: AlertType.DISABLE,
    AlertKind.FLOORALERT: AlertType.TEST,
}


class OperatorsBook(CollatingBook):
    """The commands of an operator.  ``key`` is always known; callers look first."""

    # Disable and enable.

    def unknown_hosts(self, *hosts: str) -> tuple[str, ...]:
        """Those that no group has as an enabled member: they cannot be disabled."""
        off = self.disabled_members
        return tuple(
            host for host in hosts if all((group, host) in off for group in self._disabled.groups_of(host))
        )

    def disable_host(self, host: str) -> tuple[str, ...]:
        """Leave the host out everywhere.  Returns the watches that were disabled with it."""
        self._disabled.turn_off_host(host)
        return self._disabled.alone_in(host)

    def enable_host(self, host: str) -> tuple[str, ...]:
        """Take the host in again everywhere.  Returns the watches that were enabled with it."""
        self._disabled.turn_on_host(host)
        return self._disabled.alone_in(host)

    def disable_watch(self, watch: str) -> None:
        """Call no alerts for this watch; its monitors go on."""
        self._disabled.watches.add(watch)

    def enable_watch(self, watch: str) -> None:
        """Call alerts for this watch again."""
        self._disabled.watches.discard(watch)

    def disable_service(
        self, key: Key, now: Moment, environment: Mapping[str, str], *, user: str = ""
    ) -> Step:
        """Call no alerts for this service; its monitor goes on.  Its disablealerts are called now."""
        # Decided before it is disabled: classic mon asks afterwards, and so never calls one.
        event = Event(AlertType.DISABLE, user, None, now)
        step = Step((key,), (), self._call(key, event, environment))
        self._disabled.services.add(key)
        return step

    def enable_service(self, key: Key) -> None:
        """Call alerts for this service again."""
        self._disabled.services.discard(key)

    # Acknowledge, clear, test.

    def ack(self, key: Key, user: str, comment: str, now: Moment, environment: Mapping[str, str]) -> Step:
        """Somebody knows about the failure: no alerts until it is over.  The ackalerts are called.

        Raises ControlError when the service does not fail.
        """
        state = self.states[key]
        if state.opstatus in (OpStatus.OK, OpStatus.UNTESTED):
            raise ControlError("service is in a non-failure state")
        said = f"{user}: {comment}"
        self._put(key, replace(state, acknowledgement=Acknowledgement(now.wall, said), at=now))
        withdrawn = self._withdraw_service(key, now)
        decisions = self._call(key, Event(AlertType.ACK, said, None, now), environment)
        return Step((key,), (), decisions, withdrawn=withdrawn)

    def clear_timers(self, key: Key, now: Moment) -> Step:
        """Begin the counters of alertevery and alertafter anew, and the clocks of traps."""
        service, state = self.services[key], self.states[key]
        periods = dict(state.periods)
        for period in service.periods:
            counters = state.in_period(period.key)
            if period.alertevery:
                counters = replace(counters, last_alert=None)
                if period.collate and period.collate.group in self.groups:
                    group = self.groups[period.collate.group]
                    self.groups[period.collate.group] = replace(group, last_alert=None)
            if period.alertafter and period.alertafter.seconds is not None:
                counters = replace(counters, first_failure=None)
            periods[period.key] = counters
        traps = replace(
            state.traps,
            due=now.later(service.traptimeout) if service.traptimeout else None,
            until=now.later(service.trapduration) if service.trapduration else None,
        )
        outage = replace(state.outage, count=0)
        self._put(key, replace(state, periods=periods, traps=traps, outage=outage, at=now))
        return Step((key,))

    def test_alert(
        self,
        key: Key,
        kind: AlertKind,
        status: int,
        period: str,
        now: Moment,
        environment: Mapping[str, str],
    ) -> Step:
        """Call all lines of this kind of the period with this key, whatever the time; nothing is counted.

        Raises ControlError when there is no such period.
        """
        found = next((p for p in self.services[key].periods if p.key == period), None)
        if found is None:
            raise ControlError("period not defined")
        scene = self._scene(key, Event(TEST_TYPES[kind], TEST_OUTPUT, status, now))
        return Step((), (), tested(scene, found, kind, lambda: self._audience(key, environment, scene.event)))

    # Set and get.

    def set_opstatus(
        self, key: Key, status: OpStatus, now: Moment, environment: Mapping[str, str] | None = None
    ) -> Step:
        """Set the standing opinion; nothing else changes."""
        return self._turn(key, status, now, "set by an operator", environment or {})

    def _turn(
        self, key: Key, status: OpStatus, now: Moment, why: str, environment: Mapping[str, str]
    ) -> Step:
        """A change of status that no result gave: it calls no alerts, and says so (law 4)."""
        old = self.states[key].opstatus
        self._put(key, replace(self.states[key], opstatus=status, last_opstatus=old, at=now))
        transitions = change(key, old, status, why, now)
        if not transitions:
            return Step((key,))
        type_ = AlertType.UP if status.good else AlertType.FAILURE
        event = Event(type_, self.states[key].last_output or "", None, now, pointless=why)
        decided = decide(self._scene(key, event), lambda: self._audience(key, environment, event))
        return Step((key,), transitions, decided.decisions)

    def set_variable(self, key: Key, name: str, value: str, now: Moment) -> Step:
        """``set``: a variable by its classic name; an unknown one is kept, and has no effect.

        Raises ControlError when it is no value of the variable.
        """
        try:
            if name == "_op_status":
                return self._set_status_only(key, variables.opstatus(value), now)
            if name in variables.STATE:
                state = variables.STATE[name].set(self.states[key], value, now)
                self._put(key, replace(state, at=now))
                return Step((key,))
            if name in variables.SERVICE:
                self.services[key] = variables.SERVICE[name].set(self.services[key], value, now)
        except ValueError as error:
            raise ControlError(f"{value!r} is no value of {name}") from error
        self._settled.discard(key)
        self._trap_clock = self._below = None
        self.variables.setdefault(key, {})[name] = value
        return Step((key,))

    def _set_status_only(self, key: Key, status: OpStatus, now: Moment) -> Step:
        # Unlike ``set ... opstatus``, the raw variable leaves _last_op_status alone.
        last = self.states[key].last_opstatus
        step = self.set_opstatus(key, status, now)
        self._put(key, replace(self.states[key], last_opstatus=last))
        return step

    def get_variable(self, key: Key, name: str, now: Moment) -> str:
        """``get``: the value of a variable by its classic name, "" if there is none of that name."""
        if name == "_trap_timer":
            due = self.states[key].traps.due
            return variables.number(max(0.0, round(due.mono - now.mono))) if due else ""
        if name == "interval":
            return variables.number(self.interval(key))
        if name in variables.STATE:
            return variables.STATE[name].get(self.states[key])
        if name in variables.SERVICE:
            return variables.SERVICE[name].get(self.services[key])
        return self.variables.get(key, {}).get(name, "")

    def set_period_variable(self, key: Key, period: str, name: str, value: str, now: Moment) -> None:
        """A counter of a period by its name in the classic state file; unknown names change nothing.

        Raises ControlError when it is no value of the counter.
        """
        state = self.states[key]
        if period not in state.periods or name not in variables.PERIOD:
            return
        try:
            counters = variables.PERIOD[name].set(state.periods[period], value, now)
        except ValueError as error:
            raise ControlError(f"{value!r} is no value of {period}:{name}") from error
        self._put(key, replace(state, periods={**state.periods, period: counters}, at=now))

    def get_period_variable(self, key: Key, period: str, name: str) -> str:
        """A counter of a period by its name in the classic state file."""
        return variables.PERIOD[name].get(self.states[key].in_period(period))

    def interval(self, key: Key) -> float | None:
        """Seconds between checks now: failure_interval while it fails.  None if it is not checked."""
        service = self.services[key]
        if self.states[key].outage.hurried and service.failure_interval is not None:
            return service.failure_interval
        return service.interval
