"""Decided, then durable, then sent; and what is known again after a restart."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from disk import Disk

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
from mon.store import Stage, StateStore
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
