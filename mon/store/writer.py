"""One thread that owns one database: jobs that queue up while a transaction runs share the next one."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from mon.errors import StoreError
from mon.store.files import UNREADABLE, damaged, identity, move_aside, translated

T = TypeVar("T")

Job = Callable[[sqlite3.Connection], Any]

AT_ONCE = 100
"""Jobs of one transaction that somebody waits for: they all go on in one turn of the loop, 0.1 ms each and
more.  A disk that needs 10 ms for a transaction still takes 10,000 a second."""


class Carried(Protocol):
    """What goes in front of each transaction until one has taken it."""

    def write(self, db: sqlite3.Connection) -> None:
        """Write it."""
        ...

    def written(self) -> None:
        """The transaction is on disk."""
        ...


class Writer:
    """The owner of a connection.  Jobs run in the order they came, in its thread, in a transaction.

    ``linger`` is how many seconds the first job waits for others to share its transaction, of which there may
    then be any number, as nobody waits for them; else it is shared by ``AT_ONCE``.  ``anew`` opens an empty
    database: a file that turns out to be damaged is moved aside, ``renewals`` counts how often.  The same
    with one that was removed or replaced: what is written to it would be gone with the process.  ``carried``
    is written with the first transaction that succeeds.  ``unopened`` says why there is no ``db`` so far:
    each transaction tries to open the file, and fails until one could.  ``guard`` raises StoreError when the
    files at the path are no longer ours to touch.
    """

    def __init__(
        self,
        db: sqlite3.Connection | None,
        path: Path | None,
        *,
        linger: float = 0.0,
        anew: Callable[[], sqlite3.Connection] | None = None,
        carried: Carried | None = None,
        unopened: str = "",
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._guard = guard
        self.unopened = unopened
        self.renewals = 0
        self.left_alone = False  # closed, but the disk did not answer
        self._remarks: deque[str] = deque()
        self._db = db or sqlite3.connect(":memory:", check_same_thread=False)
        if unopened:
            self._db.close()  # whatever is to be written opens the file first
        self._path = path
        self._linger = linger
        self._anew = anew
        self._carried = carried
        self._identity = identity(path) if path else None
        self._size = path.stat().st_size if path and not unopened else 0
        self._wrong = ""  # why the database is closed, and could not be begun anew yet
        self._aside = ""  # ... and what became of what lay there
        self._jobs: deque[tuple[Job, Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._hurry = False
        self._closing = False
        self._thread = threading.Thread(
            target=self._run, name=f"mon-{path.name if path else 'memory'}", daemon=True
        )
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs are queued."""
        return len(self._jobs)

    def remarks(self) -> tuple[str, ...]:
        """What there is to log of the file, each once."""
        return tuple(self._remarks.popleft() for _ in range(len(self._remarks)))

    def look(self) -> None:
        """See soon whether the file is still there, unless there is something to write anyway."""
        if not self._jobs:
            self.submit(lambda db: self._guard(), hurry=True)

    def submit(self, job: Callable[[sqlite3.Connection], T], *, hurry: bool = False) -> Future[T]:
        """Queue a job; its result is there when it is committed.

        The future fails with StoreError.  ``hurry`` ends the lingering.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closing:
                future.set_exception(StoreError(f"{self._path}: closed"))
                return future
            self._jobs.append((job, future))
            self._hurry = self._hurry or hurry
            self._changed.notify()
        return future

    def close(self, timeout: float = 2.0) -> None:
        """Commit what is queued and close the database; a second time does nothing.

        A disk that does not answer within ``timeout`` seconds is left to itself: the end of the daemon
        does not wait for it.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        self.left_alone = self._thread.is_alive()

    def _run(self) -> None:
        while jobs := self._next():
            self._commit(jobs)
        self._db.close()

    def _next(self) -> list[tuple[Job, Future[Any]]]:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            if self._linger:
                self._changed.wait_for(lambda: self._hurry or self._closing, self._linger)
            self._hurry = False
            waiting = len(self._jobs)
            return [self._jobs.popleft() for _ in range(waiting if self._linger else min(waiting, AT_ONCE))]

    def _commit(self, jobs: Sequence[tuple[Job, Future[Any]]]) -> None:
        try:
            self._stay_at_the_path()
            results = self._transaction([job for job, _ in jobs])
        except Exception as error:  # noqa: BLE001 - a job's fault is its caller's, and must not end the thread
            if isinstance(error, UNREADABLE) and damaged(error):
                error = self._begin_anew(error)
            # One bad job must not take the others with it; but a full, locked or broken disk is bad for all.
            elif len(jobs) > 1 and not isinstance(error, sqlite3.OperationalError | StoreError):
                for single in jobs:
                    self._commit([single])
                return
            for _, future in jobs:
                future.set_exception(self._translated(error))
            return
        for (_, future), result in zip(jobs, results, strict=True):
            future.set_result(result)

    def _transaction(self, jobs: Sequence[Job]) -> list[Any]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if self._carried is not None:
                self._carried.write(self._db)
            results = [job(self._db) for job in jobs]
            self._db.execute("COMMIT")
        except BaseException:  # nothing of it may stay, whatever it was
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._be_sure()
        if self._carried is not None:
            self._carried.written()
        return results

    def _stay_at_the_path(self) -> None:
        """Begin anew when the files were removed or replaced.  Raises StoreError when that cannot be done."""
        if self._path is None or self._anew is None or self._wrong:
            return
        if self.unopened:
            self._open_at_last(self._path, self._anew)
        if identity(self._path) == self._identity:
            return
        self._guard()
        mine = identity(self._path)[1:] == self._identity[1:] if self._identity else False
        if mine:  # the last to close a database removes its log by name: that one only
            self._close()
        self._wrong = f"{self._path} (or its log) was removed or replaced"
        # What is there is somebody's, and its log would be taken for one of ours.
        self._remarks.append(self._open_anew("replaced"))

    def _close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def _be_sure(self) -> None:
        """A transaction is over: is it in the file that the next start will open?

        Raises StoreError when it is not.
        """
        if self._path is None or self._anew is None:
            return
        if identity(self._path) != self._identity:
            raise StoreError(f"{self._path} was removed or replaced while it was written")
        size = self._path.stat().st_size
        if size < self._size:
            error = sqlite3.DatabaseError("it was cut short")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        self._size = size

    def _open_anew(self, word: str) -> str:
        """Move aside what lies there, once, and begin a new file; what happened.

        Raises StoreError; then the next transaction tries again.
        """
        if self._path is None or self._anew is None:
            return ""
        if not self._aside:
            there = any(identity(self._path))
            self._aside = (
                f"what was there is now {move_aside(self._path, word)}" if there else "nothing was left"
            )
            self._close()
        self._path.parent.mkdir(mode=0o750, exist_ok=True)
        self._db = self._anew()
        said = f"{self._wrong}; {self._aside}, and a new one was begun"
        self._identity, self._size = identity(self._path), self._path.stat().st_size
        self._wrong = self._aside = ""
        self.renewals += 1
        return said

    def _open_at_last(self, path: Path, anew: Callable[[], sqlite3.Connection]) -> None:
        """Open what could not be opened at the start; the file is used as it lies there."""
        try:
            self._guard()
            self._db = anew()
        except StoreError as error:
            self.unopened = str(error)
            raise
        self._identity, self._size = identity(path), path.stat().st_size
        self.unopened = ""
        self.renewals += 1
        self._remarks.append(f"{path} can be written now")

    def _begin_anew(self, error: Exception) -> Exception:
        """Move the damaged file aside; what is to be told to those whose jobs it was."""
        if self._path is None or self._anew is None:
            return error
        try:
            self._guard()
        except StoreError as trouble:
            return trouble
        self._wrong = self._wrong or f"{self._path} is damaged ({error})"
        self._close()  # before it is moved, or its log would be removed by name later
        try:
            return StoreError(self._open_anew("damaged"))
        except StoreError as trouble:
            return trouble
        except OSError as trouble:
            return translated(trouble, self._path)

    def _translated(self, error: Exception) -> Exception:
        ours = isinstance(error, (*UNREADABLE, OSError))
        return translated(error, self._path) if ours else error
