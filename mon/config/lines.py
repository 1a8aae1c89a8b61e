"""Physical lines to logical ones: comments dropped, continuations joined, each with its number.

A line that begins with ``#`` is dropped before anything else, even inside a continued line.  A line
that ends in backslashes goes on with the next one, whose leading blanks go; an empty line then only
ends it.  The number of a line is that of the last physical line it is made of.

A physical line ends with LF, CR LF or CR; CR CR LF, which a conversion done twice makes, is one end too.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_CONTINUED = re.compile(r"\\+\s*$")
_RAW = re.compile("[\udc80-\udcff]")
"""What ``surrogateescape`` makes of a byte that is no UTF-8."""


class Line(NamedTuple):
    """A logical line without blanks around it; ``text`` is "" for an empty one.

    ``lost``: it is continued by the end of the file, where the classic mon loses it.
    """

    text: str
    number: int
    lost: bool = False


def decoded(text: str) -> tuple[str, tuple[int, ...]]:
    """The text of a file that was decoded with ``surrogateescape``, and its lines that are not UTF-8.

    Those are taken for Latin-1, as files of the last century are; the others stay as they are.
    """
    if _RAW.search(text) is None:
        return text, ()
    lines = physical_lines(text)
    odd = tuple(number for number, line in enumerate(lines) if _RAW.search(line))
    for number in odd:
        lines[number] = lines[number].encode(errors="surrogateescape").decode("latin-1")
    return "\n".join(lines), tuple(number + 1 for number in odd)


def physical_lines(text: str) -> list[str]:
    """The lines as an editor numbers them."""
    return text.replace("\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def logical_lines(text: str) -> Iterator[Line]:
    """The lines of a file, comments left out."""
    begun: str | None = None  # what a continued line has so far
    last = 0
    for number, physical in enumerate(physical_lines(text), 1):
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
