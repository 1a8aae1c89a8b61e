"""Where a value stands, and where what is wrong with it is noted."""

from mon.model.source import Problem, Severity, Source, Tolerance


class Misfit(ValueError):
    """A value that cannot be taken: ``what`` is wrong with it, and the ``remedy``."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}: {remedy}")
        self.what = what
        self.remedy = remedy


class Place:
    """A line of a configuration file.  Problems noted here go to the list shared by all places."""

    __slots__ = ("_problems", "source")

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self._problems = problems

    def error(self, what: str, remedy: str, tolerated: Tolerance = Tolerance.NONE) -> None:
        """The file is refused."""
        self._problems.append(Problem(self.source, what, remedy, tolerated=tolerated))

    def warning(self, what: str, remedy: str) -> None:
        """It is taken, but hardly meant so."""
        self._problems.append(Problem(self.source, what, remedy, Severity.WARNING))

    def classic(self, what: str, remedy: str = "leave it out if the file is for the classic mon too") -> None:
        """It is fine here, but not for the classic mon."""
        self._problems.append(Problem(self.source, f"the classic mon {what}", remedy, Severity.CLASSIC))
