"""Decided, then durable, then sent; and what is known again after a restart."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest
from disk import Disk

from mon import codec
from mon.catalog import Catalog, Plan, link
from mon.config import parse
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.recorder import Recorder, restored
from mon.engine import Book, Silence
from mon.errors import StoreError
from mon.model.notice import Delivery, Fate
from mon.model.result import OpStatus, RunResult
from mon.outbox import Outbox
from mon.pool.pools import Pools
from mon.store import Batch, Stage, StateStore
from mon.testing.clock import FakeClock

CONFIG = """
hostgroup web 127.0.0.1

watch web
    service http
        interval 10s
        monitor http.monitor
        period
            alert file.alert {file}
"""
KEY = ("web", "http")


class Desk:
    """A recorder over a real store; ``sent`` are the alerts that went out."""

    def __init__(self, tmp_path: Path) -> None:
        parsed = parse(CONFIG.format(file=tmp_path / "log"), "mon.cf", read=lambda pattern, file: ())
        self.plan: Plan = link(parsed.config, Catalog((), ()), lambda name: (name,))
        self.clock, self.sent = FakeClock(), []
        self.book = Book(parsed.config, self.clock())
        self.store = StateStore.open(tmp_path / "state.db")
        self.disk = Disk(self.store)
        self.outbox = Outbox(self.store, self.send, self.clock)
        journals = Journals(lambda command: command.plugin, self.clock())
        pools = Pools((), self.clock())
        self.recorder = Recorder(self.book, pools, self.store, self.outbox, journals, self.clock)
        self.recorder.plan = self.plan

    async def send(self, entry, attempt: int) -> Delivery:
        self.sent.append(entry)
        return Delivery(Fate.SENT, "")

    async def result(self, status: int, output: str) -> None:
        now = self.clock.advance(10)
        step = self.book.result(RunResult(*KEY, status, output, now, now), now, {})
        self.recorder.touch(KEY)
        await self.recorder.carry_out(step)


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    await desk.outbox.stop(0)
    desk.store.close()


async def test_an_alert_is_on_disk_before_it_can_be_sent(desk: Desk) -> None:
    await desk.result(1, "127.0.0.1\n")
    assert desk.sent == []  # the outbox has not been started
    assert [row.stage for row in await desk.store.unsent()] == ["waiting"]


async def test_a_result_that_changes_nothing_waits_for_the_flush(desk: Desk) -> None:
    await desk.result(0, "")
    at = desk.store.load().states[KEY].at
    await desk.result(0, "")
    assert desk.store.load().states[KEY].at == at
    await desk.recorder.flush()
    assert desk.store.load().states[KEY].at > at


async def test_a_restart_knows_what_was_known(desk: Desk) -> None:
    await desk.result(1, "127.0.0.1\n")
    desk.book.disable_watch("web")
    await desk.recorder.flush()
    again = Book(desk.plan.config, desk.clock())
    restored(desk.store.load(), again, desk.clock())
    assert again.states[KEY].opstatus is OpStatus.FAIL
    assert again.disabled_watches == {"web"}


async def test_a_disk_that_takes_nothing_holds_back_no_alert(desk: Desk) -> None:
    desk.disk.full = True
    await desk.result(1, "127.0.0.1\n")
    assert [entry.watch for entry in desk.outbox.pending()] == ["web"]


async def test_a_silence_outlives_a_restart(desk: Desk) -> None:
    now = desk.clock()
    desk.book.silences.begin(Silence("web", "", now.wall, now.later(60), "ann", "new kernel"))
    await desk.recorder.flush()
    book = Book(desk.book.config, now)
    restored(desk.store.load(), book, now)
    assert book.silences.said(KEY, now).endswith(": new kernel")


async def test_what_the_disk_did_not_take_is_saved_when_it_is_back(desk: Desk) -> None:
    await desk.outbox.start()
    desk.disk.full = True
    await desk.result(1, "127.0.0.1\n")
    for _ in range(500):
        if desk.outbox.pending() == ():
            break
        await asyncio.sleep(0.01)
    desk.disk.full = False
    await desk.recorder.flush()
    assert desk.store.load().states
    kept = await desk.store.entry(desk.sent[0].id)
    assert kept is not None and kept.stage is Stage.SENT


async def test_what_the_disk_refused_is_saved_by_the_next_flush(desk: Desk) -> None:
    desk.book.disable_watch("web")
    desk.disk.full = True
    assert not await desk.recorder.flush()
    desk.disk.full = False
    await desk.recorder.flush()
    assert ("watch", "web", "") in desk.store.load().disabled


async def test_a_file_damaged_under_way_gets_all_that_is_known_again(desk: Desk, tmp_path: Path) -> None:
    def corrupt(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    await desk.result(1, "127.0.0.1\n")
    desk.book.disable_watch("web")
    await desk.recorder.flush()
    with pytest.raises(StoreError, match="a new one was begun"):
        await asyncio.wrap_future(desk.store._writer.submit(corrupt))
    assert desk.store.load().states == {}
    await desk.recorder.flush()
    saved = desk.store.load()
    assert set(saved.states) == {KEY} and saved.disabled == {("watch", "web", "")}
    assert [row.stage for row in saved.entries] == ["waiting"]
    assert (tmp_path / "state.db.damaged-1").exists()


# A decision and its state are one batch, submitted in the turn of the decision.


def decide(desk: Desk, status: int, output: str) -> None:
    """What a round of checks does, and nobody waits for."""
    now = desk.clock.advance(10)
    desk.recorder.submit(desk.book.result(RunResult(*KEY, status, output, now, now), now, {}))


async def test_an_end_in_the_turn_of_a_decision_loses_nothing_of_it(desk: Desk, tmp_path: Path) -> None:
    decide(desk, 1, "127.0.0.1\n")
    await desk.outbox.stop(0)
    assert await desk.recorder.close()
    desk.store.close()
    again = StateStore.open(tmp_path / "state.db")
    saved = again.load()
    again.close()
    book = Book(desk.plan.config, desk.clock())
    restored(saved, book, desk.clock())
    counted = sum(period.sent for period in book.states[KEY].periods.values())
    assert counted == len(saved.entries) == 1


async def test_the_end_waits_for_a_slow_disk(desk: Desk, tmp_path: Path) -> None:
    with desk.disk.slow():
        decide(desk, 1, "127.0.0.1\n")
        end = asyncio.create_task(desk.recorder.close())
        await asyncio.sleep(0.05)
        assert not end.done()
    assert await end and len(desk.store.load().entries) == 1


async def test_an_end_on_a_full_disk_says_that_not_all_is_saved(desk: Desk) -> None:
    desk.disk.full = True
    decide(desk, 1, "127.0.0.1\n")
    assert not await desk.recorder.close() and "disk is full" in desk.recorder.trouble


def submitted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """What is given to the store from now on."""
    batches, works = list[Batch](), desk.store.submit
    monkeypatch.setattr(desk.store, "submit", lambda batch: batches.append(batch) or works(batch))
    return batches


async def test_what_is_only_held_joins_one_batch_while_another_is_under_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(desk, 1, "127.0.0.1\n")
    await desk.recorder.save()
    desk.book.silences.begin(Silence("web", "", desk.clock().wall, desk.clock().later(86400), "ann", "why"))
    batches = submitted(desk, monkeypatch)
    with desk.disk.slow():
        for _ in range(500):
            decide(desk, 1, "127.0.0.1\n")
            await asyncio.sleep(0)
    assert await desk.recorder.save() and len(batches) <= 3
    known = desk.store.load().states[KEY]
    assert known.body == codec.encode(desk.book.states[KEY])


async def test_a_disk_that_hangs_is_given_no_second_batch_of_marks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mon.store.state.PATIENCE", 0.01)
    batches = submitted(desk, monkeypatch)
    with desk.disk.slow():
        for _ in range(10):
            desk.recorder.touch(KEY)
            flush = asyncio.create_task(desk.recorder.flush_some())
            await asyncio.sleep(0.005)
            flush.cancel()
    assert len(batches) == 1


async def test_what_the_disk_took_at_last_is_said_though_nothing_is_new(desk: Desk, caplog) -> None:
    caplog.set_level("INFO")
    desk.disk.full = True
    await desk.result(1, "127.0.0.1\n")
    desk.disk.full = False
    await desk.recorder.flush()
    assert (desk.recorder.trouble, desk.outbox.trouble) == ("", "")
    assert caplog.messages[-1] == "the state is being saved again"


def remove_state(directory: Path) -> None:
    for file in directory.glob("state.db*"):
        file.unlink()


async def test_all_that_is_known_goes_into_a_file_that_was_begun_anew_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.result(1, "127.0.0.1\n")
    remove_state(tmp_path)
    desk.store.look()
    await desk.store.note("any")
    await desk.recorder.flush_some()
    assert await desk.recorder.save()
    saved = desk.store.load()
    assert set(saved.states) == {KEY} and [row.stage for row in saved.entries] == ["waiting"]
    assert (tmp_path / "state.db.lock").exists()


async def test_what_the_last_batch_found_removed_is_saved_before_it_is_said(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.result(1, "127.0.0.1\n")
    desk.book.disable_watch("web")
    await desk.recorder.flush()
    remove_state(tmp_path)
    assert await desk.recorder.close()
    saved = desk.store.load()
    assert (len(saved.entries), set(saved.states), len(saved.disabled)) == (1, {KEY}, 1)


async def test_a_second_mon_in_the_place_of_removed_files_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    await desk.result(1, "127.0.0.1\n")
    remove_state(tmp_path)
    second = StateStore.open(tmp_path / "state.db")
    await second.commit(Batch(1.0, notes={"mine": b"1"}))
    desk.book.disable_watch("web")
    assert not await desk.recorder.flush() and "in use by another mon" in desk.recorder.trouble
    assert set(second.load().notes) == {"mine"} and not [
        name for name in os.listdir(tmp_path) if "replaced" in name
    ]
    second.close()
