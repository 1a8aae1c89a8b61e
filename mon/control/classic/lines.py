"""The lines that clients read: pure functions over what is known (PROTOCOL §2)."""

import re
import time
from collections.abc import Collection, Iterator

from mon.control.classic.escaping import plain, quoted
from mon.engine import AlertEntry, FailureEntry, ServiceState
from mon.engine.variables import exit_status
from mon.model.config import Hostgroup, Service
from mon.model.moment import Moment

DAEMON_VERSION = 9745
"""What ``version`` and ``protid`` speak of."""

_NAME = re.compile(r"[\w.-]+:[\w.-]+")


def status(
    service: Service,
    state: ServiceState,
    now: Moment,
    *,
    interval: float | None,
    timer: str,
    running: bool,
) -> str:
    """A status line: fields in the order of the protocol, the last ones only where they apply."""
    fields = _always(service, state, timer)
    if state.first_failure:
        fields["last_failure"] = whole(state.last_failure)
    if interval is not None:
        fields["interval"] = seconds(interval)
        fields["monitor_duration"] = whole(state.monitor_duration)
        fields["monitor_running"] = str(int(running))
    if service.exclude_period:
        fields["exclude_period"] = plain(service.exclude_period)
    if service.exclude_hosts:
        fields["exclude_hosts"] = plain(" ".join(service.exclude_hosts))
    if service.randskew:
        fields["randskew"] = seconds(service.randskew)
    if state.last_alert:
        fields["last_alert"] = whole(state.last_alert)
    if state.first_failure:
        fields["first_failure"] = whole(state.first_failure)
        fields["failure_duration"] = whole(state.failing_for(now))
    return " ".join(f"{name}={value}" for name, value in fields.items())


def _always(service: Service, state: ServiceState, timer: str) -> dict[str, str]:
    """The fields that every status line has."""
    depends = service.dependencies
    return {
        "group": service.watch,
        "service": service.name,
        "opstatus": str(int(state.opstatus)),
        "last_opstatus": str(int(state.last_opstatus)),
        "exitval": plain(exit_status(state.run)),
        "timer": timer,
        "last_success": whole(state.last_success),
        "last_trap": whole(state.last_trap),
        "last_traphost": "",
        "last_check": whole(state.last_check) if state.last_check else "",
        "ack": whole(state.ack),
        "ackcomment": quoted(state.ackcomment),
        "alerts_sent": str(state.alerts_sent),
        "depstatus": "" if state.depstatus is None else str(int(state.depstatus)),
        "depend": quoted(of_watch(depends.depend, service.watch)),
        "hostdepend": quoted(of_watch(depends.hostdepend, service.watch)),
        "monitordepend": quoted(of_watch(depends.monitordepend, service.watch)),
        "alertdepend": quoted(of_watch(depends.alertdepend, service.watch)),
        "monitor": quoted(service.monitor.text) if service.monitor else "",
        "last_summary": quoted(state.last_summary),
        "last_detail": quoted(state.last_detail),
    }


def timer(due_in: float | None, age: float | None) -> str:
    """Seconds to the next run.  Without a monitor it is 0, but empty in the first second after a reset.

    ``age``: seconds since the last reset, None without one.  The classic mon sets the timer to the interval,
    which is not there, and its loop counts it down to 0 at the next full second.
    """
    return "" if due_in is None and age is not None and age < 1.0 else whole(due_in or 0.0)


def description(service: Service) -> str:
    """``G S TEXT``; without a text the blank stays."""
    return f"{service.watch} {service.name} {quoted(service.description)}"


def dependencies(service: Service) -> Iterator[str]:
    """The expression of ``depend``, and the services in it as often as it names them, a line each."""
    where = f"{service.watch} {service.name}"
    text = of_watch(service.dependencies.depend, service.watch)
    yield f"exp {where} '{quoted(text) or 'NONE'}'"
    yield f"cmp {where} {' '.join(_NAME.findall(text)) or 'NONE'}"


def hostgroup(group: Hostgroup, disabled: Collection[tuple[str, str]]) -> str:
    """``hostgroup G h1 *h2``, a star for each (group, host) that is disabled; if empty, the blank stays."""
    stars = ("*" if (group.name, host.name) in disabled else "" for host in group.hosts)
    return f"hostgroup {group.name} " + " ".join(
        star + host.name for star, host in zip(stars, group.hosts, strict=True)
    )


def alert_entry(entry: AlertEntry, path: str) -> str:
    """``KIND G S T PATH (ARGUMENTS) SUMMARY``, as it stands in the file of ``historicfile``."""
    arguments = entry.command.text.strip()[len(entry.command.plugin) :].strip()
    where = f"{entry.kind} {entry.watch} {entry.service} {whole(entry.at)}"
    return f"{where} {path} ({arguments}) {entry.summary}"


def alert_history(entry: AlertEntry, path: str) -> str:
    """The same with all of it escaped, so without a blank."""
    return plain(alert_entry(entry, path))


def failure_history(entry: FailureEntry) -> str:
    """``G S T SUMMARY``, all of it escaped."""
    return plain(f"{entry.watch} {entry.service} {entry.at:.0f} {entry.summary}")


def server_time(now: Moment) -> str:
    """Seconds since 1970 and the same in words."""
    return f"{int(now.wall)} {time.ctime(now.wall)}"


def of_watch(text: str, watch: str) -> str:
    """``SELF:ftp`` as ``web:ftp``: the classic mon replaces it when it reads the file."""
    return text.replace("SELF:", f"{watch}:")


def seconds(value: float) -> str:
    """A setting in seconds, with no more digits than it needs: ``90``, ``0.2``."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def whole(value: float) -> str:
    """A time or a duration: whole seconds, as the protocol has them."""
    return str(int(value))
