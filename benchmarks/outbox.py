"""Alerts through the outbox: how many a second, what a transition costs, 2,000 services failing at once.

    python benchmarks/outbox.py [SERVICES]

The store is a real file with fsync, the sender answers at once: what is measured is ours and the disk's.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from table import Row, at_most, noted, show
from watched import EACH

from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Delivery, Fate, Notice
from mon.model.result import OpStatus, Transition
from mon.outbox import Entry, Outbox
from mon.runner import loop
from mon.store import Batch, HistoryStore, StateStore

SINGLE = 300
"""Transitions one after another, each waited for."""

LINE = AlertLine(AlertKind.ALERT, CommandLine("mail.alert ops", ("mail.alert", "ops")))


def clock() -> Moment:
    """The present."""
    return Moment(time.time(), time.monotonic())


async def send(entry: Entry, attempt: int) -> Delivery:
    """A receiver without any delay."""
    return Delivery(Fate.SENT, "250 ok")


class Bench:
    """An outbox over a real file."""

    def __init__(self, directory: str) -> None:
        self.history = HistoryStore.open(Path(directory, "history.db"))
        self.store = StateStore.open(Path(directory, "state.db"), history=self.history)
        self.outbox = Outbox(self.store, send, clock, observe=self._observe)
        self._failed = self._told = 0
        self._idle = asyncio.Event()

    def _observe(self, entry: Entry, delivery: Delivery) -> None:
        self._told += entry.stage.ended
        if self._told == self._failed:
            self._idle.set()

    async def fail(self, number: int) -> None:
        """One service fails: its state, the transition and the alert in one commit, then the alert goes."""
        now, name = clock(), f"s{number}"
        self._failed += 1
        self._idle.clear()
        notice = Notice(
            AlertType.FAILURE, "web", name, "", now.wall, 1, OpStatus.FAIL, "h1", "h1\nrefused\n" * 20,
            environment={f"MON_{n}": "value" for n in range(20)},
        )  # fmt: skip
        decision = Decision("web", name, "", LINE, AlertType.FAILURE, "send", "h1", now, notice)
        draft = self.outbox.accept([decision])
        change = Transition("web", name, "", "ok", "fail", "h1", now)
        state = {("web", name): b"x" * 500}
        batch = Batch(now.wall, states=state, entries=draft.entries, transitions=(change,))
        await self.store.commit(batch)
        self.outbox.settle(draft)

    async def drained(self) -> None:
        """Wait until everything was sent and noted."""
        await self._idle.wait()


def rows(services: int = 2000) -> list[Row]:
    """One after another, then all at once."""
    return loop.run(measured(services))


async def measured(services: int) -> list[Row]:
    """What it costs."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory:
        bench = Bench(directory)
        await bench.outbox.start()
        loop.freeze()
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(SINGLE):
            await bench.fail(number)
        single, used = time.perf_counter() - began, time.process_time() - cpu
        await bench.drained()
        found = [
            noted("alert: transition until on disk", single / SINGLE * 1000, "ms"),
            noted("alert: CPU of it", used / SINGLE * 1000, "ms"),
        ]
        worst = Worst()
        began, cpu, lag = time.perf_counter(), time.process_time(), asyncio.create_task(lateness(worst))
        results = []
        for number in range(services):  # results come one by one, not in one turn of the loop
            results.append(asyncio.create_task(bench.fail(number)))
            await asyncio.sleep(0)
        await asyncio.gather(*results)
        decided = time.perf_counter() - began
        await bench.drained()
        took, used = time.perf_counter() - began, time.process_time() - cpu
        lag.cancel()
        await bench.outbox.stop(1.0)
        bench.store.close()
        bench.history.close()
    what = f"{services:,} alerts at once"
    return [
        *found,
        noted(f"{what}: until all are on disk", decided, "s"),
        noted(f"{what}: until all are sent", took, "s", f"{services / took:,.0f} a second"),
        noted(f"{what}: CPU of one", used / services * 1000, "ms"),
        at_most(f"{what}: loop blocked by work", worst.busy * 1000, "ms", 50),
        noted(f"{what}: loop late, whyever", worst.late * 1000, "ms"),
    ]


@dataclass
class Worst:
    """The longest turn of the loop, and how long the loop itself worked in one: seconds."""

    late: float = 0.0
    busy: float = 0.0


async def lateness(worst: Worst) -> None:
    """How much later than asked the loop comes round: what a check would wait."""
    while True:
        before, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(EACH)
        late, busy = time.monotonic() - before - EACH, time.thread_time() - used
        worst.late, worst.busy = max(worst.late, late), max(worst.busy, min(late, busy))


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
