"""Where a word of the configuration stands, and what is wrong there."""

from enum import StrEnum

from mon.structs import Struct


class Source(Struct, frozen=True, order=True):
    """A place in a configuration file."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """A file as a whole has no line."""
        return f"{self.file}:{self.line}" if self.line else self.file


NOWHERE = Source()


class Severity(StrEnum):
    """How bad a problem is: an error refuses the file, a warning does not.

    ``CLASSIC`` is a warning shown only by ``mon check --classic``: fine here, refused by the classic mon.
    """

    ERROR = "error"
    WARNING = "warning"
    CLASSIC = "classic"


class Tolerance(StrEnum):
    """Where an error is a warning only.

    ``CLASSIC``: with the classic command line, since the classic mon takes such a file.  ``START``: there,
    and when ``mon run`` starts, since the rest can be watched without it; ``mon check`` and a reload refuse.
    """

    NONE = ""
    CLASSIC = "classic"
    START = "start"


LONGEST = 600
"""Letters of what is wrong that are printed: a value may be as long as the file."""


class Problem(Struct, frozen=True):
    """One thing wrong in a configuration: printed as ``file:line: what is wrong: what to do``."""

    source: Source
    what: str
    remedy: str
    severity: Severity = Severity.ERROR
    tolerated: Tolerance = Tolerance.NONE

    def under(self, *, classic: bool = False, starting: bool = False) -> "Problem":
        """The problem as the classic command line, or a start, sees it."""
        tolerated = bool(self.tolerated) and (classic or (starting and self.tolerated is Tolerance.START))
        if not tolerated or self.severity is not Severity.ERROR:
            return self
        return Problem(self.source, self.what, self.remedy, Severity.WARNING)

    def __str__(self) -> str:
        return self.told()

    def told(self, mark: str = "") -> str:
        """The line that is printed, with ``mark`` before what is wrong."""
        return f"{self.source}: {mark}{_shortened(self.what)}: {_shortened(self.remedy)}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 100]} ... {text[-90:]}"
