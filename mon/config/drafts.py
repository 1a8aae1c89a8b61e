"""What is being read, before it is whole: records as they grow line by line."""

import re
from collections.abc import Mapping
from typing import Any

from mon.model.config import (
    AlertLine,
    Collate,
    Config,
    Dependencies,
    Host,
    Hostgroup,
    Period,
    Service,
    Settings,
)
from mon.model.pool import Virtual
from mon.model.source import Source
from mon.structs import Struct, field

_ADDRESSED = re.compile(r"([\w.-]+)=([\w.:%-]+)")

Fields = dict[str, Any]
"""Converted values by the name of the field they go to.  The tables of `directives` pair them rightly."""


USUAL_WINDOW = 30.0
"""Seconds that an alertgroup collects if it does not say."""


NOBODY: frozenset[str] = frozenset()
INDEPENDENT = Dependencies()
"""Of ten thousand services nearly all are like this: one value for all of them."""


class AlertgroupDraft(Struct):
    """What the periods that name it have in common."""

    name: str
    source: Source
    fields: Fields = field(default_factory=dict)


class PeriodDraft(Struct):
    """A period of a service."""

    label: str
    spec: str
    source: Source
    fields: Fields = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What may be there only once in a service."""
        return self.label or self.spec

    def finish(self, groups: Mapping[str, AlertgroupDraft]) -> Period:
        """The period as it was written; what it says itself goes before what its group says."""
        word = self.fields.get("collate")
        group = groups.get(word) if isinstance(word, str) else None
        fields = {**(group.fields if group else {}), **self.fields}
        lines: list[AlertLine] = [
            *(group.fields.get("lines", ()) if group else ()),
            *self.fields.get("lines", ()),
        ]
        fields["lines"], fields["collate"] = tuple(lines), None
        if group:
            fields["collate"] = Collate(group.fields.get("collate", USUAL_WINDOW), group.name)
        elif isinstance(word, float):
            commands = dict.fromkeys(line.command.text for line in lines)
            fields["collate"] = Collate(word, f"to {', '.join(commands)}")
        return Period(self.label, self.spec, **fields, source=self.source)


class ServiceDraft(Struct):
    """A service of a watch."""

    watch: str
    name: str
    source: Source
    fields: Fields = field(default_factory=dict)
    dependencies: Fields = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    periods: list[PeriodDraft] = field(default_factory=list)

    def finish(self, groups: Mapping[str, AlertgroupDraft]) -> Service:
        """The service as it was written."""
        return Service(
            self.watch,
            self.name,
            **self.fields,
            variables=tuple(self.variables.items()),
            dependencies=Dependencies(**self.dependencies) if self.dependencies else INDEPENDENT,
            periods=tuple(period.finish(groups) for period in self.periods),
            source=self.source,
        )


class WatchDraft(Struct):
    """A watch: its services in the order of the file."""

    name: str
    source: Source
    services: dict[str, ServiceDraft] = field(default_factory=dict)


class MembersDraft(Struct):
    """A hostgroup, view or alias: a name and what belongs to it.

    ``swallowed`` are lines among the members that look like the start of another record.
    """

    kind: str
    name: str
    source: Source
    members: list[str] = field(default_factory=list)
    swallowed: list[tuple[Source, str]] = field(default_factory=list)

    def hostgroup(self) -> Hostgroup:
        """The members as hosts: ``*name`` starts out disabled, ``name=address`` has its address."""
        hosts = tuple(host(member.removeprefix("*") or member) for member in self.members)
        starred = (name.name for name, member in zip(hosts, self.members, strict=True) if member[0] == "*")
        return Hostgroup(self.name, hosts, frozenset(starred) or NOBODY, self.source)


def host(member: str) -> Host:
    """``name=address`` where both look like that, else a name (members may be paths or URLs too)."""
    match = _ADDRESSED.fullmatch(member)
    return Host(match[1], match[2]) if match else Host(member)


class VirtualDraft(Struct):
    """A virtual service."""

    name: str
    source: Source
    fields: Fields = field(default_factory=dict)

    def finish(self) -> Virtual:
        """The virtual service as it was written."""
        fields = self.fields
        if "persistent" in fields:
            fields["persistent"], fields["netmask"] = fields["persistent"]
        reals = tuple(fields.pop("reals", ()))
        return Virtual(self.name, **fields, reals=reals, source=self.source)


class Sheet(Struct):
    """Everything read so far, and what only the reader can know of it."""

    settings: Fields = field(default_factory=dict)
    given: dict[str, Source] = field(default_factory=dict)
    hostgroups: dict[str, MembersDraft] = field(default_factory=dict)
    views: dict[str, MembersDraft] = field(default_factory=dict)
    aliases: dict[str, MembersDraft] = field(default_factory=dict)
    watches: dict[str, WatchDraft] = field(default_factory=dict)
    virtuals: dict[str, VirtualDraft] = field(default_factory=dict)
    alertgroups: dict[str, AlertgroupDraft] = field(default_factory=dict)
    strays: list[list[tuple[Source, str]]] = field(default_factory=list)
    used: dict[str, Source] = field(default_factory=dict)  # where each directive stood first
    collating: list[PeriodDraft] = field(default_factory=list)  # those that say collate
    starts: list[Source] = field(default_factory=list)  # of records, services and periods
    groupless: dict[str, Source] = field(default_factory=dict)  # watches without a hostgroup before them
    unread: set[str] = field(default_factory=set)  # virtual services whose first line is wrong

    def finish(self) -> Config:
        """The whole configuration.  The drafts of its services go, one by one: they are twice its size."""
        watches = tuple(name for name, watch in self.watches.items() if watch.services)
        services = [
            watch.services.pop(name).finish(self.alertgroups)
            for watch in self.watches.values()
            for name in tuple(watch.services)
        ]
        return Config(
            Settings(**self.settings, given=self.given),
            {name: group.hostgroup() for name, group in self.hostgroups.items()},
            {service.key: service for service in services},
            {name: virtual.finish() for name, virtual in self.virtuals.items()},
            {name: tuple(view.members) for name, view in self.views.items()},
            {name: tuple(alias.members) for name, alias in self.aliases.items()},
            watches,
            frozenset(self.unread | self.misspelt()),
        )

    def misspelt(self) -> set[str]:
        """The names of records whose first word could not be read."""
        return {name for run in self.strays for name in _named(run)}


def _named(run: list[tuple[Source, str]]) -> set[str]:
    """What misspelt first lines of records may have been to name."""
    return {name for _, text in run for name in text.replace("=", " ").split()[1:2]}
