"""The edge of the config room: reads files, and sends them through m4.

A file is UTF-8; a line that is not is Latin-1, as files of the last century are (`lines.decoded`).
"""

import gc
import glob
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mon.config.lint import unwatched
from mon.config.parsed import Parsed, parse
from mon.config.reader import in_order
from mon.model.config import Config
from mon.model.source import Problem, Source
from mon.starting import run
from mon.structs import replace

LARGEST = 64 << 20
"""Bytes of a file: a hundred thousand services have half of it, /dev/zero has no end."""

_M4_SECONDS = 30
_REMEDY = "correct its name or its permissions"


def load(path: str, *, m4: str = "", classic: bool = False) -> Parsed:
    """Read and parse a configuration file.

    A name that ends in .m4 goes through m4; ``m4`` is its program (and then any file does).  What
    cannot be read is a problem like any other.
    """
    try:
        text = _through_m4(m4 or "m4", path) if m4 or path.endswith(".m4") else _text(Path(path))
    except OSError as error:
        what = f"the file cannot be read ({error.strerror or error})"
        return Parsed(Config(), (Problem(Source(path), what, _REMEDY),))
    with _without_collection():
        parsed = parse(text, path, read=read, classic=classic)
    more = [*_missing_files(parsed.config, Path(path).parent)]
    if not (more or parsed.errors):
        more += (problem.under(classic=classic) for problem in unwatched(parsed.config, path))
    return replace(parsed, problems=in_order((*parsed.problems, *more), [path])) if more else parsed


@contextmanager
def _without_collection() -> Iterator[None]:
    """All of the many small values that a large file becomes stay: looking for garbage doubles the time.

    They are frozen, or the first look afterwards would go over all of them at once.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()


def read(pattern: str, relative_to_file: str) -> Iterator[tuple[str, str]]:
    """The files an ``include`` line means, by name: one file, or all that match a pattern."""
    whole = Path(relative_to_file).parent / pattern
    names = sorted(glob.glob(str(whole))) if glob.has_magic(pattern) else [str(whole)]
    for name in names:
        yield name, _text(Path(name))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(f"it is larger than {LARGEST >> 20} MB")
    return _decoded(data)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="surrogateescape")


def _through_m4(program: str, path: str) -> str:
    """What m4 makes of the file.  Line numbers are then those of its output, as with the classic mon."""
    try:
        done = run([program, path], timeout=_M4_SECONDS, stdin=None)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{program} did not end within {_M4_SECONDS} s") from error
    if done.returncode:
        raise OSError(f"{program}: {done.stderr.decode(errors='backslashreplace').strip()}")
    return _decoded(done.stdout)


def _missing_files(config: Config, beside: Path) -> Iterator[Problem]:
    """The classic mon refuses an authfile or userfile that cannot be read.

    It looks for a relative name only in the current directory; we look where it is used as well.
    """
    settings = config.settings
    for name in ("authfile", "userfile"):
        value = getattr(settings, name)
        places = (Path(value), Path(settings.cfbasedir or beside) / value)
        if name in settings.given and not (value and any(_readable(place) for place in places)):
            what = f"{name} '{value}' does not exist or cannot be read"
            yield Problem(settings.given[name], what, _REMEDY)


def _readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
