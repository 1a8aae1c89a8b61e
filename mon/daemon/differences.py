"""What a reload finds different, in lines, by the names of the directives.

The names come from the tables of ``mon.config``: a directive with a row there is told of here.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeVar

from mon.config.directives import DEPENDENCIES, GLOBALS, PERIOD, RESTART, SERVICE, VIRTUAL, Row
from mon.config.virtuals import REAL_OPTIONS
from mon.daemon.loading import Loaded
from mon.engine import Changes
from mon.model.config import AlertKind, Config, Host, Hostgroup, Period, Service, Settings
from mon.model.pool import Pool, Real, Virtual, endpoint

NEEDS_RESTART = "needs a restart"

Value = TypeVar("Value")


def _words(rows: Mapping[str, Row], *elsewhere: str) -> dict[str, str]:
    """The names of directives by field, but for the fields that are looked into more closely."""
    return {row.field: word for word, row in rows.items() if row.field not in elsewhere}


OF_SERVICE = _words(SERVICE)
OF_DEPENDENCIES = _words(DEPENDENCIES)
OF_PERIOD = {**_words(PERIOD, "lines"), "spec": "hours"}
OF_VIRTUAL = {
    **dict.fromkeys(("address", "port", "protocol", "fwmark", "family6"), "address"),
    **_words(VIRTUAL, "reals"),
    "netmask": "persistent",
}
OF_REAL = {field: word for word, field in REAL_OPTIONS.items()}
LIVE_GLOBALS = {row.field: word for word, row in GLOBALS.items() if row.takes is not RESTART}
RESTART_GLOBALS = {row.field: word for word, row in GLOBALS.items() if row.takes is RESTART}


def differences(before: Loaded, after: Loaded, changes: Changes) -> tuple[str, ...]:
    """All that is different, and what of it needs a restart; () if nothing is."""
    old, new = before.plan.config, after.plan.config
    return (
        *_services(old, new, changes),
        *_hostgroups(old, new, changes),
        *_pools(before, after),
        *_named("view", old.views, new.views),
        *_named("alias", old.aliases, new.aliases),
        *(f"changed {word}" for word in fields(old.settings, new.settings, LIVE_GLOBALS)),
        *_named("file", before.files, after.files),
        *_waiting(after),
    )


def held(settings: Settings) -> dict[str, object]:
    """The settings that only a restart changes, as they are in force."""
    return {field: getattr(settings, field) for field in RESTART_GLOBALS}


def fields(old: object, new: object, words: Mapping[str, str]) -> list[str]:
    """The names of the directives whose values differ."""
    found = (word for field, word in words.items() if getattr(old, field) != getattr(new, field))
    return list(dict.fromkeys(found))


def _waiting(after: Loaded) -> Iterator[str]:
    words = fields(after.plan.config.settings, after.asked, RESTART_GLOBALS)
    if words:
        yield f"{NEEDS_RESTART}: {', '.join(words)}"


def _services(old: Config, new: Config, changes: Changes) -> Iterator[str]:
    yield from (f"added {'/'.join(key)}" for key in changes.added)
    yield from (f"removed {'/'.join(key)}" for key in changes.removed)
    for key in changes.changed:
        yield f"changed {'/'.join(key)}: {', '.join(_of_service(old.services[key], new.services[key]))}"


def _of_service(old: Service, new: Service) -> Iterator[str]:
    yield from fields(old, new, OF_SERVICE)
    yield from fields(old.dependencies, new.dependencies, OF_DEPENDENCIES)
    variables = dict(old.variables), dict(new.variables)
    yield from _different(*variables)
    yield from _periods(
        {period.key: period for period in old.periods}, {period.key: period for period in new.periods}
    )


def _periods(old: Mapping[str, Period], new: Mapping[str, Period]) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        name = f"period {key}".rstrip()
        if key not in old or key not in new:
            yield f"{name} {'removed' if key in old else 'added'}"
        elif old[key] != new[key]:
            kinds = (kind for kind in AlertKind if old[key].of_kind(kind) != new[key].of_kind(kind))
            words = [*fields(old[key], new[key], OF_PERIOD), *kinds] or ["order of alerts"]
            yield f"{name} ({', '.join(words)})"
    if list(old) != list(new) and set(old) == set(new):
        yield "order of periods"


def _hostgroups(old: Config, new: Config, changes: Changes) -> Iterator[str]:
    told = {watch for watch, _ in (*changes.added, *changes.removed)}
    for name in dict.fromkeys((*old.hostgroups, *new.hostgroups)):
        before, after = old.hostgroups.get(name), new.hostgroups.get(name)
        if before is after or before == after:
            continue
        if before is not None and after is not None:
            yield f"hostgroup {name}: {', '.join(_of_hostgroup(before, after))}"
        elif name not in told:
            yield f"{'added' if before is None else 'removed'} hostgroup {name}"


def _of_hostgroup(old: Hostgroup, new: Hostgroup) -> Iterator[str]:
    before, after = _by_name(old.hosts), _by_name(new.hosts)
    yield from (f"{name} added" for name in after if name not in before)
    yield from (f"{name} removed" for name in before if name not in after)
    yield from (f"{name} at another address" for name in _changed(before, after))
    yield from (f"{name} disabled" for name in sorted(new.disabled - old.disabled))
    yield from (f"{name} not disabled" for name in sorted(old.disabled - new.disabled) if name in after)
    if sorted(before) == sorted(after) and [host.name for host in old.hosts] != [
        host.name for host in new.hosts
    ]:
        yield "order of hosts"


def _by_name(hosts: Iterable[Host]) -> dict[str, Host]:
    return {host.name: host for host in hosts}


def _pools(before: Loaded, after: Loaded) -> Iterator[str]:
    old, new = before.plan.config.virtuals, after.plan.config.virtuals
    linked, relinked = _linked(before), _linked(after)
    for name in dict.fromkeys((*linked, *relinked)):
        if name not in linked or name not in relinked:
            yield f"{'removed' if name in linked else 'added'} pool {name}"
            continue
        written = (old[name], new[name]) if name in old and name in new else ()
        if linked[name] == relinked[name] and written[:1] == written[1:]:
            continue
        lines = [*_of_virtual(*written)] if written else []
        lines += _of_pool(linked[name], relinked[name])
        yield from (f"pool {name}: {line}" for line in lines or ["changed votes"])


def _linked(loaded: Loaded) -> dict[str, Pool]:
    return {pool.name: pool for pool in loaded.plan.pools}


def _of_virtual(old: Virtual, new: Virtual) -> Iterator[str]:
    yield from (f"changed {word}" for word in fields(old, new, OF_VIRTUAL))
    before, after = _by_place(old), _by_place(new)
    yield from (f"added real {place}" for place in after if place not in before)
    yield from (f"removed real {place}" for place in before if place not in after)
    for place in _changed(before, after):
        words = (
            _value(word, before[place], after[place]) for word in fields(before[place], after[place], OF_REAL)
        )
        yield f"real {place}: {', '.join(words)}"
    if sorted(before) == sorted(after) and list(before) != list(after):
        yield "order of real servers"


def _by_place(virtual: Virtual) -> dict[str, Real]:
    return {endpoint(real.host, real.port or virtual.port): real for real in virtual.reals}


def _value(word: str, old: Real, new: Real) -> str:
    return f"weight {old.weight} -> {new.weight}" if word == "weight" else word


def _of_pool(old: Pool, new: Pool) -> Iterator[str]:
    """Servers whose name means another address now; of a pool that alert lines make, whatever differs."""
    before, after = ({member.name: member for member in pool.members} for pool in (old, new))
    for name in before.keys() & after.keys():
        if before[name].id.address != after[name].id.address:
            yield f"{name} is at {after[name].id.address}, was at {before[name].id.address}"
    if old.partial or new.partial:
        yield from (f"added real {name}" for name in after if name not in before)
        yield from (f"removed real {name}" for name in before if name not in after)
        yield from (f"changed real {name}" for name in _changed(before, after))


def _named(kind: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if name not in old or name not in new:
            yield f"{'removed' if name in old else 'added'} {kind} {name}"
        elif old[name] != new[name]:
            yield f"changed {kind} {name}"


def _different(old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[str]:
    return (name for name in dict.fromkeys(chain(old, new)) if old.get(name) != new.get(name))


def _changed(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[str]:
    return [name for name in old if name in new and old[name] != new[name]]
