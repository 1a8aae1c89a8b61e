"""A daemon without monitors: a real book behind the operations, results put in by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from mon.catalog import Plan
from mon.config import parse
from mon.control.operations import PendingAlert, PoolView, Records, ReloadReport, TestReport
from mon.engine import Book, Step
from mon.errors import ControlError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.notice import Delivery, Fate
from mon.model.result import OpStatus, RunResult
from mon.outbox import Entry, Outbox
from mon.store import HistoryStore, StateStore

CONFIG = """
hostgroup web h1 h2

watch web
    service http
        description the "web" it's \\ ok
        interval 90s
        monitor http.monitor -a 'b'
        depend SELF:ftp
        period wd {Sun-Sat}
            alert mail.alert root
    service ftp
        interval 1.5h
        monitor ftp.monitor
"""

HTTP: Key = ("web", "http")


class Daemon:
    """What the commands ask of the daemon, as the real one would answer."""

    def __init__(self, text: str = CONFIG) -> None:
        self.at = Moment(1_790_000_000.0, 1000.0)
        self.text = text
        config = self.read(text)
        self.plan = Plan(config)
        self.book = Book(config, self.at)
        self.environment: Mapping[str, str] = {}
        self.downtime_log: Path | None = None
        self.userfile = Path("/nonexistent/monusers.cf")
        self.steps: list[Step] = []
        self.saved: list[str] = []
        self.trouble = ""  # what the disk says
        self.timers: dict[Key, float] = {}
        self.pids: dict[Key, int] = {}
        self.checked: list[Key] = []
        self.terminated = False
        self.debug = False
        self.remote: list[tuple[str, ...]] = []
        self.rebound: list[Key] = []
        self.results: dict[Key, list[tuple[int, str]]] = {}

    @staticmethod
    def read(text: str) -> Any:
        parsed = parse(text, "mon.cf", read=lambda pattern, file: [], classic=True)
        if parsed.errors:
            raise ControlError("\n".join(map(str, parsed.errors)))
        return parsed.config

    @cached_property
    def records(self) -> Records:
        store, history = StateStore.open(None), HistoryStore.open(None)

        async def send(entry: Entry, attempt: int) -> Delivery:
            return Delivery(Fate.SENT, "")

        return Records(Outbox(store, send, self.now), store, history)

    def now(self) -> Moment:
        return self.at

    def due_in(self, key: Key) -> float | None:
        return None if self.book.interval(key) is None else self.timers.get(key, 60.0)

    def running(self, key: Key) -> int | None:
        return self.pids.get(key)

    def check_now(self, key: Key) -> bool:
        self.checked.append(key)
        if not self.book.running or not self.results.get(key):
            return False
        status, output = self.results[key].pop(0)
        self.result(key, status, output)
        return True

    def result(self, key: Key, status: int, output: str) -> None:
        """A monitor has just ended."""
        started, self.at = self.at, self.at.later(1)
        run = RunResult(*key, status, output, started, self.at)
        self.steps.append(self.book.result(run, self.at, self.environment))

    def set_timer(self, key: Key, seconds: float) -> None:
        self.timers[key] = seconds

    async def test_check(self, key: Key) -> TestReport:
        return TestReport(RunResult(*key, 1, "h1\nrefused\n", self.at, self.at))

    async def carry_out(self, step: Step) -> None:
        self.steps.append(step)

    async def trap(self, key: Key, status: int, output: str, *, intended: str = "", word: str = "") -> None:
        self.steps.append(self.book.trap(key, status, output, self.at, {}, intended=intended, word=word))

    async def set_opstatus(self, key: Key, status: OpStatus) -> None:
        self.steps.append(self.book.set_opstatus(key, status, self.at, {}))

    async def rebind(self, key: Key) -> None:
        self.rebound.append(key)

    def dump(self) -> bool:
        return self.debug

    def tell_remote(self, *words: str) -> None:
        self.remote.append(words)

    async def reload(self, *, force: bool = False) -> ReloadReport:
        return ReloadReport(True, ("forced",) if force else ("nothing changed",))

    async def reset(self, *, keepstate: bool, stopped: bool) -> str:
        try:
            config = self.read(self.text)
        except ControlError as error:
            return str(error)
        self.book.reset(config, self.at, keepstate=keepstate)
        if stopped:
            self.stop_scheduler()
        return ""

    async def check_config(self) -> Sequence[str]:
        try:
            self.read(self.text)
        except ControlError as error:
            return str(error).splitlines()
        return ()

    def start_scheduler(self) -> None:
        self.book.start()

    def stop_scheduler(self) -> None:
        self.book.stop(self.at)

    def terminate(self) -> None:
        self.terminated = True

    async def save_state(self, kinds: Iterable[str]) -> None:
        if self.trouble:
            raise ControlError(f"it is in force, but not saved: {self.trouble}")
        self.saved.extend(kinds)

    async def load_state(self, kinds: Iterable[str]) -> None:
        self.saved.extend(kinds)

    def pools(self) -> Sequence[PoolView]:
        return (PoolView("web", "tcp 192.168.0.10:80", "memory", "wlc"),)

    def pending(self) -> Sequence[PendingAlert]:
        return (PendingAlert("web", "http", "mail.alert root", "failure", self.at.wall),)


@pytest.fixture
def daemon() -> Daemon:
    """Two services of two hosts, of which nothing is known yet."""
    return Daemon()


@pytest.fixture
def new_daemon() -> Callable[[str], Daemon]:
    """A daemon under a configuration of the test's own."""
    return Daemon
