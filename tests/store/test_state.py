"""What was committed is there after any end; what could not be is said, and nobody waits for it."""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mon.errors import StoreError
from mon.store import Batch, Outcome, Row, Stage, StateStore, writer


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


async def test_a_locked_file_is_a_store_error_and_the_next_commit_works(
    store: StateStore, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    other.execute("ROLLBACK")
    other.close()
    await store.commit(Batch(at=2.0, notes={"b": b"2"}))
    assert set(store.load().notes) == {"b"}


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
    with pytest.raises(StoreError, match=r"is damaged \(.*moved to state.db.damaged-1 and a new one begun"):
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

    def full(path: Path) -> str:
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "move_aside", full)
        with pytest.raises(StoreError, match="no room"):
            store._writer.submit(corrupt).result()
        with pytest.raises(StoreError, match="no room"):
            await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    with pytest.raises(StoreError, match="a new one begun"):
        await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    assert store.renewals == 1


async def test_a_full_disk_is_a_store_error(path: Path, store: StateStore) -> None:
    await store.commit(Batch(at=1.0))
    store._writer.submit(lambda db: None).result()
    store._writer._db.execute("PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match="full"):
        await store.commit(Batch(at=2.0, notes={"big": bytes(1_000_000)}))
    await store.commit(Batch(at=3.0, notes={"small": b"1"}))


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
