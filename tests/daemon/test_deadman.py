"""The heartbeat of the alerting path stops when any part of it stalls."""

from types import SimpleNamespace
from typing import Any

import pytest

from mon.catalog import Plan
from mon.config import parse
from mon.daemon.deadman import Checked, Deadman, stalled
from mon.engine import Book
from mon.model.moment import Moment
from mon.model.notice import Delivery, Fate
from mon.structs import replace

NOW = 100_000.0
WELL: dict[str, Any] = {
    "running": True, "since": 0.0, "checks": [Checked(NOW - 5, 10.0)], "overdue": 0.0, "disk": "",
    "balancers": [("web", "")],
}  # fmt: skip


def test_all_is_well() -> None:
    assert stalled(NOW, **WELL) == ""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"running": False}, "the scheduler is stopped"),
        ({"checks": [Checked(NOW - 95, 10.0)]}, "nothing was checked for 65 s longer"),
        ({"overdue": 61.0}, "the outbox has not moved for 61 s"),
        ({"disk": "disk full"}, "the outbox cannot be written: disk full"),
        ({"balancers": [("web", ""), ("mail", "no answer")]}, "pool mail: no answer"),
    ],
)
def test_what_stalls_is_said(what: dict[str, Any], said: str) -> None:
    assert said in stalled(NOW, **WELL | what)


@pytest.mark.parametrize(
    "what",
    [
        {"checks": [Checked(NOW - 9000, 10.0), Checked(NOW - 1, 10.0)]},  # one that hangs is not all of them
        {"overdue": 5.0},  # a busy second
        {"since": NOW - 10, "checks": [Checked(0.0, 10.0)]},
        {"checks": []},
    ],
)
def test_what_only_looks_like_it_is_well(what: dict[str, Any]) -> None:
    assert stalled(NOW, **WELL | what) == ""


CONFIG = """
deadman 5m file.alert /dev/null

hostgroup web h1

watch web
    service http
        interval 10s
        monitor http.monitor
        period
            alert file.alert x
"""


class Mon:
    """Parts of a daemon that are well, or not; ``sent`` counts the messages."""

    def __init__(self) -> None:
        config = parse(CONFIG, "mon.cf", read=lambda pattern, file: []).config
        assert config.settings.deadman is not None
        self.now = Moment(NOW, 500.0)
        self.book = Book(config, self.now)
        self.loaded = SimpleNamespace(plan=Plan(config, alerts={config.settings.deadman.line: "bound"}))
        self.outbox = SimpleNamespace(overdue=lambda: self.overdue, trouble="")
        self.recorder = SimpleNamespace(trouble="")
        self.keeper = SimpleNamespace(views=list)
        self.pools = SimpleNamespace(names=())
        self.runner = self
        self.overdue, self.sent = 0.0, 0

    def clock(self) -> Moment:
        return self.now

    async def send(self, *_: object) -> Delivery:
        self.sent += 1
        return Delivery(Fate.SENT, "")

    async def minutes(self, deadman: Deadman, count: int, *, checked: bool = True) -> int:
        """How many messages come in so many minutes."""
        before = self.sent
        for _ in range(count):
            self.now = self.now.later(60)
            state = self.book.states["web", "http"]
            if checked:
                self.book.states["web", "http"] = replace(
                    state, run=replace(state.run, checked=self.now.wall)
                )
            await deadman.look()
        return self.sent - before


async def test_it_comes_at_its_time_and_stops_with_the_outbox_the_checks_and_the_disk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    mon = Mon()
    deadman = Deadman(mon)
    assert await mon.minutes(deadman, 10) == 2
    mon.overdue = 61.0
    assert await mon.minutes(deadman, 10) == 0
    mon.overdue = 0.0
    assert await mon.minutes(deadman, 10) == 2
    mon.recorder.trouble = "disk full"
    assert await mon.minutes(deadman, 10) == 0
    mon.recorder.trouble = ""
    assert await mon.minutes(deadman, 10) == 2
    assert await mon.minutes(deadman, 2, checked=False) <= 1  # a minute late is not stalled
    assert await mon.minutes(deadman, 10, checked=False) == 0
    assert await mon.minutes(deadman, 10) == 2
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(":")[0] for text in said] == ["no deadman message", "deadman messages go on"] * 3
