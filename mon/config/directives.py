"""The tables: what each directive is called, what converts its value, and where the value goes.

A row is a converter and the name of a field of the value that the record becomes (`Settings`,
`Service`, `Dependencies`, `Period`, `Virtual`; of an alertgroup: `Period`).  ``many``: each line adds one
more; else the last line counts.  ``ours``: the classic mon does not know the directive.  ``takes`` is what a
change of it takes: a reload, or a restart of the daemon.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from mon.config import commands, values, virtuals
from mon.config.place import Place
from mon.config.quorum import quorum
from mon.model.config import AlertKind

Converter = Callable[[str, Place], object]


class Takes(StrEnum):
    """How a change of a directive comes into force."""

    LIVE = "reload"
    RESTART = "restart"


LIVE, RESTART = Takes.LIVE, Takes.RESTART


class Row(NamedTuple):
    """One directive.  ``lenient``: a value that does not convert is ignored with a warning."""

    convert: Converter
    field: str
    takes: Takes
    many: bool = False
    ours: bool = False
    lenient: bool = False


GLOBALS: Mapping[str, Row] = {
    "alertdir": Row(values.colons, "alertdir", LIVE, lenient=True),
    "mondir": Row(values.colons, "mondir", LIVE, lenient=True),
    "templatedir": Row(values.colons, "templatedir", RESTART, ours=True, lenient=True),
    "basedir": Row(values.path, "basedir", RESTART, lenient=True),
    "cfbasedir": Row(values.path, "cfbasedir", RESTART, lenient=True),
    "statedir": Row(values.path, "statedir", RESTART, lenient=True),
    "logdir": Row(values.path, "logdir", RESTART, lenient=True),
    "pidfile": Row(values.path, "pidfile", RESTART, lenient=True),
    "authfile": Row(values.text, "authfile", RESTART),
    "authtype": Row(values.blanks, "authtype", LIVE),
    "userfile": Row(values.text, "userfile", LIVE),
    "pamservice": Row(values.text, "pamservice", LIVE),
    "serverbind": Row(values.address, "serverbind", RESTART),
    "trapbind": Row(values.address, "trapbind", RESTART),
    "serverport": Row(values.port, "serverport", RESTART, lenient=True),
    "trapport": Row(values.port, "trapport", RESTART, lenient=True),
    "snmpport": Row(values.port, "snmpport", LIVE, lenient=True, ours=True),
    "clientallow": Row(values.patterns, "clientallow", LIVE),
    "cltimeout": Row(values.time_or_zero, "cltimeout", LIVE),
    "maxprocs": Row(values.count, "maxprocs", LIVE, lenient=True),
    "randstart": Row(values.time_or_zero, "randstart", LIVE),
    "histlength": Row(values.count, "histlength", LIVE, lenient=True),
    "historicfile": Row(values.path, "historicfile", LIVE, lenient=True),
    "historictime": Row(values.time_or_zero, "historictime", LIVE),
    "dtlogfile": Row(values.path, "dtlogfile", LIVE, lenient=True),
    "dtlogging": Row(values.yes_no, "dtlogging", LIVE, lenient=True),
    "monerrfile": Row(values.path, "monerrfile", RESTART, lenient=True),
    "syslog_facility": Row(values.text, "syslog_facility", RESTART),
    "startupalerts_on_reset": Row(values.yes_no, "startupalerts_on_reset", LIVE, lenient=True),
    "monremote": Row(values.text, "monremote", LIVE),
    "dep_behavior": Row(values.dep_behavior, "dep_behavior", LIVE),
    "dep_recur_limit": Row(values.count, "dep_recur_limit", LIVE, lenient=True),
    "dep_memory": Row(values.time_or_zero, "dep_memory", LIVE),
    "unack_summary": Row(values.unack_summary, "unack_summary", LIVE),
    "exclude_period": Row(values.period_spec, "exclude_period", LIVE),
    "messages": Row(values.blanks, "messages", LIVE, ours=True),
    "pluginuser": Row(values.text, "pluginuser", RESTART, ours=True),
    "pluginenv": Row(values.blanks, "pluginenv", RESTART, ours=True),
    "resync": Row(values.every, "resync", LIVE, ours=True),
    "alertretry": Row(values.retry, "alertretry", LIVE, ours=True),
    "keep": Row(values.time, "keep", RESTART, ours=True),
    "deadman": Row(commands.deadman, "deadman", LIVE, ours=True),
    "workers": Row(values.workers, "workers", LIVE, ours=True),
}

SERVICE: Mapping[str, Row] = {
    "description": Row(values.text, "description", LIVE),
    "interval": Row(values.every, "interval", LIVE),
    "failure_interval": Row(values.every, "failure_interval", LIVE),
    "randskew": Row(values.time, "randskew", LIVE),
    "timeout": Row(values.every, "timeout", LIVE, ours=True),
    "monitor": Row(commands.monitor, "monitor", LIVE),
    "allow_empty_group": Row(values.flag, "allow_empty_group", LIVE),
    "exclude_hosts": Row(values.blanks, "exclude_hosts", LIVE),
    "exclude_period": Row(values.period_spec, "exclude_period", LIVE),
    "traptimeout": Row(values.every, "traptimeout", LIVE),
    "trapduration": Row(values.every, "trapduration", LIVE),
    "unack_summary": Row(values.unack_summary_word, "unack_summary", LIVE),
    "redistribute": Row(commands.redistribute, "redistribute", LIVE),
}

DEPENDENCIES: Mapping[str, Row] = {
    "depend": Row(values.dependency, "depend", LIVE),
    "alertdepend": Row(values.dependency, "alertdepend", LIVE),
    "monitordepend": Row(values.dependency, "monitordepend", LIVE),
    "hostdepend": Row(values.dependency, "hostdepend", LIVE),
    "dep_behavior": Row(values.dep_behavior, "behavior", LIVE),
    "dep_memory": Row(values.time, "memory", LIVE),
}

PERIOD: Mapping[str, Row] = {
    **{
        str(kind): Row(commands.alert(kind), "lines", LIVE, many=True, ours=kind is AlertKind.FLOORALERT)
        for kind in AlertKind
    },
    "alertevery": Row(values.alertevery, "alertevery", LIVE),
    "alertafter": Row(values.alertafter, "alertafter", LIVE),
    "numalerts": Row(values.count, "numalerts", LIVE),
    "no_comp_alerts": Row(values.flag, "no_comp_alerts", LIVE),
    "upalertafter": Row(values.time, "upalertafter", LIVE),
    "alertexitrange": Row(values.exit_range, "alertexitrange", LIVE),
    "alerts_dont_count": Row(values.flag, "alerts_dont_count", LIVE),
    "reminder": Row(values.every, "reminder", LIVE, ours=True),
    "until": Row(values.until_ack, "until_ack", LIVE, ours=True),
    "collate": Row(values.collate, "collate", LIVE, ours=True),
}

ALERTGROUP: Mapping[str, Row] = {
    **{str(kind): Row(commands.alert(kind), "lines", LIVE, many=True) for kind in AlertKind},
    "collate": Row(values.time, "collate", LIVE),
    "alertevery": Row(values.alertevery, "alertevery", LIVE),
    "numalerts": Row(values.count, "numalerts", LIVE),
    "reminder": Row(values.every, "reminder", LIVE),
    "until": Row(values.until_ack, "until_ack", LIVE),
}
"""Not marked as ours: the classic mon skips the whole block."""

VIRTUAL: Mapping[str, Row] = {
    "balancer": Row(virtuals.balancer, "balancer", LIVE),
    "scheduler": Row(virtuals.scheduler, "scheduler", LIVE),
    "forward": Row(virtuals.forward, "forward", LIVE),
    "persistent": Row(virtuals.persistent, "persistent", LIVE),
    "real": Row(virtuals.real, "reals", LIVE, many=True),
    "floor": Row(virtuals.floor, "floor", LIVE),
    "fallback": Row(virtuals.fallback, "fallback", LIVE),
    "rise": Row(values.positive, "rise", LIVE),
    "fall": Row(values.positive, "fall", LIVE),
    "confirm": Row(values.time_or_zero, "confirm", LIVE),
    "drain": Row(values.time, "drain", LIVE),
    "drift": Row(virtuals.drift, "drift", LIVE),
    "evict": Row(virtuals.evict, "evict", LIVE),
    "flap": Row(virtuals.flap, "flap", LIVE),
    "cleanstop": Row(values.yes_no, "cleanstop", LIVE),
    "slowstart": Row(values.time, "slowstart", LIVE),
    "quorum": Row(quorum, "quorum", LIVE),
    "weight": Row(virtuals.bounds, "bounds", LIVE),
    "follow-dns": Row(values.yes_no, "follow_dns", LIVE),
}

WITHOUT_EFFECT: Mapping[str, str] = {
    "snmpport": "mon speaks no SNMP",
}
"""Directives that are read, checked and kept, but do nothing so far, and why."""

RETIRED: Mapping[str, str] = {
    "comp_alerts": "delete it: upalerts follow alerts unless no_comp_alerts is set",
}
"""Directives of older versions that the classic mon refuses as well: what to do."""
