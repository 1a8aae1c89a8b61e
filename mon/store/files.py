"""Opening a database file: ours alone, whole, and of our version; or moved aside and begun anew."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Collection
from itertools import count
from pathlib import Path

from mon import private
from mon.errors import StoreError, StoreRefused
from mon.store.schema import Schema, lift
from mon.structs import Struct

SMALL = 16 << 20
"""Bytes up to which a file is always checked; a larger one only after a crash (that leaves a log)."""

BUSY = 0.5
"""Seconds to wait for another program (a backup, the sqlite3 shell) that has the file locked.  What is
refused is kept and tried again a second later; for so long such a program may hold up a start or the end."""

SUFFIXES = ("", "-wal", "-shm")
"""The files of a database in WAL mode.  SQLite finds them by their names: a commit is lost with its log."""

NO_LOCKS = frozenset((errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS))
"""What flock(2) says of a directory where the file system has no locks for it."""

UNREADABLE = (sqlite3.Error, UnicodeDecodeError, OverflowError)
"""What sqlite3 raises for a file that is not as it should be: words in it that are no UTF-8 end up in the
text of its errors, which it then cannot make."""

DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class Opened(Struct, frozen=True):
    """A connection for use in any one thread, and what there is to say about the file."""

    db: sqlite3.Connection
    warnings: tuple[str, ...] = ()


def open_database(path: Path | None, schema: Schema, *, synchronous: str) -> Opened:
    """Open or make a database in WAL mode; None is one in memory.

    A damaged file is moved aside, never deleted, and said.  ``synchronous`` is FULL (a commit outlives
    a loss of power) or NORMAL (it outlives a crash of ours).  Raises StoreError.
    """
    try:
        return Opened(*_connect(path, schema, synchronous))
    except UNREADABLE as error:
        if path is None or not damaged(error):
            raise translated(error, path) from error
        said = f"{path} was damaged ({error}); it was moved to {move_aside(path)} and a new one begun"
    try:
        db, warnings = _connect(path, schema, synchronous)
    except UNREADABLE as error:
        raise translated(error, path) from error
    return Opened(db, (said, *warnings))


def damaged(error: Exception) -> bool:
    """Is the file itself broken (not merely locked, full or forbidden)?"""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, UNREADABLE)
    # Without a code: what became of one that could be moved aside, but not begun anew.
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DAMAGED or "closed database" in str(error)


def translated(error: Exception, path: Path | None) -> StoreError:
    """The same trouble in our words, with the file's name."""
    return StoreError(f"{path or 'the database in memory'}: {error}")


def move_aside(path: Path, word: str = "damaged") -> str:
    """Rename a database and what belongs to it to the first free ``NAME.damaged-N``; that name.

    Raises StoreError when the directory does not allow it.
    """
    target = next(
        name
        for number in count(1)
        if not os.path.lexists(path.with_name(name := f"{path.name}.{word}-{number}"))
    )
    for suffix in SUFFIXES:
        try:
            path.with_name(path.name + suffix).rename(path.with_name(target + suffix))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise translated(error, path) from error
    return target


def identity(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """Which files a database and what belongs to it are: device and inode of each, None for none."""
    name = os.fspath(path)  # not by way of Path, which makes of 5 us 30 for each transaction
    return tuple(_number(name + suffix) for suffix in SUFFIXES)


def _number(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def lock_directory(directory: Path) -> int:
    """Hold a directory until the descriptor is closed: no file in it has to stay for that.

    Raises StoreError when another process holds it.  A network file system may know no locks of directories
    (flock(2) over NFS wants a file that is open for writing): there the lock files are all there is.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise translated(error, directory) from error
    return _held(descriptor, directory, but=NO_LOCKS)


def lock(path: Path) -> int:
    """Hold ``PATH.lock`` until the descriptor is closed: two daemons on one outbox would send twice.

    Raises StoreError when another process has it.
    """
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise translated(error, path) from error
    return _held(descriptor, path)


def _held(descriptor: int, path: Path, but: Collection[int] = ()) -> int:
    """The descriptor, locked; with an error number of ``but`` it stays open without a lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreRefused(f"{path} is in use by another mon: stop that one first") from error
    except OSError as error:
        if error.errno not in but:
            os.close(descriptor)
            raise translated(error, path) from error
    return descriptor


def _connect(
    path: Path | None, schema: Schema, synchronous: str
) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    check = path is None or _to_be_checked(path)
    if path:
        _make_private(path)
    db = sqlite3.connect(
        path or ":memory:", timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.text_factory = _text
        if check:
            _check(db)
        said = lift(db, schema, path)
    except BaseException:  # whatever it was, the file must not stay open behind it
        db.close()
        raise
    return db, (said,) if said else ()


def _text(words: bytes) -> str:
    return words.decode("utf-8", "replace")  # a wrong byte costs that word, not the whole table


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _to_be_checked(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() or (path.exists() and path.stat().st_size <= SMALL)


def _make_private(path: Path) -> None:
    # Notices hold what monitors printed: not for everybody's eyes, whatever the umask.
    try:
        private.make(path)
    except OSError as error:
        raise translated(error, path) from error
