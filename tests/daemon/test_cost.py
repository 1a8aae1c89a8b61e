"""What the daemon does for a check, in calls of Python functions: a count is the same on a busy machine.

The bounds have room for another version of Python and for a feature; they catch work that is done for
each check by accident, and work each second that grows with the services that are merely there.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import pytest

from mon.daemon.core import Daemon, system_clock
from mon.daemon.loading import load
from mon.daemon.options import Options
from mon.daemon.parts import Parts

CALLS_PER_CHECK = 260
"""Of a tcp check that finds what it found before, the waiting for it included; 180 when this was written."""

CALLS_PER_PROGRAM = 340
"""Of a program that says what it said before, by a daemon with few variables; 256 when this was written."""

SERVICE = """\
hostgroup g{number} 127.0.{high}.{low}

watch g{number}
    service tcp
        interval {interval}
        monitor {monitor}
        traptimeout 1h
        period
            alert file.alert /dev/null

"""


class Counted:
    """Counts the calls of Python functions in this thread while it is on."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> "Counted":
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        self.calls += event == "call"


@pytest.fixture
def port() -> Iterator[int]:
    """Of a listener whose connections wait in its backlog."""
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as server:
        yield server.getsockname()[1]


@asynccontextmanager
async def running(
    directory: Path, port: int, services: int, interval: str, monitor: str = "tcp.monitor -p {port}"
) -> AsyncIterator[Parts]:
    """A daemon's parts at work, without its control channels."""
    numbers = ((number, number // 250, 1 + number % 250) for number in range(services))
    config = directory / "mon.cf"
    config.write_text(
        f"statedir = {directory}\nmondir = {directory}\n\n"
        + "".join(
            SERVICE.format(
                number=number, high=high, low=low, interval=interval, monitor=monitor.format(port=port)
            )
            for number, high, low in numbers
        )
    )
    options = Options(config=config)
    daemon = Daemon(load(options), options)
    daemon.parts = parts = Parts(daemon._loaded, options, system_clock)
    parts.adopt(daemon._loaded)
    await parts.keeper.start({})
    await parts.outbox.start()
    daemon._keep_time()
    try:
        yield parts
    finally:
        await parts.checks.close()
        await parts.outbox.stop(0.0)
        await parts.runner.close(0.0)
        await parts.background.close()
        await parts.keeper.close()
        await parts.probe.close()
        parts.close_files()


async def checked(parts: Parts, times: int) -> None:
    """Until every service was checked so often."""
    for _ in range(times):
        before = {key: state.run.success for key, state in parts.book.states.items()}
        for key in before:
            parts.checks.check_now(key)
        async with asyncio.timeout(60):
            while any(parts.book.states[key].run.success == at for key, at in before.items()):  # noqa: ASYNC110
                await asyncio.sleep(0.3)


async def test_a_check_that_finds_nothing_new_is_few_calls(tmp_path: Path, port: int) -> None:
    services = 200
    async with running(tmp_path, port, services, "1h") as parts:
        await checked(parts, 2)
        with Counted() as counted:
            await checked(parts, 1)
        assert counted.calls / services < CALLS_PER_CHECK


async def test_a_program_that_says_nothing_new_is_few_calls(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(os.environ) - {"PATH"}:
        monkeypatch.delenv(name)
    (tmp_path / "true.monitor").symlink_to("/bin/true")
    services = 50
    async with running(tmp_path, port, services, "1h", "true.monitor") as parts:
        await checked(parts, 2)
        with Counted() as counted:
            await checked(parts, 1)
        assert counted.calls / services < CALLS_PER_PROGRAM


async def test_a_second_without_a_check_costs_the_same_whatever_is_there(tmp_path: Path, port: int) -> None:
    found = {}
    for services in (10, 1000):
        async with running(tmp_path, port, services, "10h") as parts:
            for key in parts.book.services:
                parts.checks.timetable.remove(key)
            await asyncio.sleep(1.2)
            with Counted() as counted:
                await asyncio.sleep(1.5)
            found[services] = counted.calls
    assert found[1000] < found[10] * 2
