"""What of pools is on disk; and that a passive daemon sends nothing."""

import asyncio
from pathlib import Path

import pytest
from disk import Disk

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.recorder import Recorder, restored_pools
from mon.engine import Book
from mon.model.notice import Delivery, Fate
from mon.model.pool import Table, VirtualId
from mon.model.result import RunResult
from mon.outbox import Outbox
from mon.pool.operators import Order
from mon.pool.pools import Pools
from mon.store import StateStore
from mon.structs import replace
from mon.testing.clock import FakeClock

CONFIG = """
hostgroup web 127.0.0.1

virtual shop 10.0.0.9:80
    real 127.0.0.1 weight 10

watch web
    service http
        interval 10s
        monitor http.monitor
        period
            alert lvs.alert shop
            alert file.alert /dev/null
"""
KEY = ("web", "http")


class Desk:
    """A recorder over a real store, with one pool."""

    def __init__(self, tmp_path: Path) -> None:
        parsed = parse(CONFIG, "mon.cf", read=lambda pattern, file: ())
        plan = link(parsed.config, Catalog((), ()), lambda name: (name,))
        self.clock = FakeClock()
        self.book = Book(parsed.config, self.clock())
        self.store = StateStore.open(tmp_path / "state.db")
        self.outbox = Outbox(self.store, self.send, self.clock)
        self.pools = Pools(plan.pools, self.clock())
        self.pools.adopt("shop", Table(None), None, self.clock(), max_age=lambda voter: 9)
        journals = Journals(lambda command: command.plugin, self.clock())
        self.recorder = Recorder(self.book, self.pools, self.store, self.outbox, journals, self.clock)
        self.recorder.plan = self.plan = plan

    async def send(self, entry, attempt: int) -> Delivery:
        return Delivery(Fate.SENT, "")

    async def save(self) -> set[str]:
        self.recorder.touch_pools(*self.pools.recorded)
        await self.recorder.flush()
        return set(restored_pools(self.store.load()))


def at(number: int) -> VirtualId:
    return VirtualId("tcp", f"10.0.{number // 250}.{1 + number % 250}", 80)


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    await desk.outbox.stop(0)
    desk.store.close()


async def test_a_word_is_on_disk_after_a_flush(desk: Desk) -> None:
    order = Order("shop", "127.0.0.1", "disable", "anna", why="new disks", force=True)
    desk.pools.instruct(order, desk.clock())
    await desk.save()
    (word,) = restored_pools(desk.store.load())["shop"].words
    assert (word.who, word.why, word.weight) == ("anna", "new disks", 0)


async def test_a_pool_that_was_withdrawn_is_forgotten_and_what_it_owned_is_ours_no_longer(desk: Desk) -> None:
    assert await desk.save() == {"shop"}
    desk.recorder.know_pools(["shop"])
    desk.pools.reload([], desk.clock())
    (leaving,) = desk.pools.names
    assert await desk.save() == {leaving}
    desk.pools.settle(leaving, Table(None), desk.clock())
    assert await desk.save() == set()


async def test_a_pool_that_left_on_a_full_disk_is_forgotten_when_there_is_room(desk: Desk) -> None:
    await desk.save()
    desk.pools.reload([], desk.clock())
    (leaving,) = desk.pools.names
    await desk.save()
    desk.pools.settle(leaving, Table(None), desk.clock())
    disk = Disk(desk.store)
    disk.full = True
    desk.recorder.touch_pools(leaving)
    assert not await desk.recorder.flush()
    disk.full = False
    await desk.recorder.flush()
    assert restored_pools(desk.store.load()) == {}


def gone_with_a_word(desk: Desk, count: int) -> set[str]:
    """Pools that left mon.cf and the balancer, each with a word on its server; their names."""
    plan = desk.plan.pools[0]
    desk.pools.reload([replace(plan, name=f"p{n}", id=at(n)) for n in range(count)], desk.clock())
    for n in range(count):
        desk.pools.instruct(Order(f"p{n}", "127.0.0.1", "disable", "anna", force=True), desk.clock())
    desk.pools.reload([], desk.clock())
    for name in desk.pools.names:
        desk.pools.settle(name, Table(None), desk.clock())
    return {state.plan.name for state in desk.pools.kept()}


def removed(directory: Path) -> None:
    for path in directory.glob("state.db*"):
        path.unlink()


async def test_words_on_many_pools_that_are_gone_are_saved_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = gone_with_a_word(desk, 120)
    assert len(names) == 120 and await desk.save() == names
    batches, works = list[object](), desk.store.submit
    monkeypatch.setattr(desk.store, "submit", lambda batch: batches.append(batch) or works(batch))
    async with asyncio.timeout(60):
        await desk.recorder.save()
    await desk.recorder.flush()
    assert batches == []


async def test_a_word_on_a_pool_that_is_gone_is_in_a_file_that_is_begun_anew(
    desk: Desk, tmp_path: Path
) -> None:
    names = gone_with_a_word(desk, 1)
    await desk.save()
    removed(tmp_path)
    for _ in range(3):  # it is seen, begun anew, and written
        desk.recorder.touch(KEY)
        await desk.recorder.flush()
    assert set(restored_pools(desk.store.load())) == names


async def test_a_change_of_one_pool_encodes_that_pool_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.pools.reload([replace(desk.plan.pools[0], name=f"p{n}", id=at(n)) for n in range(300)], desk.clock())
    for name in desk.pools.names:
        desk.pools.adopt(name, Table(None), None, desk.clock(), max_age=lambda voter: 9)
    await desk.save()
    encoded = list[str]()
    record = desk.pools.record
    monkeypatch.setattr(desk.pools, "record", lambda name: encoded.append(name) or record(name))
    desk.recorder.touch_pools("p7")
    await desk.recorder.save()
    assert encoded == ["p7"]


async def test_changes_of_hundreds_of_pools_while_one_batch_is_written_join_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, works = list[object](), desk.store.submit
    monkeypatch.setattr(desk.store, "submit", lambda batch: batches.append(batch) or works(batch))
    with Disk(desk.store).slow():
        for _ in range(1000):
            desk.recorder.touch_pools("shop")
            desk.recorder.save_soon()
            await asyncio.sleep(0)
    await desk.recorder.save()
    assert len(batches) <= 3


async def test_a_passive_daemon_logs_what_it_would_send(desk: Desk, caplog) -> None:
    caplog.set_level("INFO")
    desk.recorder.silent = True
    now = desk.clock.advance(10)
    await desk.recorder.carry_out(desk.book.result(RunResult(*KEY, 1, "127.0.0.1\n", now, now), now, {}))
    assert "web/http: would send alert file.alert /dev/null" in caplog.text
    assert await desk.store.unsent() == ()
