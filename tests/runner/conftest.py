"""Programs that misbehave, and a loop that notices when it is held up."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mon.catalog import Bound, Check, Form, Plugin
from mon.catalog.plan import Description, Kind
from mon.model.config import CommandLine, Host, Service
from mon.model.moment import Moment
from mon.runner import Runner, Spawner, Worker

Program = Callable[..., Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write an executable file; by default a shell script."""

    def write(text: str, name: str = "x.monitor", *, mode: int = 0o755, head: str = "#!/bin/sh\n") -> Path:
        path = tmp_path / name
        path.write_text(head + text)
        path.chmod(mode | stat.S_IRUSR)
        return path

    return write


@pytest.fixture
async def spawner() -> AsyncIterator[Spawner]:
    """A spawner that is closed afterwards."""
    spawner = Spawner()
    yield spawner
    await spawner.close()


@pytest.fixture
async def ticker() -> AsyncIterator[list[float]]:
    """Lengths of a beat of 20 ms while the test ran; their maximum says how long the loop was held up."""
    lengths = [0.0]
    loop = asyncio.get_running_loop()

    async def tick() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.02)
            lengths.append(loop.time() - before)

    task = asyncio.create_task(tick())
    yield lengths
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def runner() -> AsyncIterator[Runner]:
    """A runner without probe and templates, with a worker."""
    loop = asyncio.get_running_loop()
    runner = Runner(
        None, None, Worker(), clock=lambda: Moment(1_700_000_000 + loop.time(), loop.time()), limit=50
    )
    yield runner
    await runner.close(1.0)


@pytest.fixture
def bound() -> Callable[..., Bound]:
    """Make a plugin of a program, with arguments."""

    def bound(path: Path, *words: str, kind: Kind = Kind.MONITOR, hosts: bool = True) -> Bound:
        plugin = Plugin(path.name, kind, path, Form.EXECUTABLE, False, Description("", "", ""))
        return Bound(plugin, {}, CommandLine(" ".join(words), (str(path), *words), hosts))

    return bound


@pytest.fixture
def native() -> Callable[..., Bound]:
    """Make one of our plugins of a function."""

    def native(function: Callable[..., object], verb: str = "check", **options: object) -> Bound:
        kind = Kind.ALERT if verb == "send" else Kind.MONITOR
        about = Description("", "", verb, waits=asyncio.iscoroutinefunction(function))
        plugin = Plugin("f", kind, Path("f.py"), Form.NATIVE, True, about, function)
        return Bound(plugin, options, CommandLine("f", ("f",)))

    return native


@pytest.fixture
def check() -> Callable[..., Check]:
    """Make a service of hosts with a monitor."""

    def check(monitor: Bound, *names: str, timeout: float = 5.0) -> Check:
        hosts = tuple(Host(*name.split("=")) for name in names)
        return Check(Service("farm", "http"), monitor, hosts, timeout)

    return check


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Is there a process of that number that is no zombie?"""

    def alive(pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return alive


@pytest.fixture
def until() -> Callable[..., Awaitable[bool]]:
    """Wait until something holds."""

    async def until(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
        for _ in range(int(seconds / 0.05)):
            if holds():
                return True
            await asyncio.sleep(0.05)
        return holds()

    return until
