"""From a host's result to the changed balancer: no clock, no poll, no disk, and few turns of the loop.

The whole daemon is wired up on a loop whose clock stands still, so whatever waits for a moment waits for
ever; and its databases are locked by another hand, so whatever waits for the disk does too.
"""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mon.balancer.memory import Memory
from mon.daemon.loading import load
from mon.daemon.options import Options
from mon.daemon.parts import Parts
from mon.model.moment import Moment
from mon.model.pool import Change, Table, VirtualId
from mon.model.result import Cause, HostResult, Verdict

CONFIG = """\
statedir = {directory}
hostgroup farm w1=192.0.2.1 w2=192.0.2.2 w3=192.0.2.3 w4=192.0.2.4

virtual shop 192.0.2.10:80
    balancer memory
    real w1 weight 10
    real w2 weight 10
    real w3 weight 10
    real w4 weight 10
    fall 1

watch farm
    service http
        interval 1h
        monitor http.monitor
        period
            alert lvs.alert shop
            alert mail.alert ops@example.com
    service idle
        interval 1h
        monitor idle.monitor
        period
            alert lvs.alert shop
"""
HOSTS = {f"w{n}": f"192.0.2.{n}" for n in range(1, 5)}
SHOP = VirtualId("tcp", "192.0.2.10", 80)
STILL = Moment(1_700_000_000.0, 5_000.0)
MOST_TURNS = 12
"""Three calls of the balancer's thread (read, apply, read back), a few turns for each to come back."""


PATIENCE = 20.0
"""Real seconds."""


class StillLoop(asyncio.SelectorEventLoop):
    """Its clock never advances; ``turns`` counts what it did."""

    turns = 0

    def time(self) -> float:
        return STILL.mono

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]


class Watched(Memory):
    """Sets an event in the loop when it was changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.changed = asyncio.Event()

    def apply(self, changes: "list[Change]") -> None:  # type: ignore[override]
        super().apply(changes)
        self._loop.call_soon_threadsafe(self.changed.set)

    def weights(self) -> dict[str, int]:
        servers = self.tables.get(SHOP, Table(None)).servers
        return {server.id.address: server.weight for server in servers}


@contextmanager
def locked(*files: Path) -> Iterator[None]:
    """Nobody else can write to these databases meanwhile."""
    with closing(sqlite3.connect(files[0])) as first, closing(sqlite3.connect(files[1])) as second:
        for database in (first, second):
            database.isolation_level = None
            database.execute("BEGIN EXCLUSIVE")
        yield


class Touched:
    """What the audit hook of Python saw of files, programs and sleeping."""

    WATCHED = frozenset(("open", "time.sleep", "subprocess.Popen", "sqlite3.connect", "os.rename"))

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event in self.WATCHED:
            self.seen.append(f"{event} {arguments[:1]}")


@pytest.fixture(scope="module")
def touched() -> Touched:
    return Touched()


def said(service: str, host: str, verdict: Verdict) -> HostResult:
    cause = Cause.REFUSED if verdict is Verdict.DOWN else Cause.NONE
    return HostResult("farm", service, host, verdict, "said", 0.0, STILL, cause, final=service == "idle")


async def turns(parts: Parts, balancer: Watched, result: HostResult) -> int:
    """How many turns of the loop it takes from this result to a changed balancer."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StillLoop)
    balancer.changed.clear()
    before = loop.turns
    parts.checks._heard(result)
    await balancer.changed.wait()
    return loop.turns - before


async def story(directory: Path, touched: Touched) -> None:
    config = directory / "mon.cf"
    config.write_text(CONFIG.format(directory=directory))
    options = Options(config=config)
    loaded = load(options)
    parts = Parts(loaded, options, lambda: STILL)
    balancer = Watched(asyncio.get_running_loop())
    parts.keeper._lines._open = lambda words: balancer
    parts.adopt(loaded)
    try:
        await parts.keeper.start({})
        for service in ("http", "idle"):
            for host in HOSTS:
                parts.checks._heard(said(service, host, Verdict.OK))
        await balancer.changed.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert balancer.weights() == dict.fromkeys(HOSTS.values(), 10)
        with locked(loaded.places.state_db, loaded.places.history_db):
            touched.on = True
            sampled = await turns(parts, balancer, said("http", "w1", Verdict.DOWN))
            event = await turns(parts, balancer, said("idle", "w2", Verdict.DOWN))
            touched.on = False
        assert list(balancer.weights().values()) == [0, 0, 10, 10]
        assert sampled <= MOST_TURNS, sampled
        assert event <= MOST_TURNS, event
        assert touched.seen == []
    finally:
        touched.on = False
        await parts.checks.close()
        await parts.runner.close(0.0)
        await parts.background.close()
        await parts.keeper.close()
        await parts.probe.close()
        parts.close_files()


def test_the_way_to_the_balancer_has_no_clock_no_disk_and_few_turns(tmp_path: Path, touched: Touched) -> None:
    with asyncio.Runner(loop_factory=StillLoop) as runner:
        loop, work = runner.get_loop(), story(tmp_path, touched)
        task = loop.create_task(work)
        # The loop's own clock would never end it.
        patience = threading.Timer(PATIENCE, loop.call_soon_threadsafe, (task.cancel,))
        patience.start()
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pytest.fail(f"after {PATIENCE} s of real time it still waits for a clock or a disk")
        finally:
            patience.cancel()
