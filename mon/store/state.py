"""state.db: what must outlive a crash: opinions, votes, the operator's words and the outbox.

A batch is written in the order in which it was submitted, and durable (WAL, synchronous FULL) when its future
is done; batches that come while one is being written share the next transaction.  What the disk refuses is
kept, and written before whatever comes next (``unsaved``).
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mon.errors import StoreError, StoreRefused
from mon.store.files import UNREADABLE, open_database
from mon.store.history import HistoryStore
from mon.store.lock import Lock
from mon.store.reading import COLUMNS, KEPT_TABLES, as_rows, from_copy, read
from mon.store.schema import STATE
from mon.store.unsaved import HOPELESS, Unsaved
from mon.store.values import Batch, Outcome, Row, Saved
from mon.store.writer import Writer
from mon.structs import replace

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds a commit may take before its caller is told that the disk does not answer."""

ENDED_KEPT = 1000
"""So many sent, failed and expired entries stay in the outbox (all of them are in the history)."""

PRUNE_EVERY = 500
"""Entries that end between two looks at how many are kept: the look goes through all that there are, so that
one for each entry made a storm of 4,000 alerts 16 million rows."""


class StateStore:
    """The owner of state.db and its thread.  ``history``, if any, is told what each batch says for it."""

    def __init__(
        self,
        db: sqlite3.Connection | None,
        file: Path | None,
        *,
        warnings: tuple[str, ...],
        lock: Lock,
        unopened: str = "",
    ) -> None:
        self._file = file
        self.history: HistoryStore | None = None
        self._unsaved = Unsaved(self._write)
        self._writer = Writer(
            db,
            file,
            anew=lambda: open_database(file, STATE, synchronous="FULL").db,
            carried=self._unsaved,
            unopened=unopened,
            guard=lock.keep,
        )
        self._warnings = warnings
        self._lock = lock
        self._ended = 0  # since the last look at how many are kept; touched by the thread only

    @classmethod
    def open(cls, path: str | Path | None, *, history: HistoryStore | None = None) -> "StateStore":
        """Open or make the file; None keeps all in memory (the classic command line without ``-l``).

        One that cannot be opened now (the disk is full, read only, locked) is opened as soon as it can be:
        till then what is to be written is kept.  Raises StoreRefused: in use by another mon, or of a newer
        version.
        """
        file = Path(path) if path else None
        held, trouble, db = Lock(file), "", None
        warnings: tuple[str, ...]
        try:
            held.keep()
            db, warnings = _opened(file)
        except StoreRefused:
            held.close()
            raise
        except StoreError as error:
            trouble, warnings = str(error), (f"{error}: mon goes on with what it can read",)
        store = cls(db, file, warnings=warnings, lock=held, unopened=trouble)
        store.history = history
        return store

    @property
    def unopened(self) -> str:
        """Why the file cannot be opened so far, "" if it is open."""
        return self._writer.unopened

    @property
    def renewals(self) -> int:
        """How often the file was found damaged or gone and begun anew: all that is known belongs into it."""
        return self._writer.renewals

    @property
    def unsaved(self) -> bool:
        """Is there something that the disk has refused, or not taken in time at the end?"""
        return bool(self._unsaved) or self._writer.left_alone

    def keep_lock(self) -> None:
        """Raises StoreRefused when another mon has the files by now: then nothing there is ours to touch."""
        self._lock.keep()

    def remarks(self) -> tuple[str, ...]:
        """What there is to log of the file, each once."""
        lost, self._unsaved.lost = self._unsaved.lost, ""
        return (*self._writer.remarks(), *([lost] if lost else ()))

    def look(self) -> None:
        """See whether the file is still there, and write what the disk has refused, if it takes it now."""
        self._writer.look()

    def submit(self, batch: Batch) -> Future[None]:
        """Have a batch written, behind all that was submitted before; the future fails with StoreError.

        It is written sooner or later even then, unless its values have no form on disk.
        """
        self.tell(batch)
        hopeless: list[Exception] = []

        def job(db: sqlite3.Connection) -> None:
            try:
                self._write(db, batch)
            except HOPELESS as error:
                hopeless.append(error)
                raise

        def answered(done: Future[None]) -> None:
            if done.exception() is not None and not hopeless:
                self._unsaved.add(batch)

        future = self._writer.submit(job)
        future.add_done_callback(answered)
        return future

    def tell(self, batch: Batch) -> None:
        """Pass on what a batch says for the history, and save nothing of it."""
        if self.history is not None:
            self.history.record(batch)

    async def saved(self, future: Future[None], *, patience: float = PATIENCE) -> None:
        """Wait for what was submitted.

        Raises StoreError (disk full, locked, silent for ``patience`` seconds); the caller goes on with what
        it knows.  Who is cancelled takes nothing out of the queue.
        """
        await _answer(future, patience)

    async def commit(self, batch: Batch, *, patience: float = PATIENCE) -> None:
        """Submit a batch and wait for it; see ``saved``."""
        await self.saved(self.submit(batch), patience=patience)

    def load(self) -> Saved:
        """All that is known, for the start (it waits for the disk).

        Of a file that cannot be opened what a copy of it says; raises nothing.
        """
        if self._writer.unopened and self._file is not None:
            return self._known_of(self._file)
        try:
            return self._writer.submit(lambda db: read(db, self._warnings)).result()
        except StoreError as error:
            return Saved(warnings=(*self._warnings, str(error)))

    def _known_of(self, file: Path) -> Saved:
        found = from_copy(file) if file.exists() else Saved()
        if found is None:
            return Saved(warnings=(*self._warnings, f"{file}: nothing is known of before: it cannot be read"))
        return replace(found, warnings=(*self._warnings, *found.warnings))

    async def unsent(self) -> tuple[Row, ...]:
        """The entries of the outbox that have not ended, in the order of their decisions."""
        return await _answer(self._writer.submit(_unsent), PATIENCE)

    async def entry(self, id: str) -> Row | None:
        """One entry of the outbox, ended or not; None when it is no longer (or never was) there."""
        rows = await _answer(self._writer.submit(lambda db: _rows(db, "WHERE id = ?", id)), PATIENCE)
        return rows[0] if rows else None

    async def note(self, name: str) -> bytes | None:
        """What was last saved under a name; None for nothing."""
        return await _answer(self._writer.submit(lambda db: _note(db, name)), PATIENCE)

    async def entries(self, since: float, limit: int) -> tuple[Row, ...]:
        """The unsent entries and those that ended since a wall time, the latest ``limit``, oldest first."""
        where = f"WHERE changed >= ? OR {_UNSENT_WORDS}"
        return await _answer(self._writer.submit(lambda db: _latest(db, where, limit, since)), PATIENCE)

    async def those(self, ids: Sequence[str]) -> tuple[Row, ...]:
        """The entries with these ids that are still kept, in the order of their decisions."""
        where = f"WHERE id IN ({', '.join('?' * len(ids))})"
        return await _answer(self._writer.submit(lambda db: _rows(db, where, *ids)), PATIENCE)

    async def named(self, start: str) -> tuple[Row, ...]:
        """The entries whose id begins like this; a few of them if there are many."""
        where = "WHERE substr(id, 1, ?) = ?"
        return await _answer(
            self._writer.submit(lambda db: _latest(db, where, 5, len(start), start)), PATIENCE
        )

    def close(self) -> None:
        """Write what is queued, and what was refused if it is taken now; close the file, give up the lock."""
        self._writer.look()
        self._writer.close()
        self._lock.close()

    def _write(self, db: sqlite3.Connection, batch: Batch) -> None:
        _write(db, batch)
        self._ended += sum(outcome.stage.ended for outcome in batch.deliveries)
        if self._ended >= PRUNE_EVERY:
            self._ended = 0
            db.execute(_PRUNE, (ENDED_KEPT,))


