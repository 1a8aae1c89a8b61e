"""The command line: ``mon COMMAND ...``, or ``mon -c FILE ...`` as the classic mon is started."""

import sys
from collections.abc import Sequence

from mon.cli.classic import start
from mon.cli.commands import command
from mon.cli.output import guarded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status.  Words that begin with a dash are the classic daemon's."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help", "--version"):
        return guarded(lambda: start(words))
    return guarded(lambda: command(words))
