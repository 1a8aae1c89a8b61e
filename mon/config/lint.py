"""Warnings: what the classic mon swallows silently, and users meant otherwise."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from mon import depend
from mon.config.directives import ALERTGROUP, DEPENDENCIES, PERIOD, SERVICE, VIRTUAL, WITHOUT_EFFECT
from mon.config.drafts import MembersDraft, Sheet
from mon.config.members import odd_members
from mon.config.suggest import suggest
from mon.model.config import CommandLine, Config, Dependencies, Service
from mon.model.pool import Real, Virtual
from mon.model.source import Problem, Severity, Source, Tolerance

_RECORDS = ("hostgroup", "watch", "view", "alias", "virtual", "alertgroup", "include", "messages")
_OF_A_WATCH = {"service", "period", *SERVICE, *DEPENDENCIES, *PERIOD}


def lint(config: Config, sheet: Sheet, found: Iterable[Problem] = ()) -> Iterator[Problem]:
    """Everything that is doubtful in a configuration, though each line of it can be read.

    ``found`` is what is wrong with single lines: what a record seems to lack may be what such a line says.
    """
    for rule in _RULES:
        yield from rule(config, sheet)
    cut_off = _cut_off(sheet, found)
    for rule in _LACKS:
        yield from (problem for problem in rule(config, sheet) if problem.source not in cut_off)


def _cut_off(sheet: Sheet, found: Iterable[Problem]) -> set[Source]:
    """The beginnings of records, services and periods with an error in a line of their own."""
    errors = [problem.source for problem in found if problem.severity is Severity.ERROR]
    starts = sorted(sheet.starts) if errors else []
    before = [starts[at - 1] for source in errors if (at := bisect_right(starts, source))]
    return {*before, *errors}


def _warning(source: Source, what: str, remedy: str) -> Problem:
    return Problem(source, what, remedy, Severity.WARNING)


def _lost(source: Source, what: str, remedy: str) -> Problem:
    """An error: what is written there has no effect.  The classic mon takes it."""
    return Problem(source, what, remedy, tolerated=Tolerance.CLASSIC)


def unwatched(config: Config, file: str) -> Iterator[Problem]:
    """A file without errors that has no service which is ever checked or trapped."""
    if not any(_is_watched(service) for service in config.services.values()):
        remedy = "write 'watch GROUP', 'service NAME', 'interval 30s' and 'monitor NAME'"
        yield _lost(Source(file), "nothing is watched", remedy)


def _stray_lines(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for run in sheet.strays:
        (source, text), more = run[0], len(run) - 1
        what = f"'{text}' stands outside of any record and is ignored"
        if more:
            what += f", with {more} line{'s' if more > 1 else ''} behind it"
        yield _lost(source, what, _remedy_of_stray(text.split()[0]))


def _remedy_of_stray(word: str) -> str:
    for record, directives in (("watch", _OF_A_WATCH), ("virtual", VIRTUAL), ("alertgroup", ALERTGROUP)):
        if word in directives:
            return f"delete the empty line before it, or write '{record} NAME' above it"
    if word in _RECORDS:
        return f"write a name behind {word}, and what else belongs to it"
    return suggest(word, _RECORDS) or "delete it, or comment it out with #"


def _swallowed_records(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for draft in _member_records(sheet):
        for source, text in draft.swallowed[:1]:
            what = f"'{text}' is read as members of {draft.kind} '{draft.name}'"
            yield _lost(source, what, "put an empty line before it")


def _member_records(sheet: Sheet) -> Iterable[MembersDraft]:
    return (*sheet.hostgroups.values(), *sheet.views.values(), *sheet.aliases.values())


def _comments_in_lines(config: Config, sheet: Sheet) -> Iterator[Problem]:
    remedy = "put the comment on a line of its own"
    for draft in (*sheet.hostgroups.values(), *sheet.views.values()):
        if any(member.startswith("#") for member in draft.members):
            what = f"'#' is a member of {draft.kind} '{draft.name}', not the beginning of a comment"
            yield _warning(draft.source, what, remedy)
    for command in _commands(config):
        if "#" in command.words:
            yield _warning(command.source, f"'#' is an argument of {command.plugin}", remedy)


def _commands(config: Config) -> Iterator[CommandLine]:
    for service in config.services.values():
        yield from (command for command in (service.monitor, service.redistribute) if command)
        lines = (line for period in service.periods for line in period.lines)
        yield from (each.command for line in lines for each in line.chain)


def _groups_without_watch(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for name, draft in sheet.hostgroups.items():
        if name not in sheet.watches and name not in config.unread:
            yield _warning(
                draft.source, f"hostgroup '{name}' has no watch", f"write 'watch {name}', or delete it"
            )


def _watches_without_group(config: Config, sheet: Sheet) -> Iterator[Problem]:
    """What only traps speak of needs no hosts."""
    checked = {service.watch for service in config.services.values() if service.monitor}
    for name, source in sheet.groupless.items():
        if name in checked or name not in config.watches:
            remedy = f"write 'hostgroup {name} HOST...' above it, or it has one host, '{name}'"
            yield _warning(source, f"watch '{name}' has no hostgroup before it", remedy)


def _watches_without_service(config: Config, sheet: Sheet) -> Iterator[Problem]:
    named = frozenset(config.watches)
    for name, watch in sheet.watches.items():
        if name not in named:
            remedy = "write 'service NAME' behind it, without an empty line between"
            yield _lost(watch.source, f"watch '{name}' has no service", remedy)


def _trapped(service: Service) -> bool:
    return bool(service.traptimeout or service.trapduration) or service.key == ("default", "default")


def _is_watched(service: Service) -> bool:
    return bool(service.monitor and service.interval) or _trapped(service)


def _idle_services(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for service in config.services.values():
        trapped = _trapped(service)
        if service.monitor is None and service.interval:
            lack, remedy = "has no monitor and", "write 'monitor NAME'"
        elif service.monitor and service.interval is None:
            lack, remedy = "has no interval and", "write 'interval 30s'"
        elif service.monitor is None and not trapped:
            lack, remedy = "has no monitor and", "write 'interval' and 'monitor', or 'traptimeout'"
        else:
            continue
        name = f"service '{service.name}' of watch '{service.watch}'"
        yield _warning(service.source, f"{name} {lack} is never checked", remedy)


def _hostless_services(config: Config, sheet: Sheet) -> Iterator[Problem]:
    empty = {name for name, group in config.hostgroups.items() if not group.hosts}
    for service in config.services.values():
        wants = service.monitor and service.monitor.hosts and not service.allow_empty_group
        if wants and service.watch in empty - config.unread:
            what = f"hostgroup '{service.watch}' has no hosts, so service '{service.name}' is never checked"
            yield _warning(service.source, what, "write the hosts behind its name, or 'allow_empty_group'")


def _silent_periods(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for service in config.services.values():
        for period in service.periods:
            if not period.lines:
                yield _warning(period.source, "the period has no alert", "write 'alert NAME', or delete it")


def _unknown_alertgroups(config: Config, sheet: Sheet) -> Iterator[Problem]:
    named = [(period, period.fields.get("collate")) for period in sheet.collating]
    for period, name in named:
        if isinstance(name, str) and name not in sheet.alertgroups and name not in config.unread:
            remedy = suggest(name, sheet.alertgroups) or "define it, or write a time like 30s"
            yield Problem(period.source, f"there is no alertgroup '{name}'", remedy)
    for group in sheet.alertgroups.values():
        if all(group.name != name for _, name in named):
            what = f"no period names alertgroup '{group.name}'"
            yield _warning(group.source, what, f"write 'collate {group.name}' in the periods, or delete it")


def _excluded_strangers(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for service in config.services.values():
        if not service.exclude_hosts:
            continue
        known = [host.name for host in config.hosts(service.watch)]
        for name in service.exclude_hosts:
            if name not in known:
                remedy = suggest(name, known) or "delete it from exclude_hosts"
                yield _warning(service.source, f"'{name}' is no host of hostgroup '{service.watch}'", remedy)


def _unknown_dependencies(config: Config, sheet: Sheet) -> Iterator[Problem]:
    names = {f"{watch}:{service}" for watch, service in config.services}
    for service in config.services.values():
        for name in _needed(service):
            if name not in names:
                what = (
                    f"service '{service.name}' depends on '{name}', which is not defined and counts as failed"
                )
                yield _warning(service.source, what, suggest(name, names) or "correct the name, or define it")


_NONE = Dependencies()
_HELD_BY = {"a": "its alerts are never sent", "m": "it is never checked"}


def _endless_dependencies(config: Config, sheet: Sheet) -> Iterator[Problem]:
    if not any(service.dependencies != _NONE for service in config.services.values()):
        return
    from mon.engine.dependency import endless  # the whole engine: `mon status` reads mon.cf, too

    for kind, effect in _HELD_BY.items():
        for key in sorted(endless(config.services, config.settings, kind)):
            service = config.services[key]
            what = f"what service '{service.name}' depends on has no end, so {effect}"
            remedy = (
                "nothing may depend on itself, also through others, nor on more levels than dep_recur_limit"
            )
            yield _warning(service.source, what, remedy)


def _needed(service: Service) -> Iterator[str]:
    needs = service.dependencies
    for text in filter(None, (needs.depend, needs.alertdepend, needs.monitordepend, needs.hostdepend)):
        for name in depend.compiled(text).names:
            group, _, rest = name.partition(":")
            yield f"{service.watch}:{rest}" if group == "SELF" else name


def _unprotected_virtuals(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for virtual in config.virtuals.values():
        if not virtual.reals:
            yield _warning(
                virtual.source, f"virtual '{virtual.name}' has no real server", "write 'real HOST'"
            )
        elif virtual.floor is None and len(virtual.reals) > 1:
            what = f"virtual '{virtual.name}' has no floor: failing checks may take out all of its servers"
            yield _warning(virtual.source, what, "write 'floor 50%', or what you can do with")
        for real in virtual.reals if virtual.slowstart else ():
            if real.weight == 1:
                what = f"'{real.host}' has weight 1 and cannot start slowly: there is nothing below"
                yield _warning(real.source, what, "give the servers weights of 10 or more")
        for real in virtual.reals:
            bounds = real.bounds or virtual.bounds
            if bounds is not None and bounds.high.share and real.weight == 1:
                what = f"'{real.host}' has weight 1, and no share of it is less"
                yield _warning(real.source, what, "give the servers weights of 10 or more")


def _pools_of_nobody(config: Config, sheet: Sheet) -> Iterator[Problem]:
    """The floor counts servers with a weight above 0 in mon.cf (decision 008)."""
    for virtual in config.virtuals.values():
        servers = sum(real.weight > 0 for real in virtual.reals)
        if virtual.reals and not servers:
            what = f"virtual '{virtual.name}': the weight of every real server is 0, so none of them serves"
            yield _warning(virtual.source, what, "give them weights above 0")
        elif virtual.floor is not None and (count := virtual.floor.count or 0) > servers:
            what = f"virtual '{virtual.name}': a floor of {count} with {servers} real servers is never kept"
            yield _warning(virtual.source, what, "write a smaller number")


def _members_twice(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for group in config.hostgroups.values():
        twice = [name for name, times in Counter(host.name for host in group.hosts).items() if times > 1]
        if twice:
            what = f"'{twice[0]}' is a member of hostgroup '{group.name}' more than once"
            yield _warning(group.source, what, "write it once")


LOGINS = ("getpwnam", "userfile", "shadow", "pam", "trustlocal")


def _unknown_logins(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for name in config.settings.authtype:
        if name not in LOGINS:
            remedy = suggest(name, LOGINS) or f"write {', '.join(LOGINS[:-1])} or {LOGINS[-1]}"
            yield _warning(sheet.given["authtype"], f"authtype: nobody can log in by '{name}'", remedy)


def _quorums_never_reached(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for virtual in config.virtuals.values():
        servers = sum(real.weight > 0 for real in virtual.reals)
        if virtual.quorum is not None and virtual.quorum.count + virtual.quorum.hysteresis > servers:
            what = (
                f"virtual '{virtual.name}': quorum {virtual.quorum} is never reached with {servers} servers"
            )
            yield _warning(virtual.source, what, "write a smaller number")


def _same_twice(config: Config, sheet: Sheet) -> Iterator[Problem]:
    """The balancer knows a virtual service by its address, a real server by its host and port."""
    remedy = "delete one of them, or give it another address or port"
    seen: dict[object, Virtual] = {}
    for virtual in config.virtuals.values():
        identity = (virtual.address, virtual.port, virtual.protocol, virtual.fwmark, virtual.family6)
        known = virtual.address or virtual.fwmark is not None  # else its first line could not be read
        if known and (before := seen.setdefault(identity, virtual)) is not virtual:
            yield Problem(virtual.source, f"virtual '{virtual.name}' is the same as '{before.name}'", remedy)
        reals: dict[object, Real] = {}
        for real in virtual.reals:
            if reals.setdefault((real.host, real.port), real) is not real:
                yield Problem(real.source, f"real '{real.host}' is there twice", remedy)


def _hosts_with_address(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for group in config.hostgroups.values():
        for host in filter(lambda host: host.address, group.hosts):
            what = f"the classic mon takes '{host.name}={host.address}' for the name of a host"
            yield Problem(
                group.source, what, "write the name only, with its address in DNS", Severity.CLASSIC
            )
            break


def _without_effect(config: Config, sheet: Sheet) -> Iterator[Problem]:
    for word, source in sheet.used.items():
        yield _warning(source, f"'{word}' has no effect yet", WITHOUT_EFFECT[word])


_Rule = Callable[[Config, Sheet], Iterator[Problem]]

_LACKS: tuple[_Rule, ...] = (
    _groups_without_watch,
    _watches_without_service,
    _idle_services,
    _hostless_services,
    _silent_periods,
    _unprotected_virtuals,
    _pools_of_nobody,
    _quorums_never_reached,
)
"""Rules about what is missing."""

_RULES: tuple[_Rule, ...] = (
    _stray_lines,
    _swallowed_records,
    _comments_in_lines,
    _unknown_alertgroups,
    _watches_without_group,
    _excluded_strangers,
    _unknown_dependencies,
    _endless_dependencies,
    _same_twice,
    _members_twice,
    odd_members,
    _unknown_logins,
    _hosts_with_address,
    _without_effect,
)
