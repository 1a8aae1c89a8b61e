"""The ``list`` commands: a row each (PROTOCOL §2, "list")."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import MappingProxyType

from mon.control.classic import lines
from mon.control.classic.session import Refused, Session
from mon.control.portions import in_portions
from mon.model.config import Key
from mon.model.result import OpStatus

Listing = Callable[[Session, Sequence[str]], Iterable[str]]
"""The lines before the final one.  Raises Refused with another final line."""

FAILURES = frozenset((OpStatus.FAIL, OpStatus.LINKDOWN, OpStatus.TIMEOUT))
SUCCESSES = frozenset(
    (OpStatus.OK, OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.UNTESTED)
)
WARNINGS = frozenset((OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.WARN))


async def run(session: Session, rest: str) -> list[str]:
    """``list WORD ...``."""
    word, *words = rest.split() or [""]
    if word == "dtlog":
        listed = await _downtime_log(session)
    elif word in LISTS:
        listed = [line async for line in in_portions(LISTS[word](session, words))]
    else:
        raise Refused("520 unknown list command")
    return [*listed, f"220 {FINAL_WORDS.get(word, f'list {word}')} completed"]


def _group(session: Session, words: Sequence[str]) -> Iterable[str]:
    group = session.book.config.hostgroups.get(words[0] if words else "")
    if group is None:
        raise Refused("520 list group error, undefined group")
    yield lines.hostgroup(group, session.book.disabled_members)


def _watch(session: Session, words: Sequence[str]) -> Iterable[str]:
    return (f"{watch} {name}" for watch, name in _seen(session))


def _descriptions(session: Session, words: Sequence[str]) -> Iterable[str]:
    return (lines.description(session.services[key]) for key in _seen(session))


def _opstatus(session: Session, words: Sequence[str]) -> Iterable[str]:
    """Of all services in view; of the given ``G`` and ``G,S`` whatever the view."""
    if not words:
        return (status_line(session, key) for key in _seen(session))
    of_watch: dict[str, list[Key]] = {}
    for key in session.services:
        of_watch.setdefault(key[0], []).append(key)
    keys: dict[Key, None] = {}
    for word in dict.fromkeys(words):  # a line has room for 30,000
        watch, comma, name = word.partition(",")
        if comma and (watch, name) not in session.services:
            raise Refused(f"520 {word} does not exist")
        keys.update(dict.fromkeys([(watch, name)] if comma else of_watch.get(watch, ())))
    return (status_line(session, key) for key in keys if key in session.services)


def _with_status(wanted: frozenset[OpStatus]) -> Listing:
    def listing(session: Session, words: Sequence[str]) -> Iterable[str]:
        states = session.book.states
        return (status_line(session, key) for key in _seen(session) if states[key].opstatus in wanted)

    return listing


def _disabled(session: Session, words: Sequence[str]) -> Iterable[str]:
    book = session.book
    off = frozenset(book.disabled_members)
    for group in book.config.hostgroups.values():
        hosts = [host.name for host in group.hosts if (group.name, host.name) in off]
        if hosts and session.watch_seen(group.name):
            yield f"group {group.name}: {' '.join(hosts)}"
    yield from (f"watch {watch}" for watch in sorted(book.disabled_watches) if session.watch_seen(watch))
    for key in sorted(book.disabled_services):
        if session.seen(key):
            yield f"watch {key[0]} service {key[1]}"


def _alert_history(session: Session, words: Sequence[str]) -> Iterable[str]:
    path = session.operations.plan.path
    return (lines.alert_history(entry, path(entry.command)) for entry in tuple(session.book.alert_history))


def _failure_history(session: Session, words: Sequence[str]) -> Iterable[str]:
    return map(lines.failure_history, tuple(session.book.failure_history))


def _pids(session: Session, words: Sequence[str]) -> Iterable[str]:
    ours = os.getpid()
    yield f"server {ours}"
    for watch, name in tuple(session.services):
        pid = session.operations.running((watch, name))
        if pid is not None:
            yield f"{watch} {name} {pid or ours}"


def _state(session: Session, words: Sequence[str]) -> Iterable[str]:
    book = session.book
    yield (
        "scheduler running" if book.running else f"scheduler stopped since {lines.whole(book.stopped_since)}"
    )


def _aliases(session: Session, words: Sequence[str]) -> Iterable[str]:
    aliases = session.book.config.aliases
    for name in dict.fromkeys(words) or aliases:
        yield f"alias {name}"
        yield from aliases.get(name, ())
        yield ""


def _alias_groups(session: Session, words: Sequence[str]) -> Iterable[str]:
    if names := " ".join(session.book.config.aliases):
        yield names


def _dependencies(session: Session, words: Sequence[str]) -> Iterable[str]:
    for key in _seen(session):
        yield from lines.dependencies(session.services[key])


def _views(session: Session, words: Sequence[str]) -> Iterable[str]:
    yield "views " + " ".join(sorted(session.book.config.views))


LISTS = MappingProxyType(
    {
        "group": _group,
        "watch": _watch,
        "descriptions": _descriptions,
        "opstatus": _opstatus,
        "failures": _with_status(FAILURES),
        "successes": _with_status(SUCCESSES),
        "warnings": _with_status(WARNINGS),
        "disabled": _disabled,
        "alerthist": _alert_history,
        "failurehist": _failure_history,
        "pids": _pids,
        "state": _state,
        "aliases": _aliases,
        "aliasgroups": _alias_groups,
        "deps": _dependencies,
        "views": _views,
    }
)

FINAL_WORDS = MappingProxyType(
    {"warnings": "list successes", "views": "list group"}
)  # sic: clients wait for it


def status_line(session: Session, key: Key) -> str:
    """The status line of a service as it is now."""
    operations = session.operations
    return lines.status(
        session.services[key],
        session.book.states[key],
        operations.now(),
        interval=session.book.interval(key),
        timer=lines.timer(operations.due_in(key), session.since_reset),
        running=operations.running(key) is not None,
    )


async def _downtime_log(session: Session) -> list[str]:
    file = session.operations.downtime_log
    if file is None:
        raise Refused("520 list dtlog error, dtlogging is not turned on")
    try:
        text = await asyncio.to_thread(_read, file)
    except OSError as error:
        raise Refused("520 list dtlog error, cannot open dtlog") from error
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _read(file: Path) -> str:
    return file.read_text("utf-8", "backslashreplace")


def _seen(session: Session) -> Iterable[Key]:
    """Those in view.  A reload may come between two of them: what it removed is left out."""
    return (key for key in tuple(session.services) if session.seen(key) and key in session.services)
