r"""STATEDIR/opstatus: what is known of each service, a line each of ``name=value`` with tabs between.

Values are escaped in the plain form, and their equals signs too: the classic mon splits at the last one
and so loses what it wrote itself, but not what we write.  We split at the first.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mon.control.classic.escaping import decoded, plain
from mon.daemon import events
from mon.engine import Book
from mon.engine.variables import STATE
from mon.errors import ControlError
from mon.model.config import Key, Period
from mon.model.moment import Moment

FIELDS = (
    *("op_status", "failure_count", "alert_count", "last_success", "first_success", "consec_failures"),
    *("last_failure", "first_failure", "last_summary", "last_failure_time", "last_failure_summary"),
    *("last_failure_detail", "last_detail", "ack", "ack_comment", "last_trap", "last_traphost", "exitval"),
    *("last_check", "last_op_status", "failure_output", "trap_timer"),
)
_READ = tuple(
    (name, f"_{name}", STATE[f"_{name}"].get if f"_{name}" in STATE else None)
    for name in FIELDS
    if name != "trap_timer"
)
"""All but the last, which depends on the time, and how to read it: ``Book.get_variable`` takes longer."""

PERIOD_FIELDS = ("last_alert", "alert_sent", "1stfailtime", "failcount")


def written(book: Book, now: Moment) -> Iterator[str]:
    """Its lines, in the order of mon.cf."""
    for key in tuple(book.services):
        yield "\t".join(f"{name}={value}" for name, value in _fields(book, key, now))


def _fields(book: Book, key: Key, now: Moment) -> Iterator[tuple[str, str]]:
    yield from (("group", key[0]), ("service", key[1]))
    state, others = book.states[key], book.variables.get(key, {})
    for name, variable, get in _READ:
        yield name, _plain(get(state) if get else others.get(variable, ""))
    yield "trap_timer", _plain(book.get_variable(key, "_trap_timer", now))
    for period in book.services[key].periods:
        for name in PERIOD_FIELDS:
            value = book.get_period_variable(key, period.key, name)
            yield f"{period.key}:{name}", "" if value == "0" and _unset(book, key, period, name) else value


@lru_cache(maxsize=4096)
def _plain(value: str) -> str:
    """Of 10,000 services' values nearly all are the same few, and they are written at the end."""
    return plain(value).replace("=", r"\3d")


def _unset(book: Book, key: Key, period: Period, name: str) -> bool:
    """Does the classic mon not have this counter yet?  A success sets the times to 0, their directive too."""
    if name == "alert_sent":
        return False
    after = period.alertafter
    timed = after is not None and after.seconds is not None
    if name == "failcount":
        return not timed or after is None or after.count is None
    return not book.states[key].last_success and not (timed and name == "1stfailtime")


def read(lines: Iterable[str], book: Book, now: Moment) -> Iterator[Key]:
    """Take over what they say, service by service; the services that it was said of are given back.

    Unknown services, periods and fields are no error; a value of the wrong kind is told and left out.
    """
    for line in lines:
        fields = dict(_split(word) for word in line.rstrip("\n").split("\t"))
        key = (fields.pop("group", ""), fields.pop("service", ""))
        if key in book.services:
            _take(book, key, fields, now)
            yield key


def _split(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, decoded(value)


def _take(book: Book, key: Key, fields: Mapping[str, str], now: Moment) -> None:
    for name, value in fields.items():
        period, colon, counter = name.rpartition(":")
        try:
            if colon:
                book.set_period_variable(key, period, counter, value, now)
            else:
                book.set_variable(key, f"_{name}", value, now)
        except ControlError as error:
            events.say(logging.WARNING, "opstatus", f"{'/'.join(key)}: left out of the state file: {error}")
