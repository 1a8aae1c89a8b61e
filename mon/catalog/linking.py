"""A Config to a Plan: every plugin found and bound, every vote line on its pool, everything wrong said."""

from collections.abc import Container, Iterator, Mapping

from mon.catalog.addresses import Resolve
from mon.catalog.binding import bind
from mon.catalog.catalog import Catalog
from mon.catalog.doubts import doubts
from mon.catalog.interpreter import unstartable
from mon.catalog.plan import Bound, Check, Form, Kind, Plan
from mon.catalog.pools import Pools, vote_lines
from mon.errors import BadOption, PluginBroken, PluginNotFound
from mon.model.config import AlertKind, AlertLine, CommandLine, Config, Key, Service
from mon.model.pool import Pool
from mon.model.source import NOWHERE, Problem, Severity, Source, Tolerance
from mon.plugin import VoteTarget
from mon.structs import replace

MARGIN = 1.0
"""Seconds that one of ours has after its own timeout to say so itself."""

EXECUTABLE_SECONDS = 60.0
"""The deadline of a program, unless its interval is longer."""

VOTER_SECONDS = 1.0
"""The least deadline of a program that votes: else its interval."""


def link(config: Config, catalog: Catalog, resolve: Resolve) -> Plan:
    """Find everything that ``config`` names.

    ``resolve`` gives the numeric addresses of a host name, () if it has none.  What is wrong is in
    ``Plan.problems``.  A plugin that is not found is an error, but a warning to the classic command line (the
    classic mon accepts it and never runs it); one that is broken refuses no start, since the rest can be run,
    and neither does a real server without an address.
    """
    linker = _Linker(config, catalog)
    alerts = linker.alerts()
    targets = {line: bound.target for line, bound in alerts.items() if bound.target is not None}
    voting = {service.key for service in config.services.values() if _votes(service, targets)}
    checks = {key: linker.check(service, votes=key in voting) for key, service in config.services.items()}
    pools = Pools(config, resolve)
    linked = _linked(pools, config, checks, targets)
    more = (*_floorless(config, targets), *doubts(config, checks, alerts))
    problems = (*linker.problems, *pools.problems, *more)
    return Plan(
        config=config,
        checks=checks,
        alerts=alerts,
        pools=linked,
        problems=tuple(sorted(problems, key=lambda problem: problem.source)),
        votes=frozenset(targets),
        missing=linker.missing,
    )


def pools_anew(plan: Plan, resolve: Resolve) -> tuple[Pool, ...]:
    """The pools of a plan by what the names of their servers are now; who has no address is left out."""
    targets = {line: bound.target for line, bound in plan.alerts.items() if bound.target is not None}
    return _linked(Pools(plan.config, resolve), plan.config, plan.checks, targets)


def _linked(
    pools: Pools, config: Config, checks: Mapping[Key, Check], targets: Mapping[AlertLine, VoteTarget]
) -> tuple[Pool, ...]:
    events = frozenset(key for key, check in checks.items() if check.monitor and check.monitor.plugin.follows)
    return tuple(_eventful(pool, events) for pool in pools.link(vote_lines(config, targets)))


def relinked(plan: Plan, catalog: Catalog, service: Service) -> tuple[Check, tuple[Problem, ...]]:
    """One service of a plan with another monitor than mon.cf gives it, and what is wrong with that."""
    linker = _Linker(plan.config, catalog)
    check = linker.check(service, votes=plan.checks[service.key].votes)
    return check, tuple(linker.problems)


def _floorless(config: Config, votes: Container[AlertLine]) -> Iterator[Problem]:
    """Lines ``flooralert`` of periods that vote on no pool: there is no floor to tell of."""
    for service in config.services.values():
        for period in service.periods:
            lines = period.of_kind(AlertKind.FLOORALERT)
            if lines and not any(line in votes for line in period.lines):
                what = f"{lines[0].command.plugin} is never called: the period votes on no pool"
                remedy = "write flooralert beside the voting alert"
                yield Problem(lines[0].source, what, remedy, Severity.WARNING)


def _eventful(pool: Pool, events: Container[Key]) -> Pool:
    """The pool with voters that are event monitors as such: they have no rounds to count intervals by."""
    voters = (
        replace(voter, interval=0.0) if (voter.watch, voter.service) in events else voter
        for voter in pool.voters
    )
    return replace(pool, voters=tuple(voters))


def _votes(service: Service, targets: Container[AlertLine]) -> bool:
    lines = (line for period in service.periods for line in period.of_kind(AlertKind.ALERT))
    return any(line in targets for line in lines)


