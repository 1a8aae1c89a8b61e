"""A weight as a monitor or mon.cf writes it: a number, or a share of the server's weight in mon.cf."""

import re
from dataclasses import dataclass

from mon.structs import Struct

LARGEST = 65535
"""The largest weight of a real server."""

_FORM = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)(%?)", re.ASCII)


class Weight(Struct, frozen=True):
    """``5``, or as a ``share`` ``75%``: so many hundredths of the weight that mon.cf gives the server."""

    number: float
    share: bool = False

    def of(self, whole: int) -> float:
        """The weight of a server that has ``whole`` in mon.cf."""
        return min(float(LARGEST), max(0.0, self.number * whole / 100 if self.share else self.number))

    def __str__(self) -> str:
        return f"{self.number:g}" + ("%" if self.share else "")


def weight_of(text: str) -> Weight | None:
    """``5`` or ``75%`` as a weight, None if it is neither."""
    match = _FORM.fullmatch(text)
    return Weight(float(match[1]), bool(match[2])) if match else None


@dataclass(frozen=True, slots=True, init=False)
class Weighed:
    """A line of detail that carries a suggested weight: ``Weighed("load 0.7", "75%")``.

    A check returns it, ``report`` takes it, in place of the plain line.  ``weight`` is a number, or a share
    of the server's weight in mon.cf.  Raises ValueError for what is neither.
    """

    detail: str
    weight: Weight

    def __init__(self, detail: str, weight: float | str | Weight) -> None:
        object.__setattr__(self, "detail", detail)
        object.__setattr__(self, "weight", weight if isinstance(weight, Weight) else _meant(weight))

    def __str__(self) -> str:
        return self.detail


def _meant(said: float | str) -> Weight:
    found = weight_of(said if isinstance(said, str) else f"{said:.3f}")
    if found is None:
        raise ValueError(f"{said!r:.40} is no weight: give a number from 0 on, or a share like '75%'")
    return found


Detail = str | Weighed
"""What is said of a host, with or without a suggested weight."""


def detail_of(said: object) -> Detail:
    """What a check returned as a detail: whatever it is, it is shown."""
    return said if isinstance(said, Weighed) else str(said or "")


def parted(detail: Detail) -> tuple[str, Weight | None]:
    """The line and the weight."""
    return (detail.detail, detail.weight) if isinstance(detail, Weighed) else (detail, None)
