"""Is this moment in the period?  Time::Period expressions, as ``period`` and ``exclude_period`` take them.

    wd {Mon-Fri} hr {9am-4pm}, wd {Sat} hr {10 12-14}

A period is any of its sub-periods (between commas), a sub-period is all of its scales, a scale is any
of its ranges.  The empty text is always, ``none`` is never.  Ranges are inclusive and wrap around
(``hr {10pm-5am}``), years excepted, which are put in order.  A week is a week of the month.

Agrees with Perl's Time::Period 1.25 except in one point: that one looks at a sub-period only when
those before it do not match, so it finds an error in the second one only at some hours.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

Range = tuple[int, int]


class Scale(NamedTuple):
    """One of the nine scales: the numbers it takes, and the words (the first ``letters`` count)."""

    low: int
    high: int
    of: Callable[[time.struct_time], int]
    words: tuple[str, ...] = ()
    letters: int = 0


def _week(at: time.struct_time) -> int:
    """The row of the month's calendar, Sundays first, from 1."""
    first_weekday = (at.tm_wday + 1 - (at.tm_mday - 1)) % 7
    return (at.tm_mday - 1 + first_weekday) // 7 + 1


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("su", "mo", "tu", "we", "th", "fr", "sa")
_NAMES = {
    "wd": ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
    "mo": (
        "january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december",
    ),
}  # fmt: skip

_SCALES = {
    "yr": Scale(1970, 10**9, lambda at: at.tm_year),
    "mo": Scale(1, 12, lambda at: at.tm_mon, _MONTHS, 3),
    "wk": Scale(1, 6, _week),
    "yd": Scale(1, 366, lambda at: at.tm_yday),
    "md": Scale(1, 31, lambda at: at.tm_mday),
    "wd": Scale(1, 7, lambda at: (at.tm_wday + 1) % 7 + 1, _WEEKDAYS, 2),
    "hr": Scale(0, 23, lambda at: at.tm_hour),
    "min": Scale(0, 59, lambda at: at.tm_min),
    "sec": Scale(0, 59, lambda at: at.tm_sec),
}
_LONG = {
    "year": "yr",
    "month": "mo",
    "week": "wk",
    "yday": "yd",
    "mday": "md",
    "wday": "wd",
    "hour": "hr",
    "minute": "min",
    "second": "sec",
}
_PART = re.compile(r"\s*([^\s{}]*)\s*\{([^{}]*)\}\s*")
_CLOCK = re.compile(r"([0-9]+)(am|pm)")
_DASH = re.compile(r"\s*-\s*")

SubPeriod = tuple[tuple[str, tuple[Range, ...]], ...]
"""Scale and its ranges, each scale once."""


def covers(spec: str, wall: float) -> bool:
    """Is the wall time in the period, by the local calendar?  ValueError for what `check` refuses."""
    if not spec.strip():
        return True
    at = time.localtime(wall)
    return any(all(_in_scale(part, at) for part in sub) for sub in _compiled(spec))


def check(spec: str) -> str:
    """What is wrong with the expression, "" if nothing is."""
    try:
        _compiled(spec)
    except ValueError as error:
        return str(error)
    return ""


def doubts(spec: str) -> tuple[tuple[str, str], ...]:
    """What an expression that can be read hardly means, each with what to do.

    Of days and months the first letters count, so ``Fry`` is Friday; braces with nothing inside are never.
    """
    found: list[tuple[str, str]] = []
    for part in _PART.finditer(spec.lower()):
        name = _LONG.get(part[1], part[1])
        if name in _SCALES and not part[2].strip():
            found.append((f"'{part[1]} {{}}' is never", "write a range in the braces, or delete them"))
        for word in re.split(r"[\s-]+", part[2]):
            if name in _NAMES and word.isalpha() and not _is_name(name, word):
                full = _NAMES[name][_value(name, word) - 1]
                found.append((f"'{word}' is taken for {full}", f"write {full[:3]}"))
            if name == "hr" and (clock := _CLOCK.fullmatch(word)) and int(clock[1]) > 12:
                found.append((f"'{word}' is taken for {clock[1]} o'clock", f"write {clock[1]}"))
    return tuple(found)


def _is_name(scale: str, word: str) -> bool:
    return any(full.startswith(word) or word == f"{full}s" for full in _NAMES[scale])


def _in_scale(part: tuple[str, tuple[Range, ...]], at: time.struct_time) -> bool:
    name, ranges = part
    value = _SCALES[name].of(at)
    if name == "yr":
        ordered = (sorted((_full_year(low, at), _full_year(high, at))) for low, high in ranges)
        return any(low <= value <= high for low, high in ordered)
    return any(low <= value <= high if low <= high else value >= low or value <= high for low, high in ranges)


def _full_year(year: int, at: time.struct_time) -> int:
    """A year of two digits is of the century we are in."""
    return year if year > 99 else at.tm_year // 100 * 100 + year


# A configuration has few different periods, and each is looked at for every result.
@lru_cache(maxsize=1024)
def _compiled(spec: str) -> tuple[SubPeriod, ...]:
    text = spec.strip().lower()
    if not text:
        return ((),)
    if text == "none":
        return ()
    subs = text.split(",")
    while subs and not subs[-1].strip():
        subs.pop()  # Perl's split drops them too
    return tuple(_sub_period(sub.strip()) for sub in subs)


def _sub_period(text: str) -> SubPeriod:
    if not text:
        raise ValueError("nothing between two commas")
    ranges: dict[str, list[Range]] = {}
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError("it has not the form 'scale {range ...}'")
        name = _scale(part[1])
        ranges.setdefault(name, []).extend(_ranges(name, part[2]))
        at = part.end()
    return tuple((name, tuple(found)) for name, found in ranges.items())


def _scale(word: str) -> str:
    name = _LONG.get(word, word)
    if name not in _SCALES:
        raise ValueError(f"'{word}' is none of the scales {', '.join(_SCALES)}")
    return name


def _ranges(name: str, text: str) -> list[Range]:
    return [_range(name, word) for word in _DASH.sub("-", text.strip()).split()]


def _range(name: str, word: str) -> Range:
    low, dash, high = word.rpartition("-")
    if not dash:
        value = _value(name, word)
        return (value, value)
    return (_value(name, low), _value(name, high))


def _value(name: str, word: str) -> int:
    scale = _SCALES[name]
    if scale.words and word[: scale.letters] in scale.words:
        return scale.words.index(word[: scale.letters]) + 1
    if name == "hr" and (hour := _hour(word)) is not None:
        return hour
    if word.isascii() and word.isdigit():
        number = int(word)
        if scale.low <= number <= scale.high or (name == "yr" and number <= 99):
            return number
    raise ValueError(f"'{word}' is not in the range of {name}, {_takes(name)}")


def _hour(word: str) -> int | None:
    if word == "12noon":
        return 12
    clock = _CLOCK.fullmatch(word)
    if clock is None:
        return None
    hour = int(clock[1])
    if hour == 12:
        hour = 0
    # Time::Period takes 20am for 20, but not 13pm.
    hour += 12 if clock[2] == "pm" else 0
    return hour if hour <= 23 else None


def _takes(name: str) -> str:
    scale = _SCALES[name]
    if name == "yr":
        return "1970 or later, or two digits"
    words = {"mo": " or jan-dec", "wd": " or sun-sat", "hr": ", 12am-11pm or 12noon"}
    return f"{scale.low}-{scale.high}{words.get(name, '')}"
