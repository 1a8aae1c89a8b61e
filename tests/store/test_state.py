"""What was committed is there after any end; what could not be is said, and nobody waits for it."""

import asyncio
import os
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from disk import Disk

from mon.errors import StoreError
from mon.store import Batch, Outcome, Row, Stage, StateStore, lock_directory, writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[StateStore]:
    opened = StateStore.open(path)
    yield opened
    opened.close()


def reopened(path: Path, store: StateStore) -> StateStore:
    store.close()
    return StateStore.open(path)


async def test_a_new_store_knows_nothing(store: StateStore) -> None:
    saved = store.load()
    assert (saved.at, dict(saved.states), saved.entries, saved.warnings) == (0.0, {}, (), ())


async def test_everything_of_a_batch_is_there_after_reopening(store: StateStore, path: Path) -> None:
    batch = Batch(
        at=100.0,
        states={("web", "http"): b"s"},
        hosts={("web", "http", "web1"): b"h"},
        pools={"web": b"p"},
        ownership={"ipvs": b"o"},
        notes={"scheduler": b"n"},
        disabled=frozenset({("host", "", "web2")}),
        entries=(Row("e1", b"entry", created=99.0),),
    )
    await store.commit(batch)
    again = reopened(path, store)
    saved = again.load()
    again.close()
    assert saved.at == 100.0
    assert saved.states[("web", "http")].body == b"s"
    assert saved.hosts[("web", "http", "web1")].at == 100.0
    assert (saved.pools["web"].body, saved.ownership["ipvs"].body, saved.notes["scheduler"].body) == (
        b"p",
        b"o",
        b"n",
    )
    assert saved.disabled == {("host", "", "web2")}
    assert saved.entries == (Row("e1", b"entry", created=99.0),)


async def test_each_value_keeps_the_time_of_its_own_batch(store: StateStore) -> None:
    await store.commit(Batch(at=1.0, pools={"a": b"1", "b": b"1"}))
    await store.commit(Batch(at=2.0, pools={"b": b"2"}))
    assert [store.load().pools[name].at for name in "ab"] == [1.0, 2.0]


async def test_none_forgets_a_key(store: StateStore) -> None:
    await store.commit(Batch(at=1.0, states={("w", "a"): b"1", ("w", "b"): b"2"}))
    await store.commit(Batch(at=2.0, states={("w", "a"): None}))
    assert set(store.load().states) == {("w", "b")}


async def test_what_is_disabled_is_replaced_as_a_whole_or_left_alone(store: StateStore) -> None:
    await store.commit(Batch(at=1.0, disabled=frozenset({("watch", "web", "")})))
    await store.commit(Batch(at=2.0))
    assert store.load().disabled == {("watch", "web", "")}
    await store.commit(Batch(at=3.0, disabled=frozenset()))
    assert store.load().disabled == frozenset()


async def test_an_ended_entry_is_no_longer_unsent_but_can_be_asked_for(store: StateStore) -> None:
    await store.commit(Batch(at=1.0, entries=(Row("a", b"", 1.0), Row("b", b"", 1.0))))
    await store.commit(Batch(at=2.0, deliveries=(Outcome("a", Stage.SENT, 1, "250 ok", at=2.0),)))
    assert [row.id for row in await store.unsent()] == ["b"]
    ended = await store.entry("a")
    assert ended is not None and (ended.stage, ended.attempts, ended.why) == (Stage.SENT, 1, "250 ok")


async def test_unsent_entries_come_in_the_order_of_their_decisions(store: StateStore) -> None:
    for name in ("z", "a", "m"):
        await store.commit(Batch(at=1.0, entries=(Row(name, b"", 1.0),)))
    assert [row.id for row in store.load().entries] == ["z", "a", "m"]


async def test_the_same_entry_twice_is_one(store: StateStore) -> None:
    for _ in range(2):
        await store.commit(Batch(at=1.0, entries=(Row("a", b"", 1.0),)))
    assert len(await store.unsent()) == 1


