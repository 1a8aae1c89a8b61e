"""The tables of our databases, by version, and how an old file becomes a new one.

A schema is a list of steps; step N lifts a file from version N to N + 1 (PRAGMA user_version), and the
first one makes it from nothing.  Before a step is taken on a file that holds something, a copy is put
beside it.  Steps are only ever added.
"""

import sqlite3
from pathlib import Path

from mon import private
from mon.errors import StoreRefused
from mon.structs import Struct


class Schema(Struct, frozen=True):
    """The tables of one database.  ``steps`` are SQL scripts without a transaction of their own."""

    steps: tuple[str, ...]

    @property
    def version(self) -> int:
        """The version that this program writes."""
        return len(self.steps)


STATE = Schema(
    (
        """
        CREATE TABLE service_state (
            watch TEXT, service TEXT, body BLOB NOT NULL, saved_at REAL NOT NULL,
            PRIMARY KEY (watch, service)) WITHOUT ROWID;
        CREATE TABLE host_state (
            watch TEXT, service TEXT, host TEXT, body BLOB NOT NULL, saved_at REAL NOT NULL,
            PRIMARY KEY (watch, service, host)) WITHOUT ROWID;
        CREATE TABLE pool (name TEXT PRIMARY KEY, body BLOB NOT NULL, saved_at REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE ownership (name TEXT PRIMARY KEY, body BLOB NOT NULL, saved_at REAL NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE note (name TEXT PRIMARY KEY, body BLOB NOT NULL, saved_at REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE disabled (kind TEXT, watch TEXT, name TEXT, PRIMARY KEY (kind, watch, name))
            WITHOUT ROWID;
        CREATE TABLE last_batch (only INTEGER PRIMARY KEY CHECK (only = 1), saved_at REAL NOT NULL);
        CREATE TABLE outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stage TEXT NOT NULL,
            attempts INTEGER NOT NULL, next_at REAL NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
            why TEXT NOT NULL, body BLOB NOT NULL);
        CREATE INDEX outbox_unsent ON outbox (seq) WHERE stage IN ('waiting', 'in flight', 'retry');
        """,
    )
)

HISTORY = Schema(
    (
        """
        CREATE TABLE transition (
            id INTEGER PRIMARY KEY, at REAL, watch TEXT, service TEXT, host TEXT,
            old TEXT, new TEXT, why TEXT);
        CREATE INDEX transition_service ON transition (watch, service, id);
        CREATE TABLE hold (
            id INTEGER PRIMARY KEY, watch TEXT, service TEXT, period TEXT, kind TEXT, type TEXT, command TEXT,
            rule TEXT, why TEXT, first REAL, at REAL, count INTEGER);
        CREATE INDEX hold_service ON hold (watch, service, id);
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY, at REAL, entry TEXT, stage TEXT, attempts INTEGER, why TEXT, next_at REAL,
            duration REAL, watch TEXT, service TEXT, period TEXT, kind TEXT, type TEXT, command TEXT);
        CREATE INDEX delivery_service ON delivery (watch, service, id);
        CREATE UNIQUE INDEX delivery_attempt ON delivery (entry, attempts, stage);
        """,
        """
        CREATE TABLE journal (
            id INTEGER PRIMARY KEY, at REAL, pool TEXT, what TEXT, why TEXT, cause TEXT, server TEXT,
            name TEXT, said TEXT, evidence TEXT);
        CREATE INDEX journal_pool ON journal (pool, id);
        CREATE INDEX journal_name ON journal (name, id);
        """,
    )
)


def lift(db: sqlite3.Connection, schema: Schema, path: Path | None) -> str:
    """Bring a database to the schema's version; say what was done ("" if nothing).

    Raises StoreRefused for a file of a newer version, and leaves it as it is; DatabaseError for one whose
    version is damaged: it is there twice, since one wrong bit in it would look like another version.
    """
    found, again = version_of(db), int(db.execute("PRAGMA application_id").fetchone()[0])
    if found == schema.version:
        return ""
    if again and again != found:
        error = sqlite3.DatabaseError(f"its version is {found}, and {again}")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    if found > schema.version:
        raise StoreRefused(
            f"{path} was written by a newer mon (version {found}, this one knows {schema.version}): "
            "start that mon, or move the file away to begin without what it remembers"
        )
    said = _backup(db, path, found) if found and path else ""
    for version in range(found, schema.version):
        _step(db, schema.steps[version], version + 1)
    return said


def version_of(db: sqlite3.Connection) -> int:
    """The version a file is at, 0 for an empty one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _step(db: sqlite3.Connection, script: str, version: int) -> None:
    # One transaction, the version within it: killed half way, the file is still the old one.
    db.executescript(f"BEGIN IMMEDIATE; {script}; {_marks(version)} COMMIT;")


def _marks(version: int) -> str:
    return f"PRAGMA user_version = {version:d}; PRAGMA application_id = {version:d};"


def _backup(db: sqlite3.Connection, path: Path, version: int) -> str:
    beside = path.with_name(f"{path.name}.version{version}")
    private.make(Path(beside))
    copy = sqlite3.connect(beside)
    try:
        db.backup(copy)
    finally:
        copy.close()
    return f"{path} was of version {version}; it is kept as {beside.name}"
