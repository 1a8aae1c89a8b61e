"""What is said to workers, a turn of the loop at a time."""

import asyncio

from mon.runner.orders import Turn


async def test_all_of_one_turn_is_said_together():
    said = []
    turn = Turn(list, said.append)
    for word in "abc":
        turn.now().append(word)
    assert said == []
    await asyncio.sleep(0)
    turn.now().append("d")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert said == [["a", "b", "c"], ["d"]]


async def test_what_is_dropped_is_never_said():
    said = []
    turn = Turn(list, said.append)
    turn.now().append("for the dead")
    turn.drop()
    turn.now().append("for the living")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert said == [["for the living"]]
