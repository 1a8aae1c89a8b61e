"""What fits the grammar and every plugin, and is hardly meant so: warnings about the whole."""

from collections.abc import Iterator, Mapping

from mon.catalog.plan import Bound, Check, Form
from mon.model.config import AlertKind, AlertLine, Config, Period, Service
from mon.model.source import NOWHERE, Problem, Severity

OFTEN = 300.0
"""Seconds: failures that come faster than this are told of too often for a person, one by one."""

LOGS = ("file", "trap")
"""Classic programs that tell, but nobody who could be woken."""


def doubts(
    config: Config, checks: Mapping[tuple[str, str], Check], alerts: Mapping[AlertLine, Bound]
) -> Iterator[Problem]:
    """Everything that is doubtful now that the plugins are known."""
    told = {name.removesuffix(".alert") for name in config.settings.messages} - {*LOGS}
    for check in checks.values():
        yield from _too_patient(check)
        for period in check.service.periods:
            yield from _flood(check.service, period, alerts, told)


def _flood(
    service: Service, period: Period, alerts: Mapping[AlertLine, Bound], told: set[str]
) -> Iterator[Problem]:
    every = service.failure_interval or service.interval
    limited = period.alertevery or period.numalerts or period.reminder
    if every is None or every >= OFTEN or limited:
        return
    for line in period.of_kind(AlertKind.ALERT):
        bound = alerts.get(line)
        if bound is not None and _reaches_people(bound, told):
            what = f"{line.command.plugin} is called for every failure, each {every:g} s, without alertevery"
            remedy = "write 'alertevery 1h' in its period"
            yield Problem(line.source, what, remedy, Severity.WARNING)
            return


def _reaches_people(bound: Bound, told: set[str]) -> bool:
    if bound.plugin.form is Form.EXECUTABLE:
        return bound.plugin.name in told
    return bound.target is None and bound.plugin.disturbs


def _too_patient(check: Check) -> Iterator[Problem]:
    """A timeout that is written, and longer than the interval: a hung host is checked late.

    That of a plugin which works out its own deadline may be in another unit, like that of a ping.
    """
    service, bound = check.service, check.monitor
    written, where = service.timeout, service.source
    if written is None and bound is not None and bound.plugin.deadline is None:
        option = bound.options.get("timeout")
        written = float(option) if isinstance(option, int | float) else None
        where = bound.command.source if bound.command.source != NOWHERE else where
    if written is not None and service.interval is not None and written > service.interval:
        what = f"service '{service.name}': a timeout of {written:g} s is longer than the interval"
        remedy = f"write at most {service.interval:g}s, or a host that hangs is checked late"
        yield Problem(where, what, remedy, Severity.WARNING)
