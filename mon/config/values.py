"""Converters: the text behind a directive to its value, or `Misfit`.

All have the same form, ``convert(text, place)``; what is taken although the classic mon would not is
noted at the place.  Times are seconds.
"""

import ipaddress
import re

from mon import depend, period
from mon.config import words
from mon.config.place import Misfit, Place
from mon.model.config import AlertAfter, AlertEvery, EveryMode, Retry

_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TIME_REMEDY = "write a number and one of ms, s, m, h, d, like 30s"
_RETRY = re.compile(r"([^\s.,]+(?:\.\d+[a-z]+)?)\.\.([^\s,]+)(?:(?:\s+for\s+|,)(\S+))?")
_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_MOST_DIGITS = 18
_LONGEST = 999_999 * 86400.0
"""Seconds: calendars end with the year 9999."""

SHORTEST = 0.02
"""Seconds: the timetable looks so often what is due, and nothing is done more often."""

_EVERY_REMEDY = f"write {SHORTEST * 1000:g}ms or more (ms is a thousandth of a second, m a minute)"
_PATH_REMEDY = "write a path, or delete the line"
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})*\.?", re.ASCII)
MOST_WORKERS = 64
_YES = ("1", "y", "yes", "true", "on")
_NO = ("0", "n", "no", "false", "off")


def text(value: str, place: Place) -> str:
    """The text as it is."""
    return value


def path(value: str, place: Place) -> str:
    """The name of a file or directory."""
    if not value:
        raise Misfit("no path is named", _PATH_REMEDY)
    return value


def blanks(value: str, place: Place) -> tuple[str, ...]:
    """A list between blanks."""
    return tuple(value.split())


def patterns(value: str, place: Place) -> tuple[str, ...]:
    """Regular expressions between blanks."""
    for pattern in value.split():
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError, ValueError) as error:
            raise Misfit(
                f"{pattern!r} is no regular expression ({error})", r"write it like 10\.1\.1\.\d+"
            ) from error
    return tuple(value.split())


def colons(value: str, place: Place) -> tuple[str, ...]:
    """A list of paths between colons."""
    found = tuple(part.strip() for part in value.split(":") if part.strip())
    if not found:
        raise Misfit("no path is named", _PATH_REMEDY)
    return found


def is_address(text: str) -> bool:
    """Is it a numeric address?"""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def address(value: str, place: Place) -> str:
    """Where to listen: a numeric address, or a name."""
    if is_address(value):
        return value
    if _HOST.fullmatch(value) and not value.rstrip(".").rpartition(".")[2].isdigit():
        return value
    if value in ("", "*"):
        remedy = "write 0.0.0.0 to listen everywhere"
    elif value.startswith("["):
        remedy = "write an address of IPv6 without brackets, and the port in a line of its own"
    else:
        remedy = "write one address or name; the port has a line of its own"
    raise Misfit(f"'{value}' is neither an address nor a name", remedy)


def flag(value: str, place: Place) -> bool:
    """The directive alone says yes; what stands behind it is ignored."""
    if value.lower() in _NO:
        place.warning(f"'{value}' behind a switch is ignored", "delete the line to switch it off")
    return True


def time_or_zero(value: str, place: Place) -> float:
    """A number and a unit: ``90s``, ``1.5h``, ``200ms``."""
    match = _TIME.fullmatch(value)
    if match is None:
        remedy = f"write {value}s, or another unit (ms, s, m, h, d)" if value.isdigit() else _TIME_REMEDY
        raise Misfit(f"'{value}' is no time", remedy)
    seconds = float(match[1]) * _UNITS[match[2].lower()]
    if seconds > _LONGEST:
        raise Misfit(f"'{value}' is too long", "write at most 999999d")
    if match[2].lower() == "ms":
        place.classic(f"refuses the unit of '{value}'")
    elif 0 < seconds < 1:
        place.classic(f"works in steps of a second, '{value}' is shorter")
    return seconds


def time(value: str, place: Place) -> float:
    """A time longer than zero."""
    seconds = time_or_zero(value, place)
    if not seconds:
        raise Misfit(f"'{value}' is too short", "write a time longer than zero, or delete the line")
    return seconds


def every(value: str, place: Place) -> float:
    """How often something is done, or how long it may take: what is shorter than a tick is taken for one."""
    seconds = time(value, place)
    if seconds < SHORTEST:
        what = f"'{value}' is shorter than the {SHORTEST * 1000:g}ms between two looks at what is due"
        place.warning(f"{what}, which is taken", _EVERY_REMEDY)
    return max(seconds, SHORTEST)


def count(value: str, place: Place) -> int:
    """A whole number, zero or more."""
    if not (value.isascii() and value.isdigit()):
        raise Misfit(f"'{value}' is no whole number", "write digits only")
    if len(value) > _MOST_DIGITS:  # int() refuses more than 4,300, and the largest here is a mark of 32 bits
        raise Misfit(f"'{value}' is too large", "write a smaller number")
    return int(value)


def workers(value: str, place: Place) -> int:
    """How many processes probe: a few; none is the daemon itself."""
    number = count(value, place)
    if number > MOST_WORKERS:
        raise Misfit(f"{number} workers are too many", f"write at most {MOST_WORKERS}: one for each core")
    return number


def positive(value: str, place: Place) -> int:
    """A whole number, 1 or more."""
    number = count(value, place)
    if not number:
        raise Misfit("0 is too small", "write a number of 1 or more")
    return number


