"""One thread that owns one database: jobs that queue up while a transaction runs share the next one."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mon.errors import StoreError
from mon.store.files import damaged, move_aside, translated

T = TypeVar("T")

Job = Callable[[sqlite3.Connection], Any]

AT_ONCE = 100
"""Jobs of one transaction that somebody waits for: they all go on in one turn of the loop, 0.1 ms each and
more.  A disk that needs 10 ms for a transaction still takes 10,000 a second."""


class Writer:
    """The owner of a connection.  Jobs run in the order they came, in its thread, in a transaction.

    ``linger`` is how many seconds the first job waits for others to share its transaction, of which there may
    then be any number, as nobody waits for them; else it is shared by ``AT_ONCE``.  ``anew`` opens an empty
    database: a file that turns out to be damaged is moved aside, ``renewals`` counts how often.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path | None,
        *,
        linger: float = 0.0,
        anew: Callable[[], sqlite3.Connection] | None = None,
    ) -> None:
        self.renewals = 0
        self._db = db
        self._path = path
        self._linger = linger
        self._anew = anew
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
            results = self._transaction([job for job, _ in jobs])
        except Exception as error:  # noqa: BLE001 - a job's fault is its caller's, and must not end the thread
            if isinstance(error, sqlite3.Error) and damaged(error):
                error = self._begin_anew(error)
            # One bad job must not take the others with it; but a full, locked or broken disk is bad for all.
            elif len(jobs) > 1 and not isinstance(error, sqlite3.OperationalError):
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
            results = [job(self._db) for job in jobs]
            self._db.execute("COMMIT")
        except BaseException:  # nothing of it may stay, whatever it was
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return results

    def _begin_anew(self, error: sqlite3.Error) -> Exception:
        """Move the damaged file aside; what is to be told to those whose jobs it was."""
        if self._path is None or self._anew is None:
            return error
        with suppress(sqlite3.Error):  # closed before it is moved, or its log would be removed by name later
            self._db.close()
        try:
            aside = move_aside(self._path) if self._path.exists() else "nowhere"
            self._db = self._anew()
        except StoreError as trouble:
            return trouble
        self.renewals += 1
        return StoreError(f"{self._path} is damaged ({error}); it was moved to {aside} and a new one begun")

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._path) if isinstance(error, sqlite3.Error) else error