async def _answer(future: Future[T], patience: float) -> T:
    # Shielded: a caller that is cancelled does not take its job out of the queue.
    try:
        async with asyncio.timeout(patience):
            return await asyncio.shield(asyncio.wrap_future(future))
    except TimeoutError as error:
        raise StoreError(f"the disk has not answered for {patience:g} s") from error


def _opened(file: Path | None) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    opened = open_database(file, STATE, synchronous="FULL")
    with suppress(*UNREADABLE):  # the next look at how many are kept will do it
        opened.db.execute(_PRUNE, (ENDED_KEPT,))
    return opened.db, opened.warnings


def _write(db: sqlite3.Connection, batch: Batch) -> None:
    for name, (table, columns) in KEPT_TABLES.items():
        if values := getattr(batch, name):
            _keep(db, table, columns, values, batch.at)
    if batch.disabled is not None:
        db.execute("DELETE FROM disabled")
        db.executemany("INSERT INTO disabled VALUES (?, ?, ?)", sorted(batch.disabled))
    if batch.entries:
        db.executemany(_ADD, map(_added, batch.entries))
    if batch.deliveries:
        db.executemany(_OUTCOME, map(_outcome, batch.deliveries))
    db.execute("INSERT OR REPLACE INTO last_batch VALUES (1, ?)", (batch.at,))


