"""Where a word of the configuration stands, and what is wrong there."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Source:
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


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration: printed as ``file:line: what is wrong: what to do``."""

    source: Source
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.source}: {self.what}: {self.remedy}"
