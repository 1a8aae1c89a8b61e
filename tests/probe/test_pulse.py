"""Was the process held up?"""

import asyncio
import time

from mon.probe.pulse import Pulse


async def test_a_loop_that_runs_was_not_held_up():
    pulse, since = Pulse(), asyncio.get_running_loop().time()
    pulse.begin()
    await asyncio.sleep(0.6)
    assert pulse.held_up(since) < 0.3
    pulse.end()
    pulse.stop()


async def test_time_in_which_the_loop_stood_still_is_counted_once():
    loop, pulse = asyncio.get_running_loop(), Pulse()
    since = loop.time()
    pulse.begin()
    time.sleep(1.0)  # noqa: ASYNC251  (that is what is tested)
    assert 0.5 < pulse.held_up(since) < 1.5
    await asyncio.sleep(0.3)
    assert 0.5 < pulse.held_up(since) < 1.5
    assert pulse.held_up(loop.time()) == 0
    pulse.end()
    pulse.stop()


async def test_without_anything_under_way_it_does_not_beat():
    pulse = Pulse()
    pulse.begin()
    pulse.end()
    await asyncio.sleep(0.6)
    assert pulse._timer is None