def _keep(
    db: sqlite3.Connection, table: str, columns: tuple[str, ...], values: Mapping[Any, Any], at: float
) -> None:
    marks = ", ".join("?" * (len(columns) + 2))
    where = " AND ".join(f"{column} = ?" for column in columns)
    put = [(*_words(key), body, at) for key, body in values.items() if body is not None]
    forget = [_words(key) for key, body in values.items() if body is None]
    db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", put)
    db.executemany(f"DELETE FROM {table} WHERE {where}", forget)


def _words(key: str | tuple[str, ...]) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else key


_ADD = (
    "INSERT OR IGNORE INTO outbox (id, stage, attempts, next_at, created, changed, why, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_OUTCOME = (
    "UPDATE outbox SET stage = ?, attempts = ?, next_at = ?, changed = ?, why = ?, body = ifnull(?, body)"
    " WHERE id = ?"
)
_UNSENT_WORDS = "stage IN ('waiting', 'in flight', 'retry')"
_UNSENT = f"WHERE {_UNSENT_WORDS}"
_PRUNE = f"""DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox
    WHERE NOT ({_UNSENT_WORDS}) ORDER BY changed DESC, seq DESC LIMIT -1 OFFSET ?)"""


def _added(row: Row) -> tuple[Any, ...]:
    why = _text(row.why)
    return (row.id, row.stage, row.attempts, row.next_at, row.created, row.created, why, row.body)


def _text(said: str) -> str:
    """Fit for a column: a byte that was not text is written out."""
    return said if said.isascii() else said.encode("utf-8", "backslashreplace").decode()


def _outcome(outcome: Outcome) -> tuple[Any, ...]:
    stage, attempts = outcome.stage, outcome.attempts
    return (stage, attempts, outcome.next_at, outcome.at, _text(outcome.why), outcome.body, outcome.id)


def _note(db: sqlite3.Connection, name: str) -> bytes | None:
    found = db.execute("SELECT body FROM note WHERE name = ?", (name,)).fetchone()
    return bytes(found[0]) if found else None


def _unsent(db: sqlite3.Connection) -> tuple[Row, ...]:
    return _rows(db, _UNSENT)


def _rows(db: sqlite3.Connection, where: str, *values: Any) -> tuple[Row, ...]:
    found = db.execute(f"SELECT {COLUMNS} FROM outbox {where} ORDER BY seq", values)
    return tuple(as_rows(found))


def _latest(db: sqlite3.Connection, where: str, limit: int, *values: Any) -> tuple[Row, ...]:
    found = db.execute(f"SELECT {COLUMNS} FROM outbox {where} ORDER BY seq DESC LIMIT ?", (*values, limit))
    return tuple(as_rows(reversed(found.fetchall())))
