"""A file that is damaged, forbidden, or not of our version is never destroyed and always said."""

import sqlite3
import stat
from pathlib import Path

import pytest

from mon.errors import StoreError
from mon.store.files import open_database
from mon.store.schema import STATE, Schema, version_of

OLD = Schema(("CREATE TABLE word (text TEXT);",))
NEW = Schema(
    (*OLD.steps, "ALTER TABLE word ADD COLUMN length INTEGER; UPDATE word SET length = length(text);")
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


def old_file(path: Path) -> None:
    db = open_database(path, OLD, synchronous="FULL").db
    db.execute("INSERT INTO word VALUES ('three')")
    db.close()


def test_a_new_file_has_our_version_wal_and_is_private(path: Path) -> None:
    opened = open_database(path, STATE, synchronous="FULL")
    assert version_of(opened.db) == STATE.version
    assert opened.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert opened.db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened.warnings == ()
    opened.db.close()


def test_an_older_file_is_lifted_and_a_copy_lies_beside_it(path: Path) -> None:
    old_file(path)
    opened = open_database(path, NEW, synchronous="FULL")
    assert opened.db.execute("SELECT * FROM word").fetchall() == [("three", 5)]
    assert opened.warnings == (f"{path} was of version 1; it is kept as x.db.version1",)
    opened.db.close()
    copy = sqlite3.connect(path.with_name("x.db.version1"))
    assert copy.execute("SELECT * FROM word").fetchall() == [("three",)]
    copy.close()


def test_a_step_that_fails_leaves_the_old_file(path: Path) -> None:
    old_file(path)
    with pytest.raises(StoreError, match="no such table: absent"):
        open_database(
            path, Schema((*OLD.steps, "CREATE TABLE a (b); DROP TABLE absent;")), synchronous="FULL"
        )
    opened = open_database(path, OLD, synchronous="FULL")
    assert opened.db.execute("SELECT name FROM sqlite_master").fetchall() == [("word",)]
    opened.db.close()


def test_a_newer_file_is_refused_with_what_to_do(path: Path) -> None:
    open_database(path, NEW, synchronous="FULL").db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer mon .version 2, this one knows 1.: start that mon, or move"):
        open_database(path, OLD, synchronous="FULL")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "rubbish", [b"not a database, but long enough" * 300, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_damaged_file_is_moved_aside_and_said(path: Path, rubbish: bytes) -> None:
    path.write_bytes(rubbish)
    opened = open_database(path, STATE, synchronous="FULL")
    opened.db.close()
    assert path.with_name("x.db.damaged-1").read_bytes() == rubbish
    assert "was damaged" in opened.warnings[0] and "x.db.damaged-1" in opened.warnings[0]


def test_a_page_gone_bad_is_found_at_the_start(path: Path) -> None:
    db = open_database(path, OLD, synchronous="FULL").db
    db.executemany("INSERT INTO word VALUES (?)", [("w" * 500,)] * 200)
    db.close()
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xaa" * 8192
    path.write_bytes(content)
    opened = open_database(path, OLD, synchronous="FULL")
    opened.db.close()
    assert path.with_name("x.db.damaged-1").read_bytes() == content


def test_the_second_damaged_file_does_not_overwrite_the_first(path: Path) -> None:
    for _ in range(2):
        path.write_bytes(b"rubbish" * 1000)
        open_database(path, STATE, synchronous="FULL").db.close()
    assert path.with_name("x.db.damaged-1").exists() and path.with_name("x.db.damaged-2").exists()


def test_a_directory_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        open_database(tmp_path / "no" / "x.db", STATE, synchronous="FULL")


def test_a_locked_file_is_not_taken_for_a_damaged_one(path: Path) -> None:
    old_file(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        open_database(path, OLD, synchronous="FULL")
    other.close()
    assert [file.name for file in path.parent.iterdir() if "damaged" in file.name] == []
