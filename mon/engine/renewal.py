"""How states outlive their configuration and their process: reload, reset, save, restore."""

from collections.abc import Iterable, Mapping

from mon.engine.ledger import HostKey
from mon.engine.operator import OperatorsBook
from mon.engine.state import HostState, ServiceState, adapted, carried_over, fresh, host_carried_over
from mon.engine.step import Changes
from mon.engine.variables import SERVICE
from mon.model.config import Config, Key
from mon.model.moment import Moment
from mon.structs import replace


class RenewableBook(OperatorsBook):
    """States that can be taken over by another configuration, or by another process."""

    def reload(self, config: Config, now: Moment, changes: Changes | None = None) -> Changes:
        """Take a new configuration; what it keeps keeps its state (law 8).

        Costs what is changed, not what is there, when ``changes`` (as ``compared`` finds them) are given.
        """
        if changes is None:
            changes = compared(self.config, config)
        settled = set(self._settled) if config.settings == self.config.settings else set()
        self._take(config, services_disabled=True)
        for key in changes.removed:
            self.states.pop(key, None)
        for key in (*changes.added, *changes.changed):
            service, state = self.services[key], self.states.get(key)
            self.states[key] = adapted(state, service, now) if state else fresh(service, now)
        for key in (*changes.removed, *changes.changed):
            self.variables.pop(key, None)
            settled.discard(key)
        self._settled = settled
        self._set_again(now)
        if changes.removed:
            self.host_states = {k: s for k, s in self.host_states.items() if k[:2] in self.services}
        self._regroup()
        return changes

    def reset(self, config: Config, now: Moment, *, keepstate: bool = False) -> Changes:
        """Classic ``reset``: all services anew, unless ``keepstate``.

        Disabled hosts and watches stay so; histories, their length unless the file gives it, and a stopped
        scheduler stay too (PROTOCOL §12).
        """
        maxkeep, self.began, self.reset_at = self.maxkeep, now.wall, now.wall
        changes = self.reload(config, now)
        self._settled.clear()
        if "histlength" not in config.settings.given:
            self.maxkeep = maxkeep
        if keepstate:  # what an operator has set is gone, but for what is state
            self.services = dict(config.services)
            kept = {key: _of_state(words) for key, words in self.variables.items()}
            self.variables = {key: words for key, words in kept.items() if words}
            self._as_loaded(key for key in self.services if key not in changes.added)
        else:
            self._take(config, services_disabled=False)
            self.states = {key: fresh(service, now) for key, service in self.services.items()}
            self.host_states, self.variables = {}, {}
            self._regroup()
        return changes

    def _as_loaded(self, keys: Iterable[Key]) -> None:
        """As if they came from the classic state file, which has an empty first_success and no duration."""
        for key in keys:
            run = self.states[key].run
            self.states[key] = replace(self.states[key], run=replace(run, duration=-1.0))
            self.variables.setdefault(key, {})["_first_success"] = ""

    def _take(self, config: Config, *, services_disabled: bool) -> None:
        if config.settings.histlength != self.config.settings.histlength:
            self.maxkeep = config.settings.histlength
        self._disabled = self._disabled.under(config, services=services_disabled)
        self.config, self.services = config, dict(config.services)
        self._settled.clear()
        self._trap_clock = self._below = None

    def _set_again(self, now: Moment) -> None:
        for key, words in self.variables.items():
            for name, value in words.items():
                if name in SERVICE:
                    self.services[key] = SERVICE[name].set(self.services[key], value, now)

    def snapshot(self, key: Key) -> ServiceState:
        """What is to be saved of a service."""
        return self.states[key]

    def restore(
        self,
        states: Mapping[Key, ServiceState],
        saved_at: float,
        now: Moment,
        hosts: Mapping[HostKey, HostState] | None = None,
    ) -> None:
        """Take states that were saved at wall time ``saved_at``; those of unknown services are dropped."""
        for key, state in states.items():
            if key in self.services:
                self._put(key, adapted(carried_over(state, saved_at, now), self.services[key], now))
        for host, opinion_on in (hosts or {}).items():
            if host[:2] in self.services:
                self.host_states[host] = host_carried_over(opinion_on, saved_at, now)


def compared(before: Config, after: Config) -> Changes:
    """What differs between two configurations: pure, so that a thread may look.

    What they share is the same without a look into it.
    """
    old, new = before.services, after.services
    both = [(key, old[key] is new[key] or old[key] == new[key]) for key in new if key in old]
    return Changes(
        added=tuple(key for key in new if key not in old),
        removed=tuple(key for key in old if key not in new),
        changed=tuple(key for key, same in both if not same),
        kept=tuple(key for key, same in both if same),
    )


def _of_state(words: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in words.items() if name.startswith("_")}