class _Linker:
    """Binds command lines; of two equal ones the second is free."""

    def __init__(self, config: Config, catalog: Catalog) -> None:
        self._config = config
        self._catalog = catalog
        self._bound: dict[tuple[Kind, CommandLine], Bound | None] = {}
        self.problems: list[Problem] = []

    @property
    def missing(self) -> frozenset[str]:
        """The names of alerts that were looked for in vain."""
        unbound = (key for key, bound in self._bound.items() if bound is None)
        return frozenset(command.plugin for kind, command in unbound if kind is Kind.ALERT)

    def alerts(self) -> dict[AlertLine, Bound]:
        """Every alert line whose plugin was found; a redistribute line stands as an alert and an upalert."""
        found = {}
        for line in _alert_lines(self._config):
            bound = self._bind(Kind.ALERT, line.command, line.source)
            if bound is not None:
                found[line] = bound
        return found

    def check(self, service: Service, *, votes: bool) -> Check:
        """The service with its monitor bound and its deadline settled."""
        bound = None
        if service.monitor is not None:
            bound = self._bind(Kind.MONITOR, service.monitor, service.source)
        if bound is not None and votes and bound.plugin.voting is not None:
            bound = replace(bound, options={**bound.plugin.voting(bound.values), **bound.options})
        timeout = deadline(service, bound, votes=votes)
        return Check(service, bound, self._config.hosts(service.watch), timeout, votes)

    def _bind(self, kind: Kind, command: CommandLine, where: Source) -> Bound | None:
        key = (kind, command)
        if key not in self._bound:
            say = _Saying(self.problems, command.source if command.source != NOWHERE else where)
            self._bound[key] = self._try(kind, command, say)
        return self._bound[key]

    def _try(self, kind: Kind, command: CommandLine, say: "_Saying") -> Bound | None:
        if not command.words:
            say.warning(f"no {kind} is named: write its name behind the word {kind}")
            return None
        try:
            plugin = self._catalog.find(kind, command.plugin)
        except PluginNotFound as error:
            say.error(str(error), Tolerance.CLASSIC)
            return None
        except PluginBroken as error:
            say.error(f"{command.plugin} cannot be used ({error}): mend the file", Tolerance.START)
            return None
        if plugin.form is Form.EXECUTABLE and (why := unstartable(plugin.path)):
            say.warning(f"{command.plugin} cannot be started: {why}")
        if command.runas and plugin.form is Form.NATIVE:
            runas = f"runas={command.runas} means nothing for {command.plugin}"
            say.warning(f"{runas}, which runs in the daemon: leave it out")
        try:
            bound = bind(plugin, command)
        except BadOption as error:
            say.error(f"{command.plugin}: {error}")
            return None
        for warning in bound.warnings:
            say.warning(f"{command.plugin}: {warning}")
        if bound.extra and command.hosts:
            more = f"{command.plugin} takes {' '.join(bound.extra)} for more hosts to check"
            say.warning(f"{more}: end the line with ;; if only they are meant")
        if _idle(kind, bound):
            say.warning(f"{command.plugin} is given no host, so it checks nothing: leave ;; out")
        return bound


class _Saying:
    """Notes what is wrong at one place: what, a colon, what to do."""

    def __init__(self, problems: list[Problem], where: Source) -> None:
        self._problems = problems
        self._where = where

    def error(self, text: str, tolerated: Tolerance = Tolerance.NONE) -> None:
        self._note(text, Severity.ERROR, tolerated)

    def warning(self, text: str) -> None:
        self._note(text, Severity.WARNING, Tolerance.NONE)

    def _note(self, text: str, severity: Severity, tolerated: Tolerance) -> None:
        what, _, remedy = text.rpartition(": ")
        self._problems.append(Problem(self._where, what, remedy, severity, tolerated))


def _idle(kind: Kind, bound: Bound) -> bool:
    """Does the line leave out the hosts of a monitor that is called for each host?"""
    called = kind is Kind.MONITOR and bound.plugin.form is not Form.EXECUTABLE
    return called and not bound.command.hosts and not bound.extra


def _alert_lines(config: Config) -> Iterator[AlertLine]:
    if config.settings.deadman is not None:
        yield config.settings.deadman.line
    for service in config.services.values():
        for period in service.periods:
            for line in period.lines:
                yield from line.chain
        if service.redistribute is not None:
            for kind in AlertKind:
                yield AlertLine(kind, service.redistribute, source=service.redistribute.source)


def deadline(service: Service, bound: Bound | None, *, votes: bool) -> float:
    """Seconds until a run of this service is ended: its ``timeout`` line, else what its plugin needs."""
    if service.timeout is not None:
        return service.timeout
    if bound is not None and bound.plugin.form is not Form.EXECUTABLE:
        needed = _needed(bound)
        if needed is not None:
            return needed + MARGIN
    interval = service.interval or 0.0
    return max(interval, VOTER_SECONDS if votes else EXECUTABLE_SECONDS)


def _needed(bound: Bound) -> float | None:
    """What one of ours (or an operator's Python) says it may take; None if it does not say."""
    if bound.plugin.deadline is not None:
        return bound.plugin.deadline(bound.values)
    own = bound.value("timeout")
    return float(own) if isinstance(own, int | float) else None
