"""What templates may do with a value: times, durations, names that fit, lines that are news."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from mon.model.notice import HostReport, Notice

if TYPE_CHECKING:
    from jinja2.runtime import Context


def zone_named(name: str) -> tzinfo | None:
    """The time zone of this name (``Europe/Berlin``), None for "": that of this machine.

    Raises ValueError when there is none of this name.
    """
    if not name:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # a directory, a bad name, one that is not there
        raise ValueError(f"there is no time zone {name}") from None


def clock(wall: float | None, form: str = "%Y-%m-%d %H:%M:%S", zone: str = "") -> str:
    """A wall time as the clock shows it in a zone; "never" for 0 and None."""
    if not wall:
        return "never"
    try:
        there = zone_named(zone)
    except ValueError:  # verified when the configuration was read; a message is worth more than its zone
        there = None
    return datetime.fromtimestamp(wall, there).astimezone(there).strftime(form)


def clock_there(context: "Context", wall: float | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Filter: ``clock`` in the zone that the template was rendered with."""
    zone = context.get("zone", "")
    return clock(wall, form, zone if isinstance(zone, str) else "")


def iso(wall: float) -> str:
    """Filter: a wall time as RFC 3339 has it, in UTC: what programs read."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unsaid(output: str, reports: Iterable[HostReport], *others: str) -> str:
    """Filter: the lines of a monitor's output that neither the hosts' details nor the others say."""
    said = {"", *(other.strip() for other in others)}
    for report in reports:
        said |= {report.detail.strip(), f"{report.host}: {report.detail}".strip()}
    left = "\n".join("" if line.strip() in said else line.rstrip() for line in output.splitlines())
    return re.sub("\n{3,}", "\n\n", left).strip("\n")


def by_watch(notices: Iterable[Notice]) -> list[tuple[str, list[Notice]]]:
    """Filter: watches in the order in which they come first, each with what is about it."""
    found: dict[str, list[Notice]] = {}
    for notice in notices:
        found.setdefault(notice.watch, []).append(notice)
    return list(found.items())


UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """Filter: ``250 ms``, ``12 s``, ``2 min 5 s``, ``3 h 10 min``: the two units that matter."""
    if 0 < seconds < 0.9995:  # what rounds to 1000 ms is a second
        return f"{seconds * 1000:.0f} ms"
    left = max(0, round(seconds))
    first = next((index for index, (size, _) in enumerate(UNITS) if left >= size), len(UNITS) - 1)
    words: list[str] = []
    for size, unit in UNITS[first : first + 2]:
        number, left = divmod(left, size)
        if number or not words:
            words.append(f"{number} {unit}")
    return " ".join(words)


def some(names: Iterable[str], width: int = 40) -> str:
    """Filter: as many names as fit into ``width`` characters, then ``+N more``; at least one."""
    every = list(names)
    for shown in range(min(len(every), width // 2 + 1), 1, -1):  # of thousands no more can fit
        text = _shown(every, shown)
        if len(text) <= width:
            return text
    return _shown(every, 1)


def _shown(names: Sequence[str], count: int) -> str:
    more = len(names) - count
    return " ".join(names[:count]) + (f" +{more} more" if more > 0 else "")
