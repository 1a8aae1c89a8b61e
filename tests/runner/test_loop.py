"""The daemon's event loop: uvloop where it is installed, asyncio's own where it is not."""

import asyncio
import gc
import sys

import pytest

from mon.runner import loop


async def which() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_uvloop_is_used_where_it_is_installed() -> None:
    assert loop.run(which()) == "uvloop"


def test_without_it_asyncio_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop.run(which()) == "asyncio"


def test_threads_get_the_interpreter_soon_while_it_runs() -> None:
    async def turn() -> float:
        return sys.getswitchinterval()

    before = sys.getswitchinterval()
    assert loop.run(turn()) == pytest.approx(loop.TURN)
    assert sys.getswitchinterval() == before


def test_the_collector_of_garbage_leaves_what_is_there_alone() -> None:
    before, kept = gc.get_threshold(), [[]]
    try:
        loop.freeze()
        assert not any(each is kept for each in gc.get_objects())
        assert gc.get_threshold() == loop.YOUNG
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
