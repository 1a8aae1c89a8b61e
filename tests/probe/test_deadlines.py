"""Deadlines: one timer for many limits that mostly never strike."""

import asyncio
from unittest.mock import Mock

import pytest

from mon.probe.deadlines import GRAIN, Deadlines


async def test_a_limit_strikes_once_and_never_early() -> None:
    loop, struck = asyncio.get_running_loop(), list[float]()
    began = loop.time()
    deadline = Deadlines().set(0.05, lambda: struck.append(loop.time()))
    await asyncio.sleep(0.05 + GRAIN + 0.1)
    assert len(struck) == 1
    assert struck[0] - began >= 0.05 - 0.001
    assert deadline.struck


async def test_one_that_was_cancelled_does_not_strike() -> None:
    call = Mock()
    deadline = Deadlines().set(0.02, call)
    deadline.cancel()
    deadline.cancel()
    await asyncio.sleep(0.1)
    call.assert_not_called()
    assert not deadline.struck


async def test_one_that_strikes_may_take_back_its_neighbour() -> None:
    deadlines, call = Deadlines(), Mock()
    deadlines.set(0.0101, lambda: second.cancel())  # noqa: PLW0108 - it is not there yet
    second = deadlines.set(0.0101, call)
    await asyncio.sleep(0.1)
    call.assert_not_called()


async def test_one_that_fails_takes_none_of_the_others_along() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    deadlines, call = Deadlines(), Mock()
    deadlines.set(0.0101, Mock(side_effect=RuntimeError))
    deadlines.set(0.0101, call)
    await asyncio.sleep(0.1)
    call.assert_called_once_with()


async def test_a_thousand_limits_of_a_moment_are_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    timers = Mock(wraps=loop.call_at)
    monkeypatch.setattr(loop, "call_at", timers)
    deadlines = Deadlines()
    set_ = [deadlines.set(30, Mock()) for _ in range(1000)]
    assert timers.call_count < 500  # one for each grain of the time it took
    for deadline in set_:
        deadline.cancel()


async def test_after_close_nothing_strikes() -> None:
    deadlines, call = Deadlines(), Mock()
    deadlines.set(0.01, call)
    deadlines.close()
    await asyncio.sleep(0.1)
    call.assert_not_called()
