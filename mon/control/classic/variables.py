"""``set`` and ``get``: the variables of a service, by the names the classic mon has for them.

What a service is set to and what its state is are the engine's to know; the rest of them (COMPUTED) are the
scheduler's, or follow from the configuration (PROTOCOL §2).
"""

from collections.abc import Callable
from types import MappingProxyType

from mon.control.classic import words
from mon.control.classic.escaping import quoted
from mon.control.classic.lines import of_watch, seconds, timer, whole
from mon.control.classic.session import Refused, Session
from mon.model.config import AlertKind, Key, Service
from mon.model.result import OpStatus

TIMER = "_timer"
"""Seconds to the next run."""


async def run_get(session: Session, rest: str) -> list[str]:
    """``get maxkeep`` or ``get G S VAR``; the value comes escaped."""
    given = rest.split()
    if given == ["maxkeep"]:
        return [f"maxkeep = {session.book.maxkeep}", "220 set completed"]  # sic
    key, name = _target(session, given)
    return [f"{key[0]} {key[1]} {name}='{quoted(_value(session, key, name))}'", "220 get completed"]


async def run_set(session: Session, rest: str) -> list[str]:
    """``set maxkeep N``, ``set G S opstatus NAME`` or ``set G S VAR VALUE``; VALUE comes back as it is."""
    given = rest.split(None, 3)
    if given[:1] == ["maxkeep"] and len(given) == 2 and given[1].isdecimal() and len(given[1]) < 10:
        session.book.maxkeep = int(given[1])
        return ["220 set completed"]
    key, name = _target(session, given)
    value = words.value(given[3]) if len(given) > 3 else ""
    if name == "opstatus":
        await session.operations.set_opstatus(key, _opstatus(value))
        return ["220 set completed"]
    await _set(session, key, name, value)
    return [f"{key[0]} {key[1]} {name}='{value}'", "220 set completed"]


def _value(session: Session, key: Key, name: str) -> str:
    if name in COMPUTED:
        return COMPUTED[name](session, key)
    return session.book.get_variable(key, name, session.operations.now())


def _timer(session: Session, key: Key) -> str:
    return timer(session.operations.due_in(key), session.since_reset)


def _monitor_running(session: Session, key: Key) -> str:
    return str(int(session.operations.running(key) is not None))


def _next_check(session: Session, key: Key) -> str:
    """Wall time of the next run, once there was a first one."""
    due = session.operations.due_in(key)
    ran = session.book.states[key].monitor_duration >= 0 or session.operations.running(key) is not None
    return whole(session.operations.now().wall + due) if ran and due is not None else ""


def _disabled(session: Session, key: Key) -> str:
    return "1" if key in session.book.disabled_services else ""


def _upalert(session: Session, key: Key) -> str:
    """Has it any upalert at all?"""
    return "1" if any(p.of_kind(AlertKind.UPALERT) for p in session.services[key].periods) else ""


def _old_interval(session: Session, key: Key) -> str:
    """The usual interval, while failure_interval is in force."""
    service, now = session.services[key], session.book.interval(key)
    return seconds(service.interval) if service.interval is not None and now != service.interval else ""


def _trap_duration(session: Session, key: Key) -> str:
    until = session.book.states[key].traps.until
    return whole(max(0.0, round(until.mono - session.operations.now().mono))) if until else ""


def _behavior(session: Session, key: Key) -> str:
    return session.services[key].dependencies.behavior or session.book.config.settings.dep_behavior


def _unack_summary(session: Session, key: Key) -> str:
    own = session.services[key].unack_summary
    return str(int(session.book.config.settings.unack_summary if own is None else own))


def _dep_memory(session: Session, key: Key) -> str:
    own = session.services[key].dependencies.memory
    return seconds(session.book.config.settings.dep_memory if own is None else own)


def _of_service(show: Callable[[Service], str]) -> Callable[[Session, Key], str]:
    return lambda session, key: show(session.services[key])


def _dependency(name: str) -> Callable[[Session, Key], str]:
    """With SELF replaced, as the classic mon does when it reads the file."""
    return _of_service(lambda service: of_watch(getattr(service.dependencies, name), service.watch))


COMPUTED = MappingProxyType(
    {
        TIMER: _timer,
        "_monitor_running": _monitor_running,
        "_next_check": _next_check,
        "_start_of_monitor": lambda session, key: whole(session.book.began),
        "_old_interval": _old_interval,
        "_trap_duration_timer": _trap_duration,
        "_upalert": _upalert,
        "disable": _disabled,
        "dep_behavior": _behavior,
        "dep_memory": _dep_memory,
        "unack_summary": _unack_summary,
        "randskew": _of_service(lambda service: seconds(service.randskew)),
        "exclude_hosts": _of_service(lambda service: " ".join(service.exclude_hosts)),
        **{name: _dependency(name) for name in ("depend", "alertdepend", "monitordepend", "hostdepend")},
    }
)
"""Name -> its value now."""


async def _set(session: Session, key: Key, name: str, value: str) -> None:
    operations = session.operations
    if name == TIMER:
        operations.set_timer(key, _seconds(value))
    else:
        await operations.carry_out(session.book.set_variable(key, name, value, operations.now()))
        if name == "monitor":
            await operations.rebind(key)


def _opstatus(value: str) -> OpStatus:
    """The number of the status is kept; the classic mon kept its name, which then was no status at all."""
    status = OpStatus.__members__.get(value.upper())
    if status is None or value != value.lower():
        raise Refused("520 undefined opstatus")
    return status


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise Refused(f"520 {TIMER} must be a number of seconds")
    return seconds


def _target(session: Session, given: list[str]) -> tuple[Key, str]:
    key = session.known(given)
    if key is None:
        watch, name, *_ = [*given, "", ""]
        raise Refused(f"520 {watch},{name} not defined")
    return key, given[2] if len(given) > 2 else ""
