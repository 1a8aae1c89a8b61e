"""The tables: what each directive is called, what converts its value, and where the value goes.

A row is a converter and the name of a field of the value that the record becomes (`Settings`,
`Service`, `Dependencies`, `Period`, `Virtual`; of an alertgroup: `Period`).  ``many``: each line adds one
more; else the last line counts.  ``ours``: the classic mon does not know the directive.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mon.config import commands, values, virtuals
from mon.config.place import Place
from mon.config.quorum import quorum
from mon.model.config import AlertKind

Converter = Callable[[str, Place], object]


class Row(NamedTuple):
    """One directive.  ``lenient``: a value that does not convert is ignored with a warning."""

    convert: Converter
    field: str
    many: bool = False
    ours: bool = False
    lenient: bool = False


GLOBALS: Mapping[str, Row] = {
    "alertdir": Row(values.colons, "alertdir"),
    "mondir": Row(values.colons, "mondir"),
    "templatedir": Row(values.colons, "templatedir", ours=True),
    "basedir": Row(values.text, "basedir"),
    "cfbasedir": Row(values.text, "cfbasedir"),
    "statedir": Row(values.text, "statedir"),
    "logdir": Row(values.text, "logdir"),
    "pidfile": Row(values.text, "pidfile"),
    "authfile": Row(values.text, "authfile"),
    "authtype": Row(values.blanks, "authtype"),
    "userfile": Row(values.text, "userfile"),
    "pamservice": Row(values.text, "pamservice"),
    "serverbind": Row(values.text, "serverbind"),
    "trapbind": Row(values.text, "trapbind"),
    "serverport": Row(values.port, "serverport", lenient=True),
    "trapport": Row(values.port, "trapport", lenient=True),
    "snmpport": Row(values.port, "snmpport", lenient=True, ours=True),
    "clientallow": Row(values.blanks, "clientallow"),
    "cltimeout": Row(values.time_or_zero, "cltimeout"),
    "maxprocs": Row(values.count, "maxprocs", lenient=True),
    "randstart": Row(values.time_or_zero, "randstart"),
    "histlength": Row(values.count, "histlength", lenient=True),
    "historicfile": Row(values.text, "historicfile"),
    "historictime": Row(values.time_or_zero, "historictime"),
    "dtlogfile": Row(values.text, "dtlogfile"),
    "dtlogging": Row(values.yes_no, "dtlogging", lenient=True),
    "monerrfile": Row(values.text, "monerrfile"),
    "syslog_facility": Row(values.text, "syslog_facility"),
    "startupalerts_on_reset": Row(values.yes_no, "startupalerts_on_reset", lenient=True),
    "monremote": Row(values.text, "monremote"),
    "dep_behavior": Row(values.dep_behavior, "dep_behavior"),
    "dep_recur_limit": Row(values.count, "dep_recur_limit", lenient=True),
    "dep_memory": Row(values.time_or_zero, "dep_memory"),
    "unack_summary": Row(values.unack_summary, "unack_summary"),
    "exclude_period": Row(values.period_spec, "exclude_period"),
    "messages": Row(values.blanks, "messages", ours=True),
    "pluginuser": Row(values.text, "pluginuser", ours=True),
    "pluginenv": Row(values.blanks, "pluginenv", ours=True),
    "resync": Row(values.time, "resync", ours=True),
    "alertretry": Row(values.retry, "alertretry", ours=True),
    "keep": Row(values.time, "keep", ours=True),
    "deadman": Row(commands.deadman, "deadman", ours=True),
    "workers": Row(values.workers, "workers", ours=True),
}

SERVICE: Mapping[str, Row] = {
    "description": Row(values.text, "description"),
    "interval": Row(values.time, "interval"),
    "failure_interval": Row(values.time, "failure_interval"),
    "randskew": Row(values.time, "randskew"),
    "timeout": Row(values.time, "timeout", ours=True),
    "monitor": Row(commands.monitor, "monitor"),
    "allow_empty_group": Row(values.flag, "allow_empty_group"),
    "exclude_hosts": Row(values.blanks, "exclude_hosts"),
    "exclude_period": Row(values.period_spec, "exclude_period"),
    "traptimeout": Row(values.time, "traptimeout"),
    "trapduration": Row(values.time, "trapduration"),
    "unack_summary": Row(values.unack_summary_word, "unack_summary"),
    "redistribute": Row(commands.redistribute, "redistribute"),
}

DEPENDENCIES: Mapping[str, Row] = {
    "depend": Row(values.dependency, "depend"),
    "alertdepend": Row(values.dependency, "alertdepend"),
    "monitordepend": Row(values.dependency, "monitordepend"),
    "hostdepend": Row(values.dependency, "hostdepend"),
    "dep_behavior": Row(values.dep_behavior, "behavior"),
    "dep_memory": Row(values.time, "memory"),
}

PERIOD: Mapping[str, Row] = {
    **{
        str(kind): Row(commands.alert(kind), "lines", many=True, ours=kind is AlertKind.FLOORALERT)
        for kind in AlertKind
    },
    "alertevery": Row(values.alertevery, "alertevery"),
    "alertafter": Row(values.alertafter, "alertafter"),
    "numalerts": Row(values.count, "numalerts"),
    "no_comp_alerts": Row(values.flag, "no_comp_alerts"),
    "upalertafter": Row(values.time, "upalertafter"),
    "alertexitrange": Row(values.exit_range, "alertexitrange"),
    "alerts_dont_count": Row(values.flag, "alerts_dont_count"),
    "reminder": Row(values.time, "reminder", ours=True),
    "until": Row(values.until_ack, "until_ack", ours=True),
    "collate": Row(values.collate, "collate", ours=True),
}

ALERTGROUP: Mapping[str, Row] = {
    **{str(kind): Row(commands.alert(kind), "lines", many=True) for kind in AlertKind},
    "collate": Row(values.time, "collate"),
    "alertevery": Row(values.alertevery, "alertevery"),
    "numalerts": Row(values.count, "numalerts"),
    "reminder": Row(values.time, "reminder"),
    "until": Row(values.until_ack, "until_ack"),
}
"""Not marked as ours: the classic mon skips the whole block."""

VIRTUAL: Mapping[str, Row] = {
    "balancer": Row(virtuals.balancer, "balancer"),
    "scheduler": Row(virtuals.scheduler, "scheduler"),
    "forward": Row(virtuals.forward, "forward"),
    "persistent": Row(virtuals.persistent, "persistent"),
    "real": Row(virtuals.real, "reals", many=True),
    "floor": Row(virtuals.floor, "floor"),
    "fallback": Row(virtuals.fallback, "fallback"),
    "rise": Row(values.positive, "rise"),
    "fall": Row(values.positive, "fall"),
    "confirm": Row(values.time_or_zero, "confirm"),
    "drain": Row(values.time, "drain"),
    "drift": Row(virtuals.drift, "drift"),
    "evict": Row(virtuals.evict, "evict"),
    "flap": Row(virtuals.flap, "flap"),
    "cleanstop": Row(values.yes_no, "cleanstop"),
    "slowstart": Row(values.time, "slowstart"),
    "quorum": Row(quorum, "quorum"),
    "weight": Row(virtuals.bounds, "bounds"),
}

WITHOUT_EFFECT: Mapping[str, str] = {
    "snmpport": "mon speaks no SNMP",
}
"""Directives that are read, checked and kept, but do nothing so far, and why."""

RETIRED: Mapping[str, str] = {
    "comp_alerts": "delete it: upalerts follow alerts unless no_comp_alerts is set",
}
"""Directives of older versions that the classic mon refuses as well: what to do."""
