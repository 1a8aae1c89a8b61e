"""Programs are started a few in each turn of the loop."""

import asyncio
from collections import Counter

from mon.runner.launch import Command
from mon.runner.pace import SLICE, Pace
from mon.runner.spawn import Spawner


async def started_in_turns(pace, number, seconds):
    """How many of ``number`` starts of ``seconds`` each came in each turn of the loop, and in what order."""
    turns, order, turn = Counter(), [], 0

    async def start(which):
        await pace.turn()
        turns[turn] += 1
        order.append(which)
        pace.spent(seconds)

    tasks = [asyncio.create_task(start(which)) for which in range(number)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        turn += 1
    return turns, order


async def test_slow_starts_are_one_a_turn_once_that_is_known():
    turns, order = await started_in_turns(Pace(), 50, SLICE)
    assert max(turns.values()) <= 4
    assert list(turns.values())[-5:] == [1] * 5
    assert order == list(range(50))


async def test_quick_starts_share_turns():
    turns, order = await started_in_turns(Pace(), 200, SLICE / 10)
    assert 5 <= max(turns.values()) <= 12
    assert order == list(range(200))


async def test_who_is_alone_does_not_wait():
    pace = Pace()
    for _ in range(3):
        async with asyncio.timeout(0):
            await pace.turn()
        pace.spent(SLICE * 2)
        await asyncio.sleep(0)


async def test_who_gave_up_while_waiting_holds_up_nobody():
    pace = Pace()
    pace.spent(SLICE * 100)
    waiting = [asyncio.create_task(pace.turn()) for _ in range(10)]
    await asyncio.sleep(0)
    for task in waiting[:9]:
        task.cancel()
    async with asyncio.timeout(5):
        await waiting[9]


async def test_many_programs_due_at_once_are_not_all_started_in_one_turn(monkeypatch):
    turns, turn = Counter(), 0
    start = Spawner.start

    def counted(self, command):
        turns[turn] += 1
        return start(self, command)

    monkeypatch.setattr(Spawner, "start", counted)
    spawner = Spawner()
    runs = [asyncio.create_task(spawner.run(Command(("/bin/true",)), 30)) for _ in range(150)]
    while not all(run.done() for run in runs):
        await asyncio.sleep(0)
        turn += 1
    assert [run.result().status for run in runs] == [0] * 150
    assert max(turns.values()) < 40
    await spawner.close()
