"""An outbox over a real store, with a sender that answers as told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

from disk import Disk

from mon.errors import StoreError
from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Delivery, Fate, Notice
from mon.model.result import OpStatus
from mon.outbox import Draft, Entry, Outbox
from mon.store import Batch, Row, Stage, StateStore

SENT = Delivery(Fate.SENT, "250 ok", 0.1)
BUSY = Delivery(Fate.RETRY, "421 busy")
TYPES = {AlertKind.ALERT: AlertType.FAILURE, AlertKind.UPALERT: AlertType.UP}


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = Moment(1_000_000.0, 500.0)

    def __call__(self) -> Moment:
        return self.now


class Living(Protocol):
    """What has a store, and an outbox over it."""

    store: StateStore
    outbox: Outbox


L = TypeVar("L", bound=Living)


@asynccontextmanager
async def living(world: L) -> AsyncIterator[L]:
    """Its outbox sends until the end, then all is closed."""
    await world.outbox.start()
    yield world
    await world.outbox.stop(0.0)
    world.store.close()


class World:
    """A store, an outbox, and a sender that answers as told and writes down what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.ids = count(1)
        self.calls: list[tuple[str, int]] = []
        self.told: list[tuple[str, Fate, str]] = []
        self.answers: dict[str, Delivery] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.open()

    def open(self) -> None:
        self.store = StateStore.open(self.path)
        self.disk = Disk(self.store)
        self.outbox = Outbox(self.store, self.send, self.clock, ids=lambda: f"id{next(self.ids)}")
        self.outbox.observers.append(lambda entry, d: self.told.append((entry.notice.summary, d.fate, d.why)))

    async def send(self, entry: Entry, attempt: int) -> Delivery:
        self.calls.append((entry.notice.summary, attempt))
        if gate := self.gates.get(entry.line.command.words[-1]):
            await gate.wait()
        return self.answers.get(entry.notice.summary, SENT)

    async def decide(self, *decisions: Decision) -> tuple[Row, ...]:
        """What a step of these decisions leads to, as the recorder does it."""
        draft = self.accept(*decisions)
        with suppress(StoreError):
            await self.store.saved(self.submit(draft))
        self.outbox.settle(draft)
        return draft.entries

    def accept(self, *decisions: Decision) -> Draft:
        return self.outbox.accept(decisions, is_action=lambda line: line.command.plugin == "act.alert")

    def submit(self, draft: Draft) -> Future[None]:
        now = self.clock.now.wall
        return self.store.submit(Batch(now, entries=draft.entries, deliveries=draft.deliveries))

    async def restart(self) -> tuple[str, ...]:
        await self.outbox.stop(0.0)
        self.store.close()
        self.open()
        return await self.outbox.start()

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never happened; sent {self.calls}, told {self.told}")

    def forward(self, seconds: float) -> None:
        self.clock.now = self.clock.now.later(seconds)
        self.outbox.wake()


def decision(
    name: str,
    command: str = "mail.alert ops",
    kind: AlertKind = AlertKind.ALERT,
    service: str = "http",
    replay: bool = False,
) -> Decision:
    line = AlertLine(kind, CommandLine(command, tuple(command.split())), replay=replay)
    notice = Notice(TYPES[kind], "web", service, "always", 1.0, 1, OpStatus.FAIL, name, name)
    return Decision(
        "web", service, "always", line, TYPES[kind], "send", "", Moment(1_000_000.0, 500.0), notice
    )


async def stage(world: World, row: Row) -> tuple[Stage, str]:
    found = await world.store.entry(row.id)
    assert found is not None
    return found.stage, found.why