def port(value: str, place: Place) -> int:
    """A port number."""
    number = count(value, place)
    if not 1 <= number <= 65535:
        raise Misfit(f"{number} is no port", "write a number from 1 to 65535")
    return number


def yes_no(value: str, place: Place) -> bool:
    """yes or no, and what else is commonly written for them."""
    if value.lower() in (*_YES, *_NO):
        return value.lower() in _YES
    raise Misfit(f"'{value}' is neither yes nor no", "write yes or no")


def unack_summary(value: str, place: Place) -> bool:
    """0, 1, or any text with a y (yes) or else an n (no): so the classic mon reads it."""
    if value in ("0", "1"):
        return value == "1"
    for letter, meaning in (("y", True), ("n", False)):
        if letter in value.lower():
            return meaning
    raise Misfit(f"'{value}' is neither yes nor no", "write yes or no")


def unack_summary_word(value: str, place: Place) -> bool:
    """As a directive of a service it may stand alone, as the manual page has always said."""
    if value:
        return unack_summary(value, place)
    place.classic("refuses unack_summary without a value", "write 'unack_summary yes'")
    return True


def dep_behavior(value: str, place: Place) -> str:
    """What a failing dependency holds back: alerts, monitors, or single hosts."""
    if value in ("a", "m", "hm"):
        return value
    raise Misfit(f"'{value}' is no dep_behavior", "write a (alerts), m (monitors) or hm (hosts)")


def period_spec(value: str, place: Place) -> str:
    """A Time::Period expression."""
    if wrong := period.check(value):
        remedy = "leave it empty" if value == "always" else "write it like wd {Mon-Fri} hr {9am-5pm}"
        raise Misfit(f"'{value}' is no period ({wrong})", remedy)
    for what, remedy in period.doubts(value):
        place.warning(f"period: {what}", remedy)
    return value


def dependency(value: str, place: Place) -> str:
    """A dependency expression; none at all is no dependency."""
    if value:
        try:
            depend.compiled(value)
        except ValueError as error:
            raise Misfit(
                f"'{value}' is no dependency ({error})", "write it like net:ping && !SELF:backup"
            ) from error
    return value


def exit_range(value: str, place: Place) -> tuple[int, int]:
    """``N`` or ``N-M``, inclusive."""
    match = _RANGE.fullmatch(value)
    if match is None:
        raise Misfit(f"'{value}' is no range of exit statuses", "write it like 1 or 2-5")
    low, high = count(match[1], place), count(match[2] or match[1], place)
    if low > high:
        raise Misfit(f"no exit status is in the range {value}", f"write {high}-{low}")
    return low, high


def alertevery(value: str, place: Place) -> AlertEvery:
    """``TIME [summary|observe_detail|ignore_summary|strict]``."""
    interval, _, mode = value.partition(" ")
    try:
        return AlertEvery(time(interval, place), EveryMode(mode.strip().lower() or "summary"))
    except ValueError as error:
        if isinstance(error, Misfit):
            raise
        raise Misfit(
            f"'{mode.strip()}' is no mode of alertevery",
            "write summary, observe_detail, ignore_summary or strict",
        ) from error


def until_ack(value: str, place: Place) -> bool:
    """``until ack``: the only end there is."""
    if value.lower() == "ack":
        return True
    raise Misfit(f"'{value}' is no end of alerts", "write until ack")


def collate(value: str, place: Place) -> float | str:
    """``TIME``, or the name of an alertgroup."""
    if value[:1].isdigit():
        return time(value, place)
    if _NAME.fullmatch(value):
        return value
    raise Misfit(f"'{value}' is neither a time nor an alertgroup", "write it like 30s, or the group's name")


def alertafter(value: str, place: Place) -> AlertAfter:
    """``N``, ``TIME`` or ``N TIME``; words before the last form are ignored, as they always were."""
    parts = value.split()
    if len(parts) > 2 and parts[-2].isdigit():
        place.warning(f"'{' '.join(parts[:-2])}' is ignored", "delete it")
    elif (len(parts) == 2 and not parts[0].isdigit()) or not 1 <= len(parts) <= 2:
        raise Misfit(f"'{value}' is no alertafter", "write a number, a time, or a number and a time")
    if len(parts) > 1:
        return AlertAfter(count(parts[-2], place), _after_time(parts[-1], place))
    if value.isdigit():
        return AlertAfter(count(value, place))
    return AlertAfter(seconds=_after_time(value, place))


def _after_time(value: str, place: Place) -> float:
    seconds = time(value, place)
    if not value[:-1].isdigit() or value[-1] not in "smh":
        place.classic(f"refuses '{value}' here", "write a whole number and s, m or h")
    return seconds


def retry(value: str, place: Place) -> Retry:
    """``FIRST..LONGEST [for LIFE]``: ``1m..30m for 24h``; in an option ``1m..30m,24h``."""
    match = _RETRY.fullmatch(value)
    if match is None:
        raise Misfit(f"'{value}' is no alertretry", "write it like 1m..30m for 24h")
    first, longest = every(match[1], place), every(match[2], place)
    if first > longest:
        raise Misfit(f"{match[1]} is longer than {match[2]}", f"write {match[2]}..{match[1]}")
    return Retry(first, longest, time(match[3], place) if match[3] else Retry().life)


def arguments(value: str) -> tuple[str, ...]:
    """Shell-like words, or `Misfit`."""
    try:
        return words.split(value)
    except ValueError as error:
        raise Misfit(str(error), "close it, or write a backslash before it") from error
