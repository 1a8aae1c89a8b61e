"""Any byte of a database may be wrong, and any of its rows: mon starts, with the rest of what it knew."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mon.errors import StoreRefused
from mon.store import Batch, HistoryStore, Row, Saved, Stage, StateStore

KEY = ("web", "http")
FLIPS = 300


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a row in every table."""
    path = tmp_path_factory.mktemp("good") / "state.db"
    store = StateStore.open(path)
    store.submit(
        Batch(
            1000.0,
            states={KEY: b"state"},
            hosts={(*KEY, "h1"): b"host"},
            pools={"shop": b"pool"},
            ownership={"shop": b"ownership"},
            notes={"silences": b"[]"},
            disabled=frozenset({("host", "web", "h1")}),
            entries=tuple(Row(f"id{n}", b"entry", 1000.0, why="w" * 50) for n in range(20)),
        )
    ).result()
    store.close()
    return path


def started(path: Path) -> Saved:
    """What a start makes of the file; it must not raise."""
    store = StateStore.open(path)
    try:
        saved = store.load()
        store.submit(Batch(2000.0, states={KEY: b"new"})).exception()  # a StoreError at most
        return saved
    finally:
        store.close()


def copy_of(good: Path, directory: Path) -> Path:
    directory.mkdir()
    return Path(shutil.copy(good, directory / "state.db"))


def flipped(content: bytes, place: int, bits: int) -> bytes:
    return content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :]


def test_one_wrong_byte_stops_no_start(good: Path, tmp_path: Path) -> None:
    """All of the header and of the schema's root page's beginning, and some hundred at random."""
    content, chance = good.read_bytes(), random.Random(15)
    places = [(place, 0x80) for place in range(120)]
    places += [(chance.randrange(len(content)), 1 << chance.randrange(8)) for _ in range(FLIPS)]
    for number, (place, bits) in enumerate(places):
        path = tmp_path / str(number) / "state.db"
        path.parent.mkdir()
        path.write_bytes(flipped(content, place, bits))
        saved = started(path)
        kept = [file for file in path.parent.iterdir() if "damaged" in file.name]
        assert saved.states or saved.warnings or kept, (
            f"byte {place} ^ {bits:#x}: nothing is known, nothing is said"
        )
        shutil.rmtree(path.parent)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 99, 100, 512, 4095, 4096, 4097, 8192, 20000])
def test_a_file_that_is_cut_short_stops_no_start(good: Path, tmp_path: Path, size: int) -> None:
    path = copy_of(good, tmp_path / "cut")
    path.write_bytes(path.read_bytes()[:size])
    started(path)


ROWS = (
    "UPDATE service_state SET body = 7",
    "UPDATE service_state SET saved_at = 'soon'",
    "UPDATE service_state SET watch = x'ff'",
    "UPDATE service_state SET watch = cast(x'ff' AS text)",
    "UPDATE outbox SET stage = 'wbiting'",
    "UPDATE outbox SET stage = 9",
    "UPDATE outbox SET attempts = 'many'",
    "UPDATE outbox SET body = 1.5",
    "UPDATE outbox SET created = x'00'",
    "UPDATE disabled SET name = 3",
    "UPDATE last_batch SET saved_at = 'x'",
    "DELETE FROM last_batch",
    "DROP TABLE note",
    "DROP TABLE disabled",
    "DROP TABLE last_batch",
    "UPDATE pool SET body = 'text'",
    "UPDATE note SET name = 1e300",
)


@pytest.mark.parametrize("damage", ROWS)
def test_a_row_that_cannot_be_is_left_out_and_the_rest_is_known(
    good: Path, tmp_path: Path, damage: str
) -> None:
    path = copy_of(good, tmp_path / "rows")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(damage)
    saved = started(path)
    known = [*saved.states, *saved.hosts, *saved.pools, *saved.ownership, *saved.notes]
    assert len(known) >= 4 and (len(saved.entries) == 20 or "outbox" in damage)


def test_an_alert_whose_stage_cannot_be_read_is_tried(good: Path, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path / "stage")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE outbox SET stage = 'wbiting' WHERE id = 'id3'")
        db.execute("UPDATE outbox SET stage = 'sent' WHERE id = 'id4'")
    stages = {row.id: row.stage for row in started(path).entries}
    assert stages["id3"] is Stage.RETRY and "id4" not in stages


def test_a_version_with_a_wrong_bit_is_damage_and_a_newer_one_is_refused(good: Path, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path / "version")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 3")
    started(path)
    assert path.with_name("state.db.damaged-1").exists()
    path = copy_of(good, tmp_path / "newer")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 3")
        db.execute("PRAGMA application_id = 3")
    with pytest.raises(StoreRefused, match="newer mon"):
        StateStore.open(path)


def test_a_database_that_another_program_has_locked_is_read_and_written_later(
    good: Path, tmp_path: Path
) -> None:
    path = copy_of(good, tmp_path / "locked")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        store = StateStore.open(path)
        assert "locked" in store.unopened and store.load().states[KEY].body == b"state"
        assert store.submit(Batch(2000.0, notes={"said": b"meanwhile"})).exception() is not None
        other.execute("ROLLBACK")
    assert store.submit(Batch(3000.0, notes={"later": b"too"})).exception() is None
    assert store.unopened == "" and store.renewals == 1
    store.close()
    assert {"said", "later", "silences"} <= started(path).notes.keys()


def test_two_daemons_are_refused_still(good: Path, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path / "two")
    store = StateStore.open(path)
    with pytest.raises(StoreRefused, match="in use by another mon"):
        StateStore.open(path)
    store.close()


def test_a_history_that_cannot_be_opened_is_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "history.db"
    history = HistoryStore.open(path)
    assert "No such file" in history.warnings[0]
    history.close()