async def test_commits_made_together_share_transactions(store: StateStore, path: Path) -> None:
    before = pages(path)
    await asyncio.gather(*(store.commit(Batch(at=n, notes={str(n): b"x"})) for n in range(500)))
    assert len(store.load().notes) == 500
    assert pages(path) - before < 500  # each transaction alone writes several pages to the log


def pages(path: Path) -> int:
    return path.with_name("state.db-wal").stat().st_size // 4096


async def test_a_locked_file_is_a_store_error_and_the_next_commit_writes_both(
    store: StateStore, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    other.execute("ROLLBACK")
    other.close()
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    assert set(store.load().notes) == {"a", "b"}


async def test_a_silent_disk_costs_only_patience_and_the_batch_is_written_later(
    store: StateStore, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"not answered for 0.1 s"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}), patience=0.1)
    other.execute("ROLLBACK")
    other.close()
    assert set(store.load().notes) == {"a"}


async def test_a_file_that_is_damaged_under_way_is_moved_aside_and_a_new_one_begun(
    path: Path, store: StateStore
) -> None:
    for number in range(8):  # more than SQLite keeps in memory
        await store.commit(Batch(at=1.0, notes={f"{number}": bytes(1_000_000)}))
    with path.open("r+b") as file:
        file.truncate(8192)
    path.with_name("state.db-wal").write_bytes(b"")
    with pytest.raises(
        StoreError, match=r"is damaged \(.*is now state.db.damaged-1, and a new one was begun"
    ):
        for number in range(8):
            await store.note(f"{number}")
    assert (store.renewals, path.with_name("state.db.damaged-1").stat().st_size) == (1, 8192)
    await store.commit(Batch(at=2.0, notes={"a": b"1"}))
    store.close()
    again = StateStore.open(path)
    assert set(again.load().notes) == {"a"}
    again.close()


