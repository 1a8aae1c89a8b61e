"""What the engine keeps, and how one event becomes a step: the ground under the book's commands."""

from collections import deque
from collections.abc import Collection, Container, Iterable, Mapping

from mon.engine.decide import Audience, decide, redistributed
from mon.engine.dependency import Unsolved, World, children, suppresses
from mon.engine.disabled import Disabled
from mon.engine.event import FAILURES, Event, Scene
from mon.engine.group import Group
from mon.engine.silence import Silences
from mon.engine.state import HostState, ServiceState, fresh
from mon.engine.step import AlertEntry, FailureEntry, called
from mon.engine.trapclock import TrapClock
from mon.model.config import AlertLine, Config, Host, Key, Service
from mon.model.moment import Moment
from mon.model.notice import Decision, HeldService, HostReport
from mon.model.result import OpStatus, Transition
from mon.structs import replace

HostKey = tuple[str, str, str]
"""(watch, service, host)."""


class Ledger:
    """All states and histories.  ``missing`` are the names of alerts that are not installed, ``direct`` the
    alert lines that are never collated."""

    def __init__(self, config: Config, now: Moment) -> None:
        self.config = config
        self.began = now.wall  # of the process, or of the last reset
        self.reset_at: float | None = None
        self.services: dict[Key, Service] = dict(config.services)
        self.states: dict[Key, ServiceState] = {
            key: fresh(service, now) for key, service in config.services.items()
        }
        self.host_states: dict[HostKey, HostState] = {}
        # What an operator set (``set G S VAR VALUE``), by the classic names.
        self.variables: dict[Key, dict[str, str]] = {}
        self.running = True
        self.stopped_since = 0.0
        self.missing: Collection[str] = frozenset()
        self.alert_history: deque[AlertEntry] = deque(maxlen=config.settings.histlength)
        self.failure_history: deque[FailureEntry] = deque(maxlen=config.settings.histlength)
        self.silences = Silences()
        self.direct: Container[AlertLine] = frozenset()
        self.groups: dict[str, Group] = {}
        # By group: its services that fail and were told of.  By open window: who is in it, with a failure?
        self.failing: dict[str, dict[Key, None]] = {}
        self._members: dict[str, dict[tuple[Key, str], bool]] = {}
        self._below: Mapping[Key, tuple[Key, ...]] | None = None
        self._disabled = Disabled(config)
        # Services whose next ok changes nothing but the last run (see judge.still_well).
        self._settled: set[Key] = set()
        self._trap_clock: TrapClock | None = None  # made anew when configuration or variables change

    # What is disabled.

    @property
    def disabled_members(self) -> set[tuple[str, str]]:
        """(group, host) of each host that is disabled in a group."""
        return self._disabled.members

    def groups_of(self, host: str) -> tuple[str, ...]:
        """The hostgroups that the host is a member of."""
        return self._disabled.groups_of(host)

    @property
    def disabled_hosts(self) -> set[str]:
        """The hosts that are disabled in at least one group."""
        return {host for _, host in self._disabled.members}

    @property
    def disabled_watches(self) -> set[str]:
        """The watches that call no alerts."""
        return self._disabled.watches

    @property
    def disabled_services(self) -> set[Key]:
        """The services that call no alerts."""
        return self._disabled.services

    def enabled_hosts(self, watch: str) -> tuple[Host, ...]:
        """The members of a hostgroup that are not disabled, in the order of the file."""
        off = self._disabled.members
        if not off:
            return self.config.hosts(watch)
        return tuple(host for host in self.config.hosts(watch) if (watch, host.name) not in off)

    # What the scheduler does.

    def stop(self, now: Moment) -> None:
        """Run no monitors and call no alerts from now on."""
        if self.running:
            self.running, self.stopped_since = False, now.wall

    def start(self) -> None:
        """Go on."""
        self.running, self.stopped_since = True, 0.0

    # Histories.

    @property
    def maxkeep(self) -> int:
        """How many entries each history keeps."""
        return self.alert_history.maxlen or 0

    @maxkeep.setter
    def maxkeep(self, entries: int) -> None:
        self.alert_history = deque(self.alert_history, maxlen=entries)
        self.failure_history = deque(self.failure_history, maxlen=entries)

    # One event.

    def _put(self, key: Key, state: ServiceState) -> None:
        self.states[key] = state
        self._settled.discard(key)
        self._put_off(key)

    def _settle(self, key: Key) -> None:
        service = self.services[key]
        if service.redistribute is None and not suppresses(service, self.config.settings.dep_behavior):
            self._settled.add(key)

    def _trap_timers_due(self, now: Moment) -> list[Key]:
        """The services with a trap timer that may have run out, each to be put off afterwards."""
        if self._trap_clock is None:
            self._trap_clock = TrapClock(self.states)
        return list(self._trap_clock.due(now.mono))

    def _put_off(self, key: Key) -> None:
        """Look again at the trap timers of this service when the next of them ends."""
        if self._trap_clock is not None:
            self._trap_clock.note(key, self.states[key].traps)

    def _depend(self, key: Key, kind: str, now: Moment) -> bool | None:
        """Evaluate the dependency of this kind and remember how it went; None if it has no value."""
        service = self.services[key]
        try:
            holds = self._world(now).holds(service, kind)
        except Unsolved:
            return None
        self._put(key, replace(self.states[key], depstatus=holds))
        return holds

    def _world(self, now: Moment) -> World:
        return World(self.services, self.states, self.config.settings, now)

    def _scene(self, key: Key, event: Event) -> Scene:
        service, settings, state = self.services[key], self.config.settings, self.states[key]
        suppressed = self._suppressed(key) and state.depstatus is False
        culprits = self._world(event.now).culprits(service, "a") if suppressed else ()
        names = (period.collate.group for period in service.periods if period.collate)
        unack = service.unack_summary
        return Scene(
            event,
            service,
            state,
            running=self.running,
            disabled=self._disabled.said(key),
            silenced=self.silences.said(key, event.now),
            dep_behavior=settings.dep_behavior,
            unack_summary=settings.unack_summary if unack is None else unack,
            missing=self.missing,
            culprits=culprits,
            groups={name: self.groups[name] for name in names if name in self.groups},
            direct=self.direct,
        )

    def _suppressed(self, key: Key) -> bool:
        """Do its alerts depend on something?"""
        return bool(suppresses(self.services[key], self.config.settings.dep_behavior))

    def _children(self) -> Mapping[Key, tuple[Key, ...]]:
        if self._below is None:
            self._below = children(self.services, self.config.settings.dep_behavior)
        return self._below

    def _call(self, key: Key, event: Event, static: Mapping[str, str]) -> tuple[Decision, ...]:
        """Pass the event on, then decide on the alerts of all periods; the state's counters move."""
        scene = self._scene(key, event)
        passed_on = self._pass_on(scene, static)
        decided = decide(scene, lambda: self._audience(key, static, event))
        self._put(key, decided.state)
        self._decided(key, event, decided.groups)
        self._record(decided.decisions)
        return passed_on + decided.decisions

    def _decided(self, key: Key, event: Event, groups: Mapping[str, Group]) -> None:
        """Something was put into the windows of these groups (see ``collation``)."""
        raise NotImplementedError

    def held_by(self, key: Key) -> tuple[HeldService, ...]:
        """The services that are not told of because this one fails (see ``collation``)."""
        raise NotImplementedError

    def _pass_on(self, scene: Scene, static: Mapping[str, str]) -> tuple[Decision, ...]:
        return redistributed(scene, lambda: self._audience(scene.service.key, static, scene.event))

    def _record(self, decisions: Iterable[Decision]) -> None:
        self.alert_history.extend(called(decisions))

    def _audience(self, key: Key, static: Mapping[str, str], event: Event) -> Audience:
        hosts = tuple([host.name for host in self.enabled_hosts(key[0])])
        find = self.host_states.get
        known = [(host, state) for host in hosts if (state := find((*key, host))) is not None]
        reports = tuple([HostReport(host, str(s.verdict), s.detail, s.since.wall) for host, s in known])
        held = self.held_by(key) if event.type in FAILURES else ()
        return Audience(hosts, reports, static, held)


def opinion(status: OpStatus) -> str:
    """The word for a status in transitions: ``ok``, ``fail``, ``untested`` ..."""
    return status.name.lower()


def change(key: Key, old: OpStatus, new: OpStatus, why: str, at: Moment) -> tuple[Transition, ...]:
    """The transition of a service, () if its status stays."""
    return (Transition(*key, "", opinion(old), opinion(new), why, at),) if old is not new else ()
