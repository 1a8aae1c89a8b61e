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


async def test_what_can_wait_is_said_at_once_when_nothing_was_said_just_before():
    said = []
    turn = Turn(list, said.append, pause=0.2)
    turn.later().append("a")
    await asyncio.sleep(0)
    assert said == [["a"]]
    turn.later().append("b")
    turn.later().append("c")
    await asyncio.sleep(0.01)
    assert said == [["a"]]
    await asyncio.sleep(0.4)
    assert said == [["a"], ["b", "c"]]


async def test_what_cannot_wait_takes_along_what_waits():
    said = []
    turn = Turn(list, said.append, pause=5.0)
    turn.now().append("a")
    await asyncio.sleep(0)
    turn.later().append("b")
    turn.now().append("c")
    await asyncio.sleep(0)
    assert said == [["a"], ["b", "c"]]
