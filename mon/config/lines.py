"""Physical lines to logical ones: comments dropped, continuations joined, each with its number.

A line that begins with ``#`` is dropped before anything else, even inside a continued line.  A line
that ends in backslashes goes on with the next one, whose leading blanks go; an empty line then only
ends it.  The number of a line is that of the last physical line it is made of.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_CONTINUED = re.compile(r"\\+\s*$")


class Line(NamedTuple):
    """A logical line without blanks around it; ``text`` is "" for an empty one.

    ``lost``: it is continued by the end of the file, where the classic mon loses it.
    """

    text: str
    number: int
    lost: bool = False


def logical_lines(text: str) -> Iterator[Line]:
    """The lines of a file, comments left out."""
    begun: str | None = None  # what a continued line has so far
    last = 0
    for number, physical in enumerate(text.split("\n"), 1):
        line = physical.strip()
        if line.startswith("#"):
            continue
        last = number
        if begun is None and not line.endswith("\\"):
            yield Line(line, number)
            continue
        if line.endswith("\\"):
            begun = (begun or "") + _CONTINUED.sub("", line)
            continue
        yield Line(f"{begun}{line}".strip(), number)
        begun = None
    if begun:
        yield Line(begun.strip(), last, lost=True)
