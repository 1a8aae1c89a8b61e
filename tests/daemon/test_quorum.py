"""The commands of a quorum: called as written, as actions of the outbox, never repeated behind one's back."""

import asyncio
from pathlib import Path

import pytest

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.quorum import quorum_called
from mon.daemon.recorder import Recorder, restored_pools
from mon.engine import Book
from mon.model.notice import Delivery, Fate
from mon.model.pool import Table
from mon.model.result import HostResult, Verdict
from mon.outbox import Entry, Outbox
from mon.pool.pools import Pools
from mon.store import StateStore
from mon.testing.clock import FakeClock

CONFIG = """
hostgroup web 127.0.0.1 127.0.0.2

virtual shop 10.0.0.9:80
    real 127.0.0.1 weight 10
    real 127.0.0.2 weight 10
    fall 1
    rise 1
    quorum 2 up runas=root /bin/announce --all "my shop" down /bin/withdraw ; rm

virtual mail 10.0.0.9:25
    real 127.0.0.1 weight 10
    fall 1
    quorum 1 down /bin/withdraw mail

watch web
    service http
        interval 10s
        monitor http.monitor
        period day: hr {0-24}
            alert lvs.alert shop
            alert lvs.alert mail
            alert file.alert /dev/null
"""


class Desk:
    """A recorder over a real store, with two pools; calls are answered with ``fate``."""

    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path / "state.db"
        parsed = parse(CONFIG, "mon.cf", read=lambda pattern, file: ())
        self.plan = link(parsed.config, Catalog((), ()), lambda name: (name,))
        self.clock, self.called, self.fate = FakeClock(), [], Fate.SENT
        self.ended: list[tuple[str, Fate, str]] = []
        self.store = StateStore.open(self.path)
        self.outbox = Outbox(self.store, self.send, self.clock)
        self.outbox.policy.plan = self.plan
        self.outbox.observers.append(lambda entry, d: self.ended.append((entry.command, d.fate, d.why)))
        self.pools = Pools(self.plan.pools, self.clock())
        book, journals = Book(parsed.config, self.clock()), Journals(lambda command: "", self.clock())
        self.recorder = Recorder(book, self.pools, self.store, self.outbox, journals, self.clock)
        self.recorder.plan = self.plan

    async def send(self, entry: Entry, attempt: int) -> Delivery:
        self.called.append(entry)
        return Delivery(self.fate, "said")

    def begin(self, saved=None) -> None:
        for name in self.pools.names:
            at = self.clock()
            self.pools.adopt(name, Table(None), (saved or {}).get(name), at, max_age=lambda voter: 9)

    async def say(self, verdict: Verdict, *hosts: str) -> None:
        for host in hosts:
            now = self.clock.advance(1)
            self.pools.vote(HostResult("web", "http", host, verdict, "said", 0.1, now), now)
        for pool in self.plan.pools:
            if turn := self.pools.turn(pool.name, self.clock()):
                step = quorum_called(self.plan, pool, turn, {"MON_STATEDIR": "/x"}, self.clock())
                await self.recorder.carry_out(step, pools=[pool.name])


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.begin()
    yield desk
    await desk.outbox.stop(0)
    desk.store.close()


async def test_the_call_is_the_words_as_written_and_an_environment(desk: Desk) -> None:
    await desk.say(Verdict.OK, "127.0.0.1", "127.0.0.2")
    (entry,) = desk.outbox.pending()
    assert entry.line.command.words == ("/bin/announce", "--all", "my shop")
    assert (entry.line.command.runas, entry.line.plain, entry.action) == ("root", True, True)
    assert (entry.watch, entry.service, entry.period) == ("web", "http", "day")
    told = {name: entry.notice.environment[name] for name in ("MON_POOL", "MON_HEALTHY", "MON_SERVERS")}
    assert told == {"MON_POOL": "shop", "MON_HEALTHY": "2", "MON_SERVERS": "2"}
    assert entry.notice.environment["MON_STATEDIR"] == "/x"
    assert entry.notice.output == "pool shop: quorum 2 is there: 2 of 2 servers are healthy\n"


async def test_the_turn_and_its_call_are_on_disk_together(desk: Desk) -> None:
    await desk.say(Verdict.OK, "127.0.0.1", "127.0.0.2")
    saved = desk.store.load()
    assert len(saved.entries) == 1
    assert restored_pools(saved)["shop"].past.quorum.up is True


async def test_a_call_that_waits_expires_when_the_opposite_is_decided_and_no_other_does(desk: Desk) -> None:
    await desk.say(Verdict.OK, "127.0.0.1", "127.0.0.2")
    await desk.say(Verdict.DOWN, "127.0.0.1")
    # Both pools lost their quorum; only the call of the one that had told of it is undone.
    assert [entry.command for entry in desk.outbox.pending()] == [
        "/bin/withdraw ';' rm",
        "/bin/withdraw mail",
    ]


async def test_what_was_not_run_before_a_kill_is_not_run_after_it(desk: Desk, tmp_path: Path) -> None:
    await desk.say(Verdict.OK, "127.0.0.1", "127.0.0.2")
    desk.store.close()
    again = Desk(tmp_path)
    again.clock.advance(desk.clock().mono - again.clock().mono + 1)  # earlier, it would be another boot
    saved = restored_pools(again.store.load())
    await again.outbox.start()
    assert [(command, fate) for command, fate, _ in again.ended] == [
        ("/bin/announce --all 'my shop'", Fate.EXPIRED)
    ]
    again.begin(saved)
    await again.say(Verdict.OK, "127.0.0.1", "127.0.0.2")
    # ... and people are told so, where the failures of the voter are told.
    async with asyncio.timeout(60):
        while again.outbox.pending():  # noqa: ASYNC110 - it says so to nobody
            await asyncio.sleep(0.01)
    assert [entry.line.plain for entry in again.called] == [False]
    assert "not delivered" in again.called[0].notice.summary
    assert again.pools.standing("shop").up
    await again.outbox.stop(0)
    again.store.close()
    desk.store = StateStore.open(tmp_path / "other.db")


def test_a_command_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    problems = [str(problem) for problem in Desk(tmp_path).plan.problems]
    assert any("quorum of pool shop: there is no program /bin/withdraw" in each for each in problems)
