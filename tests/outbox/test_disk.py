"""A full or slow disk: nothing is told twice for it, and nothing runs after its opposite was decided."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from outbox_world import BUSY, SENT, World, decision, living, stage

from mon.model.config import AlertKind
from mon.model.notice import Fate
from mon.outbox.rules import UNDONE
from mon.store import Stage

UP = AlertKind.UPALERT
DOWN_ACTION = decision("down", "act.alert off")
UP_ACTION = decision("up", "act.alert on", UP)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with living(World(tmp_path / "state.db")) as made:
        yield made


async def test_a_failure_told_with_its_end_on_a_full_disk_is_not_told_again_by_the_next_life(
    world: World,
) -> None:
    world.answers["down"] = BUSY
    (row,) = await world.decide(decision("down"))
    await world.until(lambda: world.told)
    world.disk.full = True
    await world.decide(decision("up", kind=UP))
    await world.until(lambda: ("up", Fate.SENT, "250 ok") in world.told)
    world.disk.full = False
    await world.restart()
    assert (world.calls, world.outbox.pending()) == ([("down", 1), ("up", 1)], ())
    assert (await stage(world, row))[0] is Stage.EXPIRED


async def test_what_the_disk_refused_first_does_not_undo_what_it_took_later(world: World) -> None:
    """The note of the attempt is refused, the end of the entry is not: the note must not come last."""
    world.answers["down"] = BUSY
    (row,) = await world.decide(decision("down"))
    world.disk.full = True
    await world.until(lambda: world.told)
    world.disk.full = False
    await world.decide(decision("up", kind=UP))
    await world.until(lambda: len(world.calls) == 2)
    await world.restart()
    assert (await stage(world, row))[0] is Stage.EXPIRED and world.outbox.pending() == ()


async def test_an_action_is_not_tried_again_when_its_opposite_came_while_its_attempt_was_noted(
    world: World,
) -> None:
    world.answers["down"] = BUSY
    world.gates["off"] = asyncio.Event()
    (row,) = await world.decide(DOWN_ACTION)
    await world.until(lambda: world.calls)
    with world.disk.slow():
        world.gates["off"].set()
        await world.until(lambda: next(iter(world.outbox._lanes)).answered)
        up = world.accept(UP_ACTION)
        written = world.submit(up)
    await world.store.saved(written)
    world.outbox.settle(up)
    await world.until(lambda: len(world.told) == 3)
    world.forward(60.0)
    await asyncio.sleep(0.05)
    assert world.calls == [("down", 1), ("up", 1)]
    assert (await stage(world, row))[1].startswith(UNDONE)


async def test_an_action_does_not_run_when_its_opposite_came_while_its_beginning_was_noted(
    world: World,
) -> None:
    (row,) = (down := world.accept(DOWN_ACTION)).entries
    await world.store.saved(world.submit(down))
    with world.disk.slow():
        world.outbox.settle(down)
        await world.until(lambda: [each for each in world.outbox._lanes if each.running])
        up = world.accept(UP_ACTION)
        written = world.submit(up)
    await world.store.saved(written)
    world.outbox.settle(up)
    await world.until(lambda: ("up", Fate.SENT, "250 ok") in world.told)
    assert world.calls == [("up", 1)]
    assert await stage(world, row) == (Stage.EXPIRED, UNDONE)


async def test_an_action_whose_opposite_came_before_it_was_on_disk_never_runs(world: World) -> None:
    with world.disk.slow():
        down, up = world.accept(DOWN_ACTION), world.accept(UP_ACTION)
        written = [world.submit(draft) for draft in (down, up)]
    for draft, future in zip((down, up), written, strict=True):
        await world.store.saved(future)
        world.outbox.settle(draft)
    await world.until(lambda: ("up", Fate.SENT, "250 ok") in world.told)
    assert world.calls == [("up", 1)]
    assert await stage(world, down.entries[0]) == (Stage.EXPIRED, UNDONE)


async def test_what_an_alert_tells_as_well_is_not_begun_while_that_alert_is_written(world: World) -> None:
    world.answers["down"] = BUSY
    await world.decide(decision("down"))
    await world.until(lambda: world.told)
    with world.disk.slow():
        up = world.accept(decision("up", kind=UP))
        written = world.submit(up)
        world.forward(20.0)
        await asyncio.sleep(0.05)
    await world.store.saved(written)
    world.outbox.settle(up)
    await world.until(lambda: ("up", Fate.SENT, "250 ok") in world.told)
    assert world.calls == [("down", 1), ("up", 1)]


async def test_an_end_while_an_attempt_is_noted_forgets_nothing(world: World) -> None:
    world.gates["ops"] = asyncio.Event()
    await world.decide(decision("a"))
    await world.until(lambda: world.calls)
    with world.disk.slow():
        world.gates["ops"].set()
        await world.until(lambda: next(iter(world.outbox._lanes)).answered)
        await world.outbox.stop(0.0)
    await world.restart()
    assert (world.calls, world.outbox.pending()) == ([("a", 1)], ())


async def test_what_is_decided_is_pending_while_it_is_written(world: World) -> None:
    world.answers["a"] = SENT
    with world.disk.slow():
        draft = world.accept(decision("a"))
        assert [entry.notice.summary for entry in world.outbox.pending()] == ["a"]
    world.outbox.settle(draft)


def calls(work: Callable[[], object]) -> int:
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


async def test_a_decision_costs_the_same_however_many_are_being_written(world: World) -> None:
    def fifty(first: int) -> None:
        for n in range(first, first + 50):
            world.accept(
                decision(f"m{n}", service=f"s{n}"), decision(f"a{n}", "act.alert x", service=f"s{n}")
            )

    with world.disk.slow():
        few = calls(lambda: fifty(0))
        for first in range(50, 500, 50):
            fifty(first)
        assert calls(lambda: fifty(500)) < 1.2 * few