async def test_a_damaged_file_that_cannot_be_moved_is_tried_again(
    path: Path, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def corrupt(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    def full(path: Path, word: str) -> str:
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "move_aside", full)
        with pytest.raises(StoreError, match="no room"):
            store._writer.submit(corrupt).result()
        with pytest.raises(StoreError, match="no room"):
            await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    with pytest.raises(StoreError, match="a new one was begun"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    assert store.renewals == 1


async def test_a_full_disk_is_a_store_error_and_all_is_written_when_there_is_room(store: StateStore) -> None:
    await store.commit(Batch(at=1.0))
    store._writer.submit(lambda db: None).result()
    store._writer._db.execute("PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match="full"):
        await store.commit(Batch(at=2.0, notes={"big": bytes(1_000_000)}))
    assert store.unsaved
    store._writer._db.execute("PRAGMA max_page_count = 4000")
    await store.commit(Batch(at=3.0, notes={"small": b"1"}))
    assert set(store.load().notes) == {"big", "small"} and not store.unsaved


async def test_one_bad_batch_does_not_take_the_others_with_it(store: StateStore) -> None:
    bad = Batch(at=1.0, notes={"bad": object()})  # type: ignore[dict-item]
    batches = [Batch(at=1.0, notes={"a": b"1"}), bad, Batch(at=1.0, notes={"b": b"2"})]
    results = await asyncio.gather(*map(store.commit, batches), return_exceptions=True)
    assert [isinstance(result, StoreError) for result in results] == [False, True, False]
    assert set(store.load().notes) == {"a", "b"}


async def test_a_batch_whose_caller_is_cancelled_is_still_written(store: StateStore) -> None:
    task = asyncio.create_task(store.commit(Batch(at=1.0, notes={"a": b"1"})))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(store.load().notes) == {"a"}


def test_two_daemons_cannot_have_one_store(store: StateStore, path: Path) -> None:
    with pytest.raises(StoreError, match="in use by another mon"):
        StateStore.open(path)


def test_closing_twice_is_harmless_and_gives_the_store_up(store: StateStore, path: Path) -> None:
    store.close()
    store.close()
    StateStore.open(path).close()


async def test_a_closed_store_says_so(store: StateStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.commit(Batch(at=1.0))


async def test_without_a_path_all_is_in_memory(tmp_path: Path) -> None:
    store = StateStore.open(None)
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    assert set(store.load().notes) == {"a"}
    store.close()


async def test_only_the_last_ended_entries_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mon.store.state.ENDED_KEPT", 2)
    store = StateStore.open(path)
    await store.commit(Batch(at=1.0, entries=tuple(Row(str(n), b"", 1.0) for n in range(6))))
    await store.commit(
        Batch(at=2.0, deliveries=tuple(Outcome(str(n), Stage.SENT, 1, "", at=2.0) for n in range(1, 6)))
    )
    again = reopened(path, store)
    left = [n for n in range(6) if await again.entry(str(n))]
    again.close()
    assert left == [0, 4, 5]  # the unsent one, and the last two


async def test_what_was_sent_can_be_looked_at_however_many_still_wait(store: StateStore) -> None:
    waiting = tuple(Row(str(n), b"", 1.0) for n in range(3000))
    await store.commit(Batch(at=1.0, entries=waiting))
    for n in range(3):
        await store.commit(Batch(at=2.0, deliveries=(Outcome(str(n), Stage.SENT, 1, "", at=2.0),)))
    assert [row.stage for n in range(3) if (row := await store.entry(str(n)))] == [Stage.SENT] * 3


async def test_those_that_ended_last_are_kept(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mon.store.state.ENDED_KEPT", 2)
    monkeypatch.setattr("mon.store.state.PRUNE_EVERY", 4)
    await store.commit(Batch(at=1.0, entries=tuple(Row(str(n), b"", 1.0) for n in range(6))))
    for at, n in enumerate((3, 4, 5, 0), start=2):  # the oldest decision took longest
        await store.commit(Batch(at=at, deliveries=(Outcome(str(n), Stage.SENT, 1, "", at=at),)))
    assert [n for n in range(6) if await store.entry(str(n))] == [0, 1, 2, 5]


async def test_nobody_waits_for_more_than_a_hundred_others(store: StateStore) -> None:
    begun, go_on = list[str](), threading.Event()
    store._writer.submit(lambda db: go_on.wait() and db.set_trace_callback(begun.append))
    answers = [store._writer.submit(lambda db: begun.count("BEGIN IMMEDIATE")) for _ in range(250)]
    go_on.set()
    which = Counter([await asyncio.wrap_future(answer) for answer in answers])
    assert max(which.values()) <= 100
    assert [answer.result() for answer in answers] == sorted(which.elements())  # in their order


def gone(path: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink()


@pytest.mark.parametrize("suffixes", [("",), ("-wal",), ("-shm",), ("", "-wal", "-shm")])
async def test_a_database_that_is_removed_is_begun_anew_at_its_path(
    store: StateStore, path: Path, suffixes: tuple[str, ...]
) -> None:
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    gone(path, *suffixes)
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    assert store.renewals == 1 and "was removed or replaced" in store.remarks()[0]
    again = reopened(path, store)
    assert set(again.load().notes) == {"b"}
    again.close()


async def test_what_took_its_place_is_kept_aside(store: StateStore, path: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"somebody's")
    (tmp_path / "backup").rename(path)
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    assert path.with_name("state.db.replaced-1").read_bytes() == b"somebody's"
    assert set(reopened(path, store).load().notes) == {"b"}


async def test_a_whole_database_that_took_its_place_keeps_its_log(
    store: StateStore, path: Path, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    other.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (7);")
    for suffix in ("-wal", "-shm", ""):
        (tmp_path / f"other.db{suffix}").rename(f"{path}{suffix}")
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    other.close()
    kept = sqlite3.connect(path.with_name("state.db.replaced-1"))
    assert kept.execute("SELECT a FROM t").fetchall() == [(7,)]
    kept.close()


async def test_a_removed_file_is_noticed_when_nothing_is_written(store: StateStore, path: Path) -> None:
    gone(path, "", "-wal", "-shm")
    store.look()
    await store.note("any")
    assert store.renewals == 1
    reopened(path, store).close()


async def test_a_removed_directory_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    store = StateStore.open(tmp_path / "state/state.db")
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    shutil.rmtree(tmp_path / "state")
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    store.close()
    assert (tmp_path / "state/state.db").exists()


async def test_a_file_that_is_cut_short_is_damaged(store: StateStore, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)
    store.look()
    with pytest.raises(StoreError, match="cut short"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    await store.commit(Batch(at=2.0))
    assert set(reopened(path, store).load().notes) == {"a"}


async def test_what_was_refused_is_written_before_what_comes_later(store: StateStore) -> None:
    disk = Disk(store)
    disk.full = True
    row = Row("e", b"entry", 1.0)
    for batch in (
        Batch(at=1.0, notes={"a": b"1", "b": b"1"}, entries=(row,)),
        Batch(
            at=2.0, notes={"a": b"2"}, deliveries=(Outcome("e", Stage.RETRY, 1, "busy", 2.0, body=b"new"),)
        ),
        Batch(at=3.0, deliveries=(Outcome("e", Stage.SENT, 2, "ok", 3.0),)),
    ):
        with pytest.raises(StoreError):
            await store.commit(batch)
    disk.full = False
    await store.commit(Batch(at=4.0, notes={"b": b"4"}))
    notes = store.load().notes
    assert (notes["a"].body, notes["b"].body, store.unsaved) == (b"2", b"4", False)
    kept = await store.entry("e")
    assert kept is not None and (kept.stage, kept.attempts, kept.body) == (Stage.SENT, 2, b"new")


async def test_the_end_of_the_store_is_one_more_try(store: StateStore, path: Path) -> None:
    disk = Disk(store)
    disk.full = True
    with pytest.raises(StoreError):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    disk.full = False
    assert set(reopened(path, store).load().notes) == {"a"} and not store.unsaved


async def test_a_store_that_could_not_be_written_at_its_end_says_so(store: StateStore) -> None:
    disk = Disk(store)
    disk.full = True
    with pytest.raises(StoreError):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    store.close()
    assert store.unsaved


async def test_what_was_sent_on_a_full_disk_is_kept_up_to_a_number_and_what_waits_is_all_kept(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mon.store.unsaved.ENDED", 10)
    disk = Disk(store)
    disk.full = True
    for n in range(100):
        done = (Outcome(f"sent{n}", Stage.SENT, 1, "", 1.0),)
        store.submit(
            Batch(1.0, entries=(Row(f"sent{n}", b"", 1.0), Row(f"waits{n}", b"", 1.0)), deliveries=done)
        )
    with pytest.raises(StoreError):
        await store.commit(Batch(1.0))
    disk.full = False
    await store.commit(Batch(2.0))
    assert len(await store.unsent()) == 100
    assert sum([bool(await store.entry(f"sent{n}")) for n in range(100)]) == 10


async def test_a_reason_that_is_no_text_is_written_out(store: StateStore) -> None:
    await store.commit(Batch(1.0, entries=(Row("e", b"", 1.0, why="a \udcff"),)))
    kept = await store.entry("e")
    assert kept is not None and kept.why == r"a \udcff"


def test_a_locked_directory_is_nobody_elses_whatever_is_removed_from_it(tmp_path: Path) -> None:
    held = lock_directory(tmp_path)
    with pytest.raises(StoreError, match="in use by another mon"):
        lock_directory(tmp_path)
    os.close(held)
    os.close(lock_directory(tmp_path))
