"""``set`` and ``get``: the variables of a service, by the names the classic mon has for them.

What they are is the engine's to know; two of them belong to the daemon (PROTOCOL §2).
"""

from mon.control.classic import words
from mon.control.classic.escaping import quoted
from mon.control.classic.lines import whole
from mon.control.classic.session import Refused, Session
from mon.model.config import Key
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
    if name == TIMER:
        due = session.operations.due_in(key)
        return "" if due is None else whole(due)
    return session.book.get_variable(key, name, session.operations.now())


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
