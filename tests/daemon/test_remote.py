"""``monremote``: a program that is told of clients' words."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mon.daemon.background import Background
from mon.daemon.remote import MOST, Remote
from mon.model.config import Config, Settings
from mon.runner import Spawner


@pytest.fixture
async def remote() -> AsyncIterator[Callable[[str], Remote]]:
    """``remote(program)``: with what it needs of the daemon's parts: a setting, a spawner, the background."""
    spawner, background = Spawner(), Background()

    def made(program: str) -> Remote:
        plan = SimpleNamespace(config=Config(Settings(monremote=program)))
        its: Any = SimpleNamespace(
            loaded=SimpleNamespace(plan=plan), environment={}, spawner=spawner, background=background
        )
        return Remote(its)

    yield made
    await background.close()
    await spawner.close()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "remote"
    file.write_text(f'#!/bin/sh\n[ "$1" = sleep ] && exec sleep 20\necho "$@" >> {tmp_path}/heard\n')
    os.chmod(file, 0o755)
    return file


async def until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came true")


async def test_it_is_called_with_its_own_words_and_the_clients(
    remote: Callable[[str], Remote], program: Path, tmp_path: Path
) -> None:
    called = remote(f"{program} --to 'other mon'")
    called.tell("disable", "watch", "web")
    called.tell("enable", "host", "$(id)")

    def heard() -> list[str]:
        file = tmp_path / "heard"
        return sorted(file.read_text().splitlines()) if file.exists() else []

    await until(lambda: len(heard()) == 2)
    assert heard() == ["--to other mon disable watch web", "--to other mon enable host $(id)"]


async def test_without_one_nothing_is_called(remote: Callable[[str], Remote]) -> None:
    remote("").tell("disable", "watch", "web")


@pytest.mark.parametrize(
    ("text", "why"),
    [("/nonexistent/x", "could not be started"), ("it's", "cannot be called"), ("false", "status 1")],
)
async def test_what_goes_wrong_is_told(
    remote: Callable[[str], Remote], text: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    remote(text).tell("test", "web", "http")
    await until(lambda: why in caplog.text)


async def test_a_client_that_never_stops_does_not_fill_the_machine(
    remote: Callable[[str], Remote], program: Path, caplog: pytest.LogCaptureFixture
) -> None:
    called = remote(f"{program} sleep")
    for _ in range(MOST + 1):
        called.tell("disable", "watch", "web")
    assert f"not called for disable watch web: {MOST} are running" in caplog.text
