"""`parse`: the text of mon.cf to a Config and everything that is wrong with it."""

from mon.config.lint import lint
from mon.config.reader import Read, Reader, in_order
from mon.model.config import Config
from mon.model.source import Problem, Severity
from mon.structs import Struct


class Parsed(Struct, frozen=True):
    """A configuration as far as it could be read, and its problems in the order of the file.

    It may be used only if there are no ``errors``.  ``files`` are those that were read, in that order.
    """

    config: Config
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What refuses the file."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is taken, but hardly meant so."""
        return self._of(Severity.WARNING)

    @property
    def classic(self) -> tuple[Problem, ...]:
        """What is fine, but not for the classic mon."""
        return self._of(Severity.CLASSIC)

    def _of(self, severity: Severity) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is severity)


def parse(text: str, file: str, *, read: Read, classic: bool = False) -> Parsed:
    """Parse the text of ``file``; ``read`` gives the files that ``include`` names.

    ``classic``: with the classic command line, which takes what the classic mon takes.
    """
    reader = Reader(read, classic=classic)
    reader.file(file, text)
    config = reader.sheet.finish()
    found = (*reader.problems, *lint(config, reader.sheet, reader.problems))
    judged = (problem.under(classic=classic) for problem in found)
    return Parsed(config, in_order(judged, reader.files), tuple(reader.files))
