"""What an operator wants to see in an answer, as options say it.

The words are checked when the config is read and used with every check, so both are remembered.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from mon.errors import BadOption, Down
from mon.model.result import Cause
from mon.probe.pattern import Pattern
from mon.structs import Struct


class Statuses(Struct, frozen=True):
    """Numbers and inclusive ranges of numbers: ``200-399,401``.  ``503 in statuses`` asks."""

    text: str
    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, status: int) -> bool:
        return any(low <= status <= high for low, high in self.ranges)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=256)
def statuses(text: str) -> Statuses:
    """Read them.  Raises BadOption."""
    ranges = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise BadOption(f"{text!r} is no list of statuses: write numbers and ranges, as 200-399,401")
        ranges.append((int(low), int(high or low)))
    return Statuses(text, tuple(ranges))


@lru_cache(maxsize=4096)
def regex(text: str) -> Pattern:
    """A regular expression over bytes; its dot matches line ends too.  Raises BadOption."""
    return Pattern(text)


NUMBERS = {
    "port": ("-p", 1, 65535),
    "timeout": ("-t", 0.001, 86_400_000),
    "retries": ("-r", 0, 1000),
    "slow": ("-s", 0, 86_400_000),
    "count": ("-c", 1, 1000),
    "interval": ("-i", 0, 3600),
    "loss": ("--loss", 0, 100),
    "redirects": ("--redirects", 0, 1000),
}
"""Options that several monitors have: letter, least, most."""


def numbers(options: Mapping[str, object]) -> None:
    """Refuse a number that cannot be meant.  Raises BadOption."""
    for name, (flag, least, most) in NUMBERS.items():
        value = options.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            raise BadOption(f"{flag} is given {value:g}: it takes {least:g} to {most:g}")


CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def plain(options: Mapping[str, object]) -> None:
    """Refuse control characters in any text: in a protocol of lines they would be commands of their own.

    Raises BadOption.
    """
    for name, value in options.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and CONTROL.search(text):
                raise BadOption(f"--{name.replace('_', '-')} has a control character in it: leave it out")


def valued(text: str, match: str, least: float | None, most: float | None) -> str:
    """The value that was asked for, if it is as wanted: matches, is a number within the limits.

    Raises Down.
    """
    if match and not regex(match).matches(text.encode()):
        raise Down(f"{text[:80]}: no match for {match}", cause=Cause.WRONG)
    if least is None and most is None:
        return text
    try:
        number = float(text)
    except ValueError as error:
        raise Down(f"{text[:80]!r} is no number", cause=Cause.WRONG) from error
    if least is not None and not number >= least:
        raise Down(f"{text} is less than {least:g}", cause=Cause.WRONG)
    if most is not None and not number <= most:
        raise Down(f"{text} is more than {most:g}", cause=Cause.WRONG)
    return text
