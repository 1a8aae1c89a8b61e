"""Where mon.cf has us write: files whose directory is not there, and a state directory that others share."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mon.daemon.places import Places
from mon.model.config import Settings
from mon.model.source import Problem, Severity, Source, Tolerance

SHARED = frozenset(map(os.path.realpath, (
    "/", "/bin", "/boot", "/dev", "/dev/shm", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc",
    "/root", "/run", "/run/lock", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib",
    "/usr/local", "/usr/local/lib", "/usr/sbin", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/lock",
    "/var/log", "/var/mail", "/var/run", "/var/spool", "/var/tmp",
)))  # fmt: skip
"""Directories of the whole system (hier(7)), in which names like state.db belong to nobody."""


def misplaced(settings: Settings, where: Places, file: str) -> Iterator[Problem]:
    """Warnings, and an error for the state directory (a start goes on: the state is there already).

    ``file`` is where it is said of what the command line chose.
    """
    for word, path in _directories(settings, where):
        if not _will_be(path, where):
            yield _warning(
                settings, word, file, f"there is no directory {path}", "make it, or correct its name"
            )
    for word, path in _files(settings, where):
        if path.is_dir():
            yield _warning(settings, word, file, f"{path} is a directory", "write the name of a file in it")
        elif not _will_be(path.parent, where):
            what = f"there is no directory {path.parent} to write {path.name} in"
            yield _warning(settings, word, file, what, "make it, or correct its name")
    if what := _unfit(where.statedir):
        place = settings.given.get("statedir", Source(file))
        remedy = f"write a directory of mon's own, like {where.statedir / 'mon'}"
        yield Problem(place, f"statedir: {where.statedir} is {what}", remedy, tolerated=Tolerance.START)


def _will_be(directory: Path, where: Places) -> bool:
    return directory.is_dir() or directory == where.statedir  # which is made at the start


def _directories(settings: Settings, where: Places) -> Iterator[tuple[str, Path]]:
    if settings.logdir:
        yield "logdir", where.logdir
    if settings.cfbasedir:
        yield "cfbasedir", where.cfbasedir


def _files(settings: Settings, where: Places) -> Iterator[tuple[str, Path]]:
    if where.pidfile is not None:
        yield "pidfile", where.pidfile
    if settings.historicfile:
        yield "historicfile", where.logdir / settings.historicfile
    if settings.dtlogging and settings.dtlogfile:
        yield "dtlogfile", where.logdir / settings.dtlogfile
    if settings.monerrfile:
        yield "monerrfile", Path(settings.monerrfile)


def _unfit(statedir: Path) -> str:
    """Why a directory is not one to keep state in, "" if it is."""
    if os.path.realpath(statedir) in SHARED:
        return "shared with other programs"
    try:
        mode = statedir.stat().st_mode
    except OSError:  # it is made at the start
        return ""
    if not stat.S_ISDIR(mode):
        return "no directory"
    return (
        "for everybody's files (it has the sticky bit)" if mode & stat.S_ISVTX and mode & stat.S_IWOTH else ""
    )


def _warning(settings: Settings, word: str, file: str, what: str, remedy: str) -> Problem:
    place = settings.given.get(word, Source(file))
    return Problem(place, f"{word}: {what}", remedy, Severity.WARNING)
