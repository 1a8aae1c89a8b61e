"""What everybody may write and root believes: mon.cf, plugins, and the directories they lie in."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from mon.daemon.loading import Loaded
from mon.model.source import Problem, Severity, Source


def exposed(loaded: Loaded, user: int) -> list[Problem]:
    """A warning for each such file and directory; none unless ``user`` is root.

    A directory above counts too: who may write there can put another in the place of what is in it, but for
    one with the sticky bit like /tmp.
    """
    if user != 0:
        return []
    where = loaded.places
    directories = [*where.mondirs, *where.late_mondirs, *where.alertdirs, *where.late_alertdirs]
    directories += (*where.templatedirs, where.statedir)
    files = [Path(name) for name in (*loaded.sources, *loaded.files)]
    files += (where.authfile, where.userfile)
    open_to_all = dict.fromkeys((*_writable((*files, *directories)), *_replaceable((*files, *directories))))
    return [_problem(path) for path in open_to_all]


def _problem(path: Path) -> Problem:
    what = "everybody may write it, and mon runs as root"
    shared = _mode(path) & stat.S_ISVTX  # like /tmp: it is for everybody, and has to stay so
    remedy = "name a directory of mon's own instead" if shared else f"chmod o-w {path}"
    return Problem(Source(str(path)), what, remedy, Severity.WARNING)


def _writable(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if _mode(path) & stat.S_IWOTH)


def _replaceable(paths: Iterable[Path]) -> Iterator[Path]:
    above = dict.fromkeys(
        parent for path in paths if _mode(path) for parent in Path(os.path.abspath(path)).parents
    )
    return (parent for parent in above if _mode(parent) & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH)


def _mode(path: Path) -> int:
    """Its mode; 0 if it is not there."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
