"""What state.db holds, read as far as it can be: a damaged row costs that row, and is told.

A file that cannot be opened where it lies (the disk is full, or read only) is read from a copy of it.
"""

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from mon.store.files import SUFFIXES, UNREADABLE
from mon.store.schema import version_of
from mon.store.values import Kept, Row, Saved, Stage

KEPT_TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "states": ("service_state", ("watch", "service")),
    "hosts": ("host_state", ("watch", "service", "host")),
    "pools": ("pool", ("name",)),
    "ownership": ("ownership", ("name",)),
    "notes": ("note", ("name",)),
}
"""Field of a Batch and of Saved -> its table and the columns of its key."""

COLUMNS = "id, body, created, stage, attempts, next_at, why, changed"

FORMS = (str, bytes, float, str, int, float, str, float)
"""What is in them.  SQLite keeps whatever it is given in any column, damage too."""

ENDED = "('sent', 'failed', 'expired')"

STAGES = frozenset(Stage)


def read(db: sqlite3.Connection, warnings: tuple[str, ...] = ()) -> Saved:
    """All that can be read; what cannot is counted in ``warnings``."""
    lost: Counter[str] = Counter()
    kept: dict[str, Any] = {name: _kept(db, lost, *table) for name, table in KEPT_TABLES.items()}
    at = [row[0] for row in _rows(db, lost, "last_batch", "saved_at") if isinstance(row[0], float | int)]
    disabled = [row for row in _rows(db, lost, "disabled", "kind, watch, name") if _is(row, (str, str, str))]
    # Whatever has not ended for sure: a stage that cannot be read is no end.
    found = _rows(db, lost, f"outbox WHERE stage NOT IN {ENDED} ORDER BY seq", COLUMNS)
    entries = tuple(as_rows(found, lost))
    told = tuple(f"{count} rows of {table} in state.db cannot be read" for table, count in lost.items())
    return Saved(
        max(at, default=0.0), disabled=frozenset(disabled), entries=entries, warnings=warnings + told, **kept
    )


def as_rows(found: Iterable[tuple[Any, ...]], lost: Counter[str] | None = None) -> Iterator[Row]:
    """Entries of the outbox; one whose stage cannot be read is to be tried: better twice than never."""
    for row in found:
        if _is(row, FORMS):
            id_, body, at, stage, *rest = row
            yield Row(id_, body, at, Stage(stage) if stage in STAGES else Stage.RETRY, *rest)
        elif lost is not None:
            lost["outbox"] += 1


def from_copy(path: Path) -> Saved | None:
    """What a database holds that cannot be opened where it lies; None if it cannot be read at all."""
    try:
        with tempfile.TemporaryDirectory(prefix="mon-") as directory:
            copy = Path(directory) / path.name
            for suffix in SUFFIXES[:2]:  # the last one is made from the log
                source = path.with_name(path.name + suffix)
                if source.exists():
                    shutil.copyfile(source, copy.with_name(copy.name + suffix))
            with closing(sqlite3.connect(copy)) as db:
                db.text_factory = lambda words: words.decode("utf-8", "replace")
                return read(db) if version_of(db) else Saved()  # nothing was ever written to it
    except (OSError, *UNREADABLE):
        return None


def _kept(
    db: sqlite3.Connection, lost: Counter[str], table: str, columns: tuple[str, ...]
) -> dict[Any, Kept]:
    found: dict[Any, Kept] = {}
    forms = (*(str for _ in columns), bytes, float)
    for row in _rows(db, lost, table, f"{', '.join(columns)}, body, saved_at"):
        if _is(row, forms):
            found[row[0] if len(columns) == 1 else row[:-2]] = Kept(row[-2], row[-1])
        else:
            lost[table] += 1
    return found


def _rows(db: sqlite3.Connection, lost: Counter[str], table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, up to where it cannot be read."""
    try:
        yield from db.execute(f"SELECT {columns} FROM {table}")
    except UNREADABLE:
        lost[table.partition(" ")[0]] += 1


def _is(row: tuple[Any, ...], forms: tuple[type, ...]) -> bool:
    return all(
        isinstance(value, float | int if form is float else form)
        for value, form in zip(row, forms, strict=True)
    )
