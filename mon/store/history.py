"""history.db: what happened, for those who ask: transitions, alerts held back, deliveries, the journal.

Written about once a second (WAL, synchronous NORMAL), and never waited for: a disk that is full or slow
costs history, nothing else.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from mon.errors import StoreError, StoreRefused
from mon.model.config import Key
from mon.model.deed import Deed
from mon.model.moment import Moment
from mon.model.notice import Decision
from mon.model.result import Transition
from mon.store.files import open_database
from mon.store.journal import insert, latest, pools_of, select
from mon.store.schema import HISTORY
from mon.store.values import Batch, Hold, Outcome, Stage
from mon.store.writer import Writer
from mon.structs import replace

T = TypeVar("T")

LINGER = 1.0
"""Seconds that changes are collected before they are written."""

MOST_WAITING = 10_000
"""Batches that may wait for a slow disk; what comes then is dropped and counted."""

AGE = 90 * 86400.0
"""Rows older than this many seconds are deleted."""

ROWS = 500_000
"""So many rows of each table are kept."""

PRUNE_EVERY = 2_000
"""Batches between two looks at age and number of the rows."""

TABLES = ("transition", "hold", "delivery", "journal")


class HistoryStore:
    """The owner of history.db and its thread."""

    def __init__(self, writer: Writer, warnings: tuple[str, ...], *, age: float, rows: int) -> None:
        self._writer = writer
        self.warnings = warnings
        self.dropped = 0
        self.trouble = ""
        self._age = age
        self._rows = rows
        self._recorded = 0
        self._holds: dict[Key, dict[tuple[str, ...], int]] = {}  # equal holds -> their row; the thread's
        self._file = 0  # which file the rows of ``_holds`` are in: it may be begun anew

    @classmethod
    def open(
        cls,
        path: str | Path | None,
        *,
        age: float = AGE,
        rows: int = ROWS,
        linger: float = LINGER,
        guard: Callable[[], None] = lambda: None,
    ) -> "HistoryStore":
        """Open or make the file; None keeps all in memory.  ``guard`` is asked before a file is replaced.

        One that cannot be opened now is opened as soon as it can be.  Raises StoreRefused: a newer version.
        """
        file = Path(path) if path else None
        trouble, db = "", None
        warnings: tuple[str, ...]
        try:
            opened = open_database(file, HISTORY, synchronous="NORMAL")
            db, warnings = opened.db, opened.warnings
        except StoreRefused:
            raise
        except StoreError as error:
            trouble, warnings = str(error), (f"{error}: nothing is recorded before it can be opened",)
        writer = Writer(
            db,
            file,
            linger=linger,
            anew=lambda: open_database(file, HISTORY, synchronous="NORMAL").db,
            unopened=trouble,
            guard=guard,
        )
        return cls(writer, warnings, age=age, rows=rows)

    def record(self, batch: Batch) -> None:
        """Take what a batch says for the history; returns at once and never fails.

        ``dropped`` counts the batches that were lost, ``trouble`` is the last reason.
        """
        if not (batch.transitions or batch.holds or batch.deliveries):
            return
        # Of what is not for the history nothing must stay in memory while the disk is slow.
        news = Batch(
            batch.at,
            transitions=batch.transitions,
            holds=batch.holds,
            deliveries=tuple(replace(each, body=None) if each.body else each for each in batch.deliveries),
        )
        self._queue(batch.at, lambda db: self._write(db, news))

    def journal(self, deeds: Sequence[Deed]) -> None:
        """Take what was done to balancers; returns at once and never fails (law 3)."""
        if deeds:
            self._queue(deeds[-1].at, lambda db: insert(db, deeds))

    async def deeds(
        self,
        *,
        pool: str = "",
        server: str = "",
        since: float = 0.0,
        until: float | None = None,
        limit: int = 100,
    ) -> tuple[Deed, ...]:
        """The latest deeds between two wall times, oldest first; "" is any pool, any server."""
        return await self._ask(
            lambda db: select(db, pool=pool, server=server, since=since, until=until, limit=limit)
        )

    async def last_deeds(self, server: str, *, until: float | None = None) -> tuple[Deed, ...]:
        """The last deed on a server (its name or address) in each pool, up to a wall time."""
        return await self._ask(lambda db: latest(db, pools=pools_of(db, server), server=server, until=until))

    async def transitions(
        self,
        key: Key | None = None,
        *,
        host: str | None = None,
        since: float = 0.0,
        until: float | None = None,
        limit: int = 100,
        oldest: bool = False,
    ) -> tuple[Transition, ...]:
        """The latest transitions between two wall times (``oldest``: the first), oldest first.

        ``host`` "" is the service itself.
        """
        more: list[tuple[str, Any]] = [] if host is None else [("host = ?", host)]
        more += [] if until is None else [("at <= ?", until)]
        rows = await self._select("transition", _TRANSITION, key, since, limit, more, oldest=oldest)
        return tuple(_changed(*row) for row in rows)

    async def holds(
        self, key: Key | None = None, *, since: float = 0.0, until: float | None = None, limit: int = 100
    ) -> tuple[Hold, ...]:
        """The latest alerts held back between two wall times, oldest first."""
        more: list[tuple[str, Any]] = [] if until is None else [("first <= ?", until)]
        return tuple(Hold(*row) for row in await self._select("hold", _HOLD, key, since, limit, more))

    async def deliveries(
        self, key: Key | None = None, *, since: float = 0.0, limit: int = 100
    ) -> tuple[Outcome, ...]:
        """The latest attempts at sending alerts, oldest first."""
        rows = await self._select("delivery", _DELIVERY, key, since, limit)
        return tuple(Outcome(entry, Stage(stage), *rest) for entry, stage, *rest in rows)

    def remarks(self) -> tuple[str, ...]:
        """What there is to log of the file, each once."""
        return self._writer.remarks()

    def look(self) -> None:
        """See whether the file is still there; one that is gone is begun anew."""
        self._writer.look()

    def flush(self) -> None:
        """Wait until all that was recorded is written."""
        self._writer.submit(lambda db: None, hurry=True).result()

    def close(self) -> None:
        """Write what is queued and close the file."""
        self._writer.close()

    async def _select(
        self,
        table: str,
        columns: str,
        key: Key | None,
        since: float,
        limit: int,
        more: Sequence[tuple[str, Any]] = (),
        *,
        oldest: bool = False,
    ) -> Sequence[tuple[Any, ...]]:
        wanted: list[tuple[str, Any]] = [("at >= ?", since), *more]
        if key is not None:
            wanted += [("watch = ?", key[0]), ("service = ?", key[1])]
        where = " AND ".join(clause for clause, _ in wanted)
        order = "ASC" if oldest else "DESC"
        sql = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY id {order} LIMIT ?"
        values = [*(value for _, value in wanted), limit]
        rows = await self._ask(lambda db: db.execute(sql, values).fetchall())
        return rows if oldest else list(reversed(rows))

    async def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._writer.submit(question, hurry=True))

    def _queue(self, at: float, job: Callable[[sqlite3.Connection], None]) -> None:
        """Have something written behind what waits already; ``at`` is the wall time now."""
        if self._writer.waiting >= MOST_WAITING:
            self._lost("the disk is too slow")
            return
        self._recorded += 1
        prune = self._recorded % PRUNE_EVERY == 1

        def work(db: sqlite3.Connection) -> None:
            job(db)
            if prune:
                _prune(db, at - self._age, self._rows)

        self._writer.submit(work).add_done_callback(self._written)

    def _written(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self._holds.clear()  # rows that were rolled back are not there to count on
            self._lost(str(error))

    def _lost(self, why: str) -> None:
        self.dropped += 1
        self.trouble = why

    def _write(self, db: sqlite3.Connection, batch: Batch) -> None:
        db.executemany(
            f"INSERT INTO transition ({_TRANSITION}) VALUES (?,?,?,?,?,?,?)",
            map(_transition, batch.transitions),
        )
        ended = [outcome for outcome in batch.deliveries if outcome.stage is not Stage.IN_FLIGHT]
        db.executemany(
            f"INSERT OR IGNORE INTO delivery ({_DELIVERY}) VALUES ({','.join('?' * 13)})",
            map(_delivery, ended),
        )
        self._forget_holds(
            {(change.watch, change.service) for change in batch.transitions if not change.host}
        )
        for decision in batch.holds:
            self._hold(db, decision)

    def _hold(self, db: sqlite3.Connection, held: Decision) -> None:
        key = (held.watch, held.service)
        words = (*key, held.period, held.line.kind, held.type, held.line.command.text, held.rule)
        if self._file != self._writer.renewals:
            self._holds, self._file = {}, self._writer.renewals
        rows = self._holds.setdefault(key, {})
        row = rows.get(words)
        if row is not None:
            changed = db.execute(
                "UPDATE hold SET count = count + 1, at = ?, why = ? WHERE id = ?",
                (held.at.wall, held.why, row),
            )
            if changed.rowcount:
                return
        at = held.at.wall
        added = db.execute(
            f"INSERT INTO hold ({_HOLD}) VALUES ({','.join('?' * 11)})", (*words, held.why, at, at, 1)
        )
        rows[words] = added.lastrowid or 0

    def _forget_holds(self, changed: set[Key]) -> None:
        # A change of opinion begins a new story: the next hold gets a row of its own.
        for key in changed:
            self._holds.pop(key, None)


_TRANSITION = "at, watch, service, host, old, new, why"
_HOLD = "watch, service, period, kind, type, command, rule, why, first, at, count"
_DELIVERY = "entry, stage, attempts, why, at, next_at, duration, watch, service, period, kind, type, command"


def _transition(change: Transition) -> tuple[Any, ...]:
    return (change.at.wall, change.watch, change.service, change.host, change.old, change.new, change.why)


def _changed(at: float, watch: str, service: str, host: str, old: str, new: str, why: str) -> Transition:
    return Transition(watch, service, host, old, new, why, Moment(at, 0.0))


def _delivery(outcome: Outcome) -> tuple[Any, ...]:
    return (
        *(
            outcome.id,
            outcome.stage,
            outcome.attempts,
            outcome.why,
            outcome.at,
            outcome.next_at,
            outcome.duration,
        ),
        *(outcome.watch, outcome.service, outcome.period, outcome.kind, outcome.type, outcome.command),
    )


def _prune(db: sqlite3.Connection, oldest: float, rows: int) -> None:
    for table in TABLES:
        db.execute(f"DELETE FROM {table} WHERE at < ?", (oldest,))
        db.execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (rows,))
