"""The story: a server fails, is taken out and told of; it returns, is put back and told of again."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import mon
from mon.control.asking import ask
from mon.demo.console import BOLD, GREEN, RED, Console
from mon.demo.stage import Event, Stage, StageError
from mon.demo.web import Fault
from mon.errors import ControlError
from mon.structs import Struct

WELL, ILL = 4.0, 6.0
"""Seconds between two outages, and that an outage lasts."""

PATIENCE = 8.0
"""Seconds that ``--once`` waits for each step."""

OUTAGES = (
    ("web2", Fault.DEAD),
    ("web3", Fault.HUNG),
    ("web1", Fault.BROKEN),
    ("ftp1", Fault.DEAD),
)


class Step(Struct, frozen=True):
    """Something that must happen now."""

    text: str
    true: Callable[[Event], bool]


def play(config: str | None, *, once: bool) -> int:
    """Set the stage and play on it; returns the exit status."""
    console = Console()
    try:
        return asyncio.run(_play(_config(config), console, once=once))
    except StageError as error:
        console.print(f"mon demo: {error}")
        return 1
    except KeyboardInterrupt:
        return 0


def _config(given: str | None) -> Path:
    path = Path(given) if given else Path(mon.__file__).parents[1] / "mon.cf"
    if not path.is_file():
        raise StageError(f"{path} is not there: run the demo from a checkout, or name a file with -c")
    return path.absolute()


async def _play(config: Path, console: Console, *, once: bool) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mon-demo-") as directory:
        stage = Stage(config, Path(directory), console.event)
        story = Story(stage, console)
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            async with stage.open():
                good = await (story.once() if once else story.again_and_again())
        except asyncio.CancelledError:
            console.print()
            return 0
    if once:
        console.print(f"\n{'all as it should be' if good else 'FAILED'}: {time.monotonic() - began:.1f} s")
    return 0 if good else 1


class Story:
    """Plays on a stage and tells it on a console."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console

    async def again_and_again(self) -> bool:
        """One outage after the other until Ctrl-C; False when the daemon ends before that."""
        self._console.print("Real servers on 127.0.1.1-3 will fail and come back.  Ctrl-C ends it.\n")
        show = asyncio.create_task(self._outages())
        try:
            await self._stage.wait_for(lambda event: event["event"] == "end", 0, float("inf"))
        finally:
            show.cancel()
        return False

    async def once(self) -> bool:
        """One outage with each step checked; did all go well?"""
        good = await self._check(_all_in(), time.monotonic())
        good = good and await self._act("web2", Fault.DEAD, _out_of("web2"))
        return good and await self._act("web2", Fault.NONE, _back_with("web2"))

    async def _outages(self) -> None:
        await self._stage.wait_for(lambda event: event["event"] == "pool", 0, PATIENCE)
        for name, fault in cycle(OUTAGES):
            for seconds, new in ((WELL, fault), (ILL, Fault.NONE)):
                await asyncio.sleep(seconds / 2)
                await self._draw()
                await asyncio.sleep(seconds / 2)
                await self._fail(name, new)

    async def _act(self, name: str, fault: Fault, steps: Iterator[Step]) -> bool:
        began, since = time.monotonic(), len(self._stage.events)
        await self._fail(name, fault)
        good = await self._check(steps, began, since)
        await self._draw()
        return good

    async def _check(self, steps: Iterator[Step], began: float, since: int = 0) -> bool:
        """Wait for each of the steps, and say how long it took from the beginning."""
        for step in steps:
            happening = await self._stage.wait_for(step.true, since, PATIENCE)
            if happening is None:
                self._console.line("FAILED", f"{step.text}: not seen within {PATIENCE:.0f} s", RED)
                return False
            self._console.line("ok", f"{step.text}: {happening.at - began:.2f} s", GREEN)
        return True

    async def _fail(self, name: str, fault: Fault) -> None:
        self._console.print()
        self._console.line("demo", f"{name} {fault}", BOLD)
        await self._stage.farm.servers[name].fail(fault)

    async def _draw(self) -> None:
        try:
            status = await asyncio.to_thread(ask, self._stage.statedir / "mon.sock", "status")
        except ControlError as error:
            self._console.line("demo", str(error), RED)
        else:
            self._console.pools(status["pools"])


def _all_in() -> Iterator[Step]:
    for name in ("web1", "web2", "web3"):
        yield Step(f"{name} is in the pool", _weight(name, lambda weight: weight > 0))


def _out_of(name: str) -> Iterator[Step]:
    yield Step("down seen", _transition(name, "down"))
    yield Step("weight 0", _weight(name, lambda weight: weight == 0))
    yield from _told("alert", "DOWN web/http", name)
    yield Step("the mail says what became of the pool", _mail_says("2 of 3 in", f"{name} leaves when"))


def _back_with(name: str) -> Iterator[Step]:
    yield Step("up seen", _transition(name, "ok"))
    yield Step("weight restored", _weight(name, lambda weight: weight > 0))
    yield from _told("upalert", "UP web/http")
    yield Step("the mail says so, too", _mail_says("3 of 3 in", f"{name} comes back"))


def _told(kind: str, *words: str) -> Iterator[Step]:
    """Mail and webhook have come, and say these words."""
    for medium in ("mail", "webhook"):
        yield Step(f"{kind} by {medium} received", _arrived(medium, *words))


def _transition(host: str, new: str) -> Callable[[Event], bool]:
    return lambda event: (
        (event["event"], event.get("service"), event.get("host"), event.get("new"))
        == ("transition", "http", host, new)
    )  # fmt: skip


def _weight(name: str, fits: Callable[[int], bool]) -> Callable[[Event], bool]:
    def true(event: Event) -> bool:
        if event["event"] != "pool" or not str(event.get("server", "")).startswith(f"{name} "):
            return False
        new = event["new"]
        return isinstance(new, int) and fits(new)

    return true


def _arrived(medium: str, *words: str) -> Callable[[Event], bool]:
    return lambda event: event["event"] == medium and all(word in str(event["text"]) for word in words)


def _mail_says(*either: str) -> Callable[[Event], bool]:
    """A message waits for the check that decides, but not for ever: then it says what is about to follow."""
    return lambda event: event["event"] == "mail" and any(words in str(event["text"]) for words in either)
