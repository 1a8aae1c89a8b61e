"""Laws 4, 5 and 6 for what is told together: whatever happens in a window, and whenever mon is killed."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.recorder import Recorder, restored
from mon.engine import Book, Silence
from mon.model.notice import AlertType, Delivery, Fate
from mon.model.result import OpStatus, RunResult
from mon.outbox import Entry, Outbox
from mon.pool.pools import Pools
from mon.store import Stage, StateStore
from mon.testing.clock import FakeClock

SERVICE = """\
    service {name}
        interval 10s
        monitor tcp.monitor
{more}        period
            collate team
"""
CONFIG = f"""\
alertgroup team
    collate 30s
    alert file.alert /log
    upalert file.alert /log

hostgroup web h1

hostgroup db h2

watch web
{SERVICE.format(name="a", more="")}{SERVICE.format(name="b", more="        depend db:c" + chr(10))}
watch db
{SERVICE.format(name="c", more="")}"""
CONFIGURED = parse(CONFIG, "mon.cf", read=lambda pattern, file: ()).config
PLAN = link(CONFIGURED, Catalog((), ()), lambda name: (name,))
KEYS = {"a": ("web", "a"), "b": ("web", "b"), "c": ("db", "c")}


@dataclass
class World:
    """What outlives mon: the clock, the disk, and what people got."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    busy: bool = False
    decided: int = 0
    messages: list[list[tuple[tuple[str, str], AlertType]]] = field(default_factory=list)

    async def send(self, entry: Entry, attempt: int) -> Delivery:
        if self.busy:
            return Delivery(Fate.RETRY, "421 busy")
        notice = entry.notice
        self.messages.append([(one.key, one.type) for one in notice.members or (notice,)])
        for one in notice.members or (notice,):
            if one.remark.startswith("it failed, and was well"):
                self.messages[-1].insert(0, (one.key, AlertType.FAILURE))
        return Delivery(Fate.SENT, "")


class Life:
    """One life of the parts of mon that decide, write down and send."""

    def __init__(self, world: World) -> None:
        self.world, self.clock = world, world.clock
        self.book = Book(CONFIGURED, self.clock())
        self.store = StateStore.open(world.folder / "state.db")
        self.outbox = Outbox(self.store, world.send, self.clock)
        journals = Journals(lambda command: command.plugin, self.clock())
        pools = Pools((), self.clock())
        self.recorder = Recorder(self.book, pools, self.store, self.outbox, journals, self.clock)
        self.recorder.plan = self.outbox.policy.plan = PLAN

    async def begin(self) -> None:
        restored(self.store.load(), self.book, self.clock())
        await self.outbox.start()

    async def kill(self) -> "Life":
        """The next life; of this one remains what is on disk."""
        await self.outbox.stop(0.0)
        self.store.close()
        other = Life(self.world)
        await other.begin()
        return other

    async def carry_out(self, step) -> None:
        self.world.decided += len(step.sent)
        await self.recorder.carry_out(step)

    async def quiet(self) -> None:
        """Let everything go out that is due."""
        for _ in range(200):
            await asyncio.sleep(0.001)
            if not self.outbox._lanes.next_due() and not self.outbox._tasks:
                return
            self.outbox.wake()

    async def perform(self, event: str) -> None:
        word, _, name = event.partition(" ")
        now = self.clock.advance(1)
        if word in ("ok", "fail", "worse"):
            status, said = (0, "") if word == "ok" else (1, f"{word}\n")
            result = RunResult(*KEYS[name], status, said, now, now)
            await self.carry_out(self.book.result(result, now, {}))
        elif word == "ack" and self.book.states[KEYS[name]].opstatus is OpStatus.FAIL:
            await self.carry_out(self.book.ack(KEYS[name], "ann", "mine", now, {}))
        elif word == "silence":
            self.book.silences.begin(Silence("web", "", now.wall, now.later(40), "ann", "works"))
            await self.recorder.flush()
        elif word == "wait":
            self.clock.advance(float(name))
            await self.recorder.look_at_windows()
            await self.quiet()
        elif word in ("busy", "free"):
            self.world.busy = word == "busy"


EVENTS = st.lists(
    st.one_of(
        st.sampled_from([f"{word} {name}" for word in ("ok", "fail", "worse", "ack") for name in KEYS]),
        st.sampled_from(["wait 5", "wait 40", "silence", "busy", "free", "kill", "kill at the end"]),
    ),
    max_size=25,
)


async def lived(folder: Path, events: list[str]) -> tuple[World, list[tuple[Stage, str]]]:
    """Everything that happened, then the end of all windows; how each alert ended."""
    world = World(folder)
    life = Life(world)
    await life.begin()
    for event in events:
        if event == "kill at the end":  # the window is over, on disk, and nobody has sent it
            life.outbox.release = lambda closed: None  # type: ignore[method-assign]
            world.clock.advance(31)
            await life.recorder.look_at_windows()
        if event.startswith("kill"):
            life = await life.kill()
        await life.perform(event)
    await life.perform("free")
    for _ in range(3):  # the second time for what was tried in vain, and waits
        await life.perform("wait 700")
    rows = await life.store.entries(0.0, 10_000)
    assert life.outbox.pending() == ()
    await life.kill()
    return world, [(row.stage, row.why) for row in rows]


@settings(max_examples=25, deadline=None)
@given(events=EVENTS)
def test_each_alert_ends_once_and_no_end_is_told_of_what_was_not_told(events: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world, ends = asyncio.run(lived(Path(folder), events))
    assert len(ends) == world.decided  # all of them were on disk, from the decision on
    assert {stage for stage, _ in ends} <= {Stage.SENT, Stage.EXPIRED}
    assert all("before it was told" in why for stage, why in ends if stage is Stage.EXPIRED)
    told: set[tuple[str, str]] = set()
    for message in world.messages:
        told |= {key for key, type_ in message if type_ is not AlertType.UP}
        assert {key for key, type_ in message if type_ is AlertType.UP} <= told
        told -= {key for key, type_ in dict(message).items() if type_ is AlertType.UP}
