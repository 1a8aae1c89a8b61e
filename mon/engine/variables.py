"""Service variables as clients ``set`` and ``get`` them, by their classic names.

Names with an underscore are the state, the others the configuration in force.  They are also the names of
the fields of the classic state file (PROTOCOL §5).  Values are text; setting raises ValueError for one that
is no value of the variable.
"""

import shlex
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from mon.engine.state import PeriodState, Run, ServiceState, at_wall
from mon.model.config import CommandLine, Service
from mon.model.moment import Moment
from mon.model.result import OpStatus
from mon.structs import Struct, replace

DIGITS = 25
"""Letters of a number; Python itself stops at 4,300 digits, and has no end of them in a float."""

T = TypeVar("T", Service, ServiceState, PeriodState)


class Variable(Struct, Generic[T], frozen=True):
    """How to read and write one variable of ``T``."""

    get: Callable[[T], str]
    set: Callable[[T, str, Moment], T]


def number(value: float | None) -> str:
    """``3600``, ``0.5``, and "" for nothing."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def opstatus(text: str) -> OpStatus:
    """A status by its number or by its name; ``list`` prints the number.

    Raises ValueError when there is none.
    """
    by_name = {status.name.lower(): status for status in OpStatus}
    return by_name[text] if text in by_name else OpStatus(_whole(text))


def _wall(value: float) -> str:
    return str(int(value))


def _field(name: str, show: Callable[[Any], str], read: Callable[[str], Any]) -> Variable[Any]:
    def put(whole: Any, text: str, now: Moment) -> Any:
        changes: dict[str, Any] = {name: read(text)}
        return replace(whole, **changes)

    return Variable(lambda whole: show(getattr(whole, name)), put)


def _part(part: str, name: str, show: Callable[[Any], str], read: Callable[[str], Any]) -> Variable[Any]:
    inner = _field(name, show, read)

    def put(whole: Any, text: str, now: Moment) -> Any:
        changes: dict[str, Any] = {part: inner.set(getattr(whole, part), text, now)}
        return replace(whole, **changes)

    return Variable(lambda whole: inner.get(getattr(whole, part)), put)


def _instant(show: Callable[[Any], str], put: Callable[[Any, Moment | None], Any]) -> Variable[Any]:
    return Variable(show, lambda whole, text, now: put(whole, at_wall(_seconds(text), now)))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _optional_number(text: str) -> float | None:
    return _seconds(text) if text else None


def _command(text: str) -> CommandLine | None:
    words = text.removesuffix(";;")
    return CommandLine(text, tuple(shlex.split(words)), hosts=words == text) if text else None


def _shown_command(command: CommandLine | None) -> str:
    return command.text if command else ""


def _count(text: str) -> int:
    return _whole(text or "0")


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"{text[:DIGITS]}... is too long a number")
    return int(text)


def _seconds(text: str) -> float:
    """Raises ValueError for what cannot be shown as a number either."""
    number = float(text[:DIGITS] or 0)
    if len(text) > DIGITS or not abs(number) < 1e15:
        raise ValueError(f"{text[:DIGITS]!r} is no number of seconds")
    return number


def exit_status(run: Run) -> str:
    """``3``, the word that a trap said instead, or ``undef`` before the first result."""
    return run.word or ("undef" if run.exitval is None else str(run.exitval))


def _set_exit_status(state: ServiceState, text: str, now: Moment) -> ServiceState:
    number = text.isascii() and text.lstrip("-").isdigit() and len(text) < 12
    status = int(text) if number else None if text in ("", "undef") else 1
    word = "" if number or status is None else text
    return replace(state, run=replace(state.run, exitval=status, word=word))


def _flag(text: str) -> bool:
    return text not in ("", "0")


def _depends(name: str) -> Variable[Service]:
    return _part("dependencies", name, str, str)


SERVICE: Mapping[str, Variable[Service]] = {
    "service": _field("name", str, str),
    "description": _field("description", str, str),
    "failure_interval": _field("failure_interval", number, _optional_number),
    "randskew": _field("randskew", lambda value: number(value) if value else "", _seconds),
    "monitor": _field("monitor", _shown_command, _command),
    "redistribute": _field("redistribute", _shown_command, _command),
    "exclude_period": _field("exclude_period", str, str),
    "traptimeout": _field("traptimeout", number, _optional_number),
    "trapduration": _field("trapduration", number, _optional_number),
    "unack_summary": _field("unack_summary", lambda value: "" if value is None else str(int(value)), _flag),
    "depend": _depends("depend"),
    "alertdepend": _depends("alertdepend"),
    "monitordepend": _depends("monitordepend"),
    "hostdepend": _depends("hostdepend"),
    "dep_behavior": _depends("behavior"),
    "interval": _field("interval", number, _optional_number),
}

STATE: Mapping[str, Variable[ServiceState]] = {
    "_op_status": _field("opstatus", lambda value: str(int(value)), opstatus),
    "_last_op_status": _field("last_opstatus", lambda value: str(int(value)), opstatus),
    "_failure_count": _field("failures", str, _count),
    "_alert_count": _field("alerts", str, _count),
    "_last_success": _part("run", "success", _wall, _seconds),
    "_consec_failures": _part("outage", "count", str, _count),
    "_last_failure": _part("outage", "last", _wall, _seconds),
    "_first_failure": _instant(
        lambda state: "" if state.exitval is None else _wall(state.first_failure),
        lambda state, moment: replace(state, outage=replace(state.outage, first=moment)),
    ),
    "_last_summary": _part("run", "summary", str, str),
    "_last_detail": _part("run", "detail", str, str),
    "_last_output": _part("run", "output", _text, str),
    "_ack": _part("acknowledgement", "at", _wall, _seconds),
    "_ack_comment": _part("acknowledgement", "comment", str, str),
    "_last_trap": _part("traps", "last", _wall, _seconds),
    "_trap_timer": Variable(
        lambda state: number(state.traps.due.mono - state.at.mono) if state.traps.due else "",
        lambda state, text, now: replace(
            state, traps=replace(state.traps, due=now.later(_seconds(text)) if text else None)
        ),
    ),
    "_exitval": Variable(lambda state: exit_status(state.run), _set_exit_status),
    "_last_check": _part("run", "checked", lambda value: _wall(value) if value else "", _seconds),
    "_failure_output": _part("outage", "output", str, str),
    "_monitor_duration": _part("run", "duration", _wall, _seconds),
    "_depend_status": _field(
        "depstatus", lambda value: "" if value is None else str(int(value)), lambda t: _flag(t) if t else None
    ),
}

PERIOD: Mapping[str, Variable[PeriodState]] = {
    "last_alert": _instant(
        lambda period: _wall(period.last_alert.wall) if period.last_alert else "0",
        lambda period, moment: replace(period, last_alert=moment),
    ),
    "alert_sent": _field("sent", str, _count),
    "1stfailtime": _instant(
        lambda period: _wall(period.first_failure.wall) if period.first_failure else "0",
        lambda period, moment: replace(period, first_failure=moment),
    ),
    "failcount": _field("fail_count", str, _count),
}
