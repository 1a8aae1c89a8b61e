"""Where a word of the configuration stands, and what is wrong there."""

from enum import StrEnum

from mon.structs import Struct


class Source(Struct, frozen=True, order=True):
    """A place in a configuration file."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Source()


class Severity(StrEnum):
    """How bad a problem is: an error refuses the file, a warning does not.

    ``CLASSIC`` is a warning shown only by ``mon check --classic``: fine here, refused by the classic mon.
    """

    ERROR = "error"
    WARNING = "warning"
    CLASSIC = "classic"


class Problem(Struct, frozen=True):
    """One thing wrong in a configuration: printed as ``file:line: what is wrong: what to do``."""

    source: Source
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.source}: {self.what}: {self.remedy}"
