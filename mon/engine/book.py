"""The one owner of all states: results, traps and configurations go in, steps come out.

No I/O and no clock: ``now`` is an argument.  ``environment`` are the static variables of alerts
(MON_STATEDIR, MON_LOGDIR, MON_CFBASEDIR).
"""

import copy
import time
from collections import deque
from collections.abc import Mapping

from mon.engine import environment as variables_of
from mon.engine import judge
from mon.engine.dependency import Unsolved, expression, mentions
from mon.engine.event import Event
from mon.engine.judge import Said
from mon.engine.ledger import change, opinion
from mon.engine.renewal import RenewableBook
from mon.engine.state import HostState
from mon.engine.step import NOTHING, Downtime, FailureEntry, Step
from mon.engine.variables import number
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision
from mon.model.result import HostResult, OpStatus, RunResult, Transition
from mon.period import covers
from mon.structs import replace


class Book(RenewableBook):
    """States of all services and hosts under a configuration."""

    # Results.

    def host_result(self, result: HostResult) -> Transition | None:
        """Keep the opinion on one host.  Returns the transition if it is another one than before."""
        if (result.watch, result.service) not in self.services:
            return None
        key = (result.watch, result.service, result.host)
        before = self.host_states.get(key)
        same = before is not None and before.verdict is result.verdict
        self.host_states[key] = HostState(
            result.verdict,
            before.since if before and same else result.at,
            result.detail,
            result.at,
            result.duration,
            result.cause,
            result.status,
        )
        if same:
            return None
        old = before.verdict.value if before else opinion(OpStatus.UNTESTED)
        return Transition(*key, old, result.verdict.value, result.detail, result.at)

    def started(self, key: Key, now: Moment) -> None:
        """A monitor has been started: what clients see as the last check."""
        self.states[key] = judge.begun(self.states[key], now)

    def result(self, result: RunResult, now: Moment, environment: Mapping[str, str]) -> Step:
        """A round of a monitor.  That of an unknown service is nothing."""
        key = (result.watch, result.service)
        if result.status == 0 and key in self._settled:
            self.states[key] = judge.still_well(self.states[key], result, now)
            return NOTHING
        if key not in self.services:
            return NOTHING
        return self._judge(
            key,
            Said(
                AlertType.FAILURE,
                result.status,
                result.output,
                now,
                checked=result.started.wall,
                duration=result.ended.mono - result.started.mono,
                trouble=result.trouble,
            ),
            environment,
        )

    def preview(self, result: RunResult, now: Moment, environment: Mapping[str, str]) -> tuple[Decision, ...]:
        """What would be decided if this round were real; nothing is kept."""
        trial = copy.copy(self)
        trial.states, trial._settled = dict(self.states), set(self._settled)
        trial.groups, trial._members = dict(self.groups), {}
        trial.failing = {name: dict(keys) for name, keys in self.failing.items()}
        trial.alert_history, trial.failure_history = deque(), deque()
        return trial.result(result, now, environment).decisions

    def trap(
        self,
        key: Key,
        status: int,
        output: str,
        now: Moment,
        environment: Mapping[str, str],
        *,
        intended: str = "",
        word: str = "",
    ) -> Step:
        """A trap.  ``output`` is its summary, two newlines, its detail (PROTOCOL §4).

        ``intended`` is ``GROUP:SERVICE`` as sent, if it went to the default watch; ``word`` is the status
        as it was sent, if that is no number.
        """
        service, state = self.services[key], self.states[key]
        traps = replace(
            state.traps,
            last=now.wall,
            due=now.later(service.traptimeout) if service.traptimeout else None,
            until=now.later(service.trapduration) if service.trapduration else state.traps.until,
        )
        self._put(key, replace(state, traps=traps))
        said = Said(AlertType.TRAP, status, output, now, intended=intended, word=word)
        return self._judge(key, said, environment)

    def trap_timers(self, now: Moment, environment: Mapping[str, str]) -> Step:
        """What no trap in time, or the end of a trap's duration, leads to.  To be asked each second."""
        step = NOTHING
        if not self.running or self._excluded(now):
            return step
        for key in self._trap_timers_due(now):
            service, traps = self.services[key], self.states[key].traps
            if service.traptimeout and traps.due and traps.due.mono <= now.mono:
                step += self._trap_timeout(key, service.traptimeout, now, environment)
            if traps.until and traps.until.mono <= now.mono:
                self._put(key, replace(self.states[key], traps=replace(self.states[key].traps, until=None)))
                step += self._turn(key, OpStatus.OK, now, "trapduration is over", environment)
            self._put_off(key)
        return step

    def _trap_timeout(self, key: Key, timeout: float, now: Moment, static: Mapping[str, str]) -> Step:
        state = self.states[key]
        self._put(key, replace(state, traps=replace(state.traps, due=now.later(timeout))))
        after = f"trap timeout after {number(timeout)}s at {time.ctime(now.wall)}"
        said = Said(AlertType.TRAPTIMEOUT, 1, f"trap timeout\n{after}\n", now)
        return self._judge(key, said, static)

    def startup(self, key: Key, now: Moment, environment: Mapping[str, str]) -> Step:
        """The daemon has started: the startupalerts."""
        return Step((key,), (), self._call(key, Event(AlertType.STARTUP, "", 0, now), environment))

    # Judging.

    def _judge(self, key: Key, said: Said, static: Mapping[str, str]) -> Step:
        self._put(key, judge.heard(self.states[key], said))
        if expression(self.services[key], "a", self.config.settings.dep_behavior):
            self._depend(key, "a", said.now)
        return self._failure(key, said, static) if said.status else self._success(key, said, static)

    def _failure(self, key: Key, said: Said, static: Mapping[str, str]) -> Step:
        before = self.states[key]
        self._put(key, judge.failing(before, said))
        self.failure_history.append(FailureEntry(*key, said.now.wall, said.summary))
        event = Event(said.type, said.output, said.status, said.now, intended=said.intended, word=said.word)
        decisions = self._call(key, event, static)
        self._put(key, judge.failed(self.states[key], said, self.services[key]))
        why = said.trouble or said.summary
        return Step((key,), change(key, before.opstatus, OpStatus.FAIL, why, said.now), decisions)

    def _success(self, key: Key, said: Said, static: Mapping[str, str]) -> Step:
        before = self.states[key]
        downtimes = (self._downtime(key, said.now),) if before.opstatus is OpStatus.FAIL else ()
        self._put(key, judge.recovering(before))
        transitions = change(key, before.opstatus, OpStatus.OK, said.summary, said.now)
        event = Event(
            AlertType.UP,
            # None: read from a classic state file, which has only the failing one.
            before.failure_output if before.last_output is None else before.last_output,
            0,
            said.now,
            intended=said.intended,
            pointless="" if downtimes else f"it was {opinion(before.opstatus)}, not failing",
        )
        if transitions:
            decisions = self._call(key, event, static)
        else:
            decisions = self._pass_on(self._scene(key, event), static)
        self._put(key, judge.well(self.states[key], said, self.services[key]))
        self._recovered(key)
        self._settle(key)
        return Step((key,), transitions, decisions, downtimes)

    def _downtime(self, key: Key, now: Moment) -> Downtime:
        state = self.states[key]
        return Downtime(
            key,
            now.wall,
            state.first_failure,
            state.failing_for(now),
            self.interval(key) or 0.0,
            state.last_summary,
        )

    # What the runner asks.

    def vote_frozen(self, key: Key, host: str) -> str:
        """Why what the service says of the host ("" for all) leaves its vote as it was, "" if it does not.

        It does while something it depends on fails, while host, service or watch are disabled, and while
        the scheduler is stopped (DESIGN §6).
        """
        if not self.running:
            return "the scheduler is stopped"
        if (key[0], host) in self._disabled.members:
            return f"the host {host} is disabled"
        if said := self._disabled.said(key):
            return said
        return next((why for kind in ("a", "m") if (why := self._dependency_fails(key, kind))), "")

    def _dependency_fails(self, key: Key, kind: str) -> str:
        text = expression(self.services[key], kind, self.config.settings.dep_behavior)
        if not text:
            return ""
        try:
            holds = self._world(self.states[key].at).holds(self.services[key], kind)
        except Unsolved as error:
            return "" if self.states[key].depstatus else f"the dependency has no value: {error}"
        return "" if holds else f"the dependency {text!r} fails"

    def monitor_hosts(self, key: Key, now: Moment) -> tuple[Host, ...]:
        """The hosts to check: not disabled, not excluded, not left out by a host dependency."""
        service = self.services[key]
        hosts = self.enabled_hosts(service.watch)
        if service.exclude_hosts:
            hosts = tuple(h for h in hosts if h.name not in service.exclude_hosts)
        if not expression(service, "hm", self.config.settings.dep_behavior):
            return hosts
        try:
            summaries = tuple(self._world(now).left_out(service))
        except Unsolved:  # set by an operator: the parser lets no such text pass
            return hosts
        return tuple(h for h in hosts if not any(mentions(summary, h.name) for summary in summaries))

    def may_run(self, key: Key, now: Moment, hosts: tuple[Host, ...] | None = None) -> str:
        """May the monitor be run now?  "" or why not.  ``hosts`` are its monitor's, if they are known.

        A monitor dependency is evaluated, and how that went is remembered (``depstatus``).
        """
        service = self.services[key]
        if service.monitor is None:
            return "it has no monitor"
        if not self.running:
            return "the scheduler is stopped"
        if self._excluded(now):
            return "it is in the global exclude_period"
        if service.exclude_period and covers(service.exclude_period, now.wall):
            return "it is in the service's exclude_period"
        depends = expression(service, "m", self.config.settings.dep_behavior)
        if depends and not self._depend(key, "m", now):
            return f"the dependency {depends!r} fails or cannot be evaluated"
        if service.allow_empty_group or not service.monitor.hosts:
            return ""
        found = self.monitor_hosts(key, now) if hosts is None else hosts
        return "" if found else "it has no hosts to check"

    def monitor_environment(self, key: Key, now: Moment) -> dict[str, str]:
        """The variables of the service's monitor, without those that say where mon's files are."""
        found = variables_of.for_monitor(self.services[key], self.states[key])
        # A state that was read from a classic file has this, empty, and classic mon passes it on.
        if "_first_success" in self.variables.get(key, {}):
            found["MON_FIRST_SUCCESS"] = self.variables[key]["_first_success"]
        return found

    def _excluded(self, now: Moment) -> bool:
        spec = self.config.settings.exclude_period
        return bool(spec) and covers(spec, now.wall)
