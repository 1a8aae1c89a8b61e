"""The Outbox over a real store: what is decided is sent, in order, and nobody waits for others."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from outbox_world import BUSY, SENT, World, decision, living, stage

from mon.model.config import AlertKind
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Delivery, Fate
from mon.outbox import Entry
from mon.outbox.rules import CUT_OFF, NOT_RUN, UNDONE
from mon.store import Batch, Row, Stage


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with living(World(tmp_path / "state.db")) as made:
        yield made


async def test_what_is_decided_is_sent_and_written_down(world: World) -> None:
    (row,) = await world.decide(decision("a"))
    await world.until(lambda: world.told)
    assert world.calls == [("a", 1)]
    assert world.told == [("a", Fate.SENT, "250 ok")]
    assert await stage(world, row) == (Stage.SENT, "250 ok")
    assert world.outbox.pending() == ()


async def test_a_notice_knows_the_id_of_its_entry(world: World) -> None:
    world.gates["ops"] = asyncio.Event()
    await world.decide(decision("a"))
    (entry,) = world.outbox.pending()
    assert entry.id == entry.notice.id == "id1"


async def test_what_is_held_has_no_row(world: World) -> None:
    held = Decision("w", "s", "p", decision("x").line, AlertType.FAILURE, "numalerts", "3 sent", Moment(1, 1))
    assert not world.outbox.accept([held])


async def test_a_message_is_sent_again_when_its_time_has_come(world: World) -> None:
    world.answers["a"] = BUSY
    (row,) = await world.decide(decision("a"))
    await world.until(lambda: world.told)
    assert await stage(world, row) == (Stage.RETRY, "421 busy")
    world.answers["a"] = SENT
    world.forward(9.0)
    await asyncio.sleep(0.05)
    assert world.calls == [("a", 1)]
    world.forward(1.5)
    await world.until(lambda: len(world.told) == 2)
    assert world.calls == [("a", 1), ("a", 2)]


async def test_entries_of_one_service_and_period_keep_their_order(world: World) -> None:
    world.answers["down"] = BUSY
    await world.decide(decision("down"), decision("up", kind=AlertKind.UPALERT))
    await world.until(lambda: world.told)
    world.answers["down"] = SENT
    world.forward(20.0)
    await world.until(lambda: len(world.told) == 3)
    assert [name for name, _ in world.calls] == ["down", "down", "up"]


async def test_a_slow_destination_delays_no_other(world: World) -> None:
    world.gates["slow"] = asyncio.Event()
    await world.decide(*(decision(f"slow{n}", "mail.alert slow", service=f"s{n}") for n in range(20)))
    await world.decide(decision("quick", "mail.alert quick"))
    await world.until(lambda: ("quick", Fate.SENT, "250 ok") in world.told)
    assert len([call for call in world.calls if call[0].startswith("slow")]) == 2
    world.gates["slow"].set()
    await world.until(lambda: len(world.told) == 21)


async def test_a_fault_of_the_sender_is_a_retry(world: World) -> None:
    async def broken(entry: Entry, attempt: int) -> Delivery:
        raise KeyError("oops")

    world.outbox._send = broken
    await world.decide(decision("a"))
    await world.until(lambda: world.told)
    assert world.told == [("a", Fate.RETRY, "KeyError: 'oops'")]


async def test_an_action_is_marked_before_it_runs(world: World) -> None:
    world.gates["x"] = asyncio.Event()
    (row,) = await world.decide(decision("a", "act.alert x"))
    await world.until(lambda: world.calls)
    assert (await stage(world, row))[0] is Stage.IN_FLIGHT
    world.gates["x"].set()


def told(world: World, times: int) -> bool:
    return len(world.told) == times


async def test_an_action_gets_two_more_tries_and_then_failed_is_told(world: World) -> None:
    world.answers["a"] = BUSY
    (row,) = await world.decide(decision("a", "act.alert x"))
    for tries in (1, 2, 3):
        await world.until(partial(told, world, tries))
        world.forward(30.0)
    assert [fate for _, fate, _ in world.told] == [Fate.RETRY, Fate.RETRY, Fate.FAILED]
    assert await stage(world, row) == (Stage.FAILED, "given up after 3 attempts: 421 busy")


async def test_an_action_whose_opposite_is_decided_expires(world: World) -> None:
    world.answers["down"] = BUSY
    (row,) = await world.decide(decision("down", "act.alert off"))
    await world.until(lambda: world.told)
    await world.decide(decision("up", "act.alert on", kind=AlertKind.UPALERT))
    await world.until(lambda: len(world.told) == 3)
    assert set(world.told[1:]) == {("down", Fate.EXPIRED, UNDONE), ("up", Fate.SENT, "250 ok")}
    assert await stage(world, row) == (Stage.EXPIRED, UNDONE)


async def test_after_a_restart_messages_are_sent_and_actions_expire(world: World) -> None:
    for gate in ("m", "x", "y"):
        world.gates[gate] = asyncio.Event()
    rows = await world.decide(decision("message", "mail.alert m"), decision("running", "act.alert x"))
    await world.until(lambda: len(world.calls) == 2)
    late = world.accept(decision("late", "act.alert y"))
    await world.store.saved(world.submit(late))
    rows += late.entries
    world.gates.clear()
    await world.restart()
    await world.until(lambda: len(world.told) == 3)
    assert world.calls[2:] == [("message", 1)]
    assert [(await stage(world, row))[1] for row in rows] == ["250 ok", CUT_OFF, NOT_RUN]


async def test_replay_yes_runs_an_action_again_after_a_restart(world: World) -> None:
    world.gates["x"] = asyncio.Event()
    await world.decide(decision("a", "act.alert x", replay=True))
    await world.until(lambda: world.calls)
    world.gates.clear()
    await world.restart()
    await world.until(lambda: world.told)
    assert world.calls == [("a", 1), ("a", 2)]


async def test_a_retry_keeps_its_time_and_count_over_a_restart(world: World) -> None:
    world.answers["a"] = BUSY
    await world.decide(decision("a"))
    await world.until(lambda: world.told)
    await world.restart()
    (entry,) = world.outbox.pending()
    assert (entry.attempts, entry.next_at, entry.why) == (1, 1_000_010.0, "421 busy")
    await asyncio.sleep(0.05)
    assert len(world.calls) == 1
    world.forward(11.0)
    await world.until(lambda: len(world.calls) == 2)
    assert world.calls[-1] == ("a", 2)


async def test_a_row_that_cannot_be_read_is_failed_and_said(world: World) -> None:
    await world.store.commit(Batch(1.0, entries=(Row("bad", b"{", 1.0),)))
    (warning,) = await world.restart()
    assert "bad" in warning and "cannot be read" in warning
    found = await world.store.entry("bad")
    assert found is not None and found.stage is Stage.FAILED


async def test_stop_lets_a_running_action_finish_and_begins_nothing(world: World) -> None:
    world.gates["x"] = asyncio.Event()
    first, second = await world.decide(decision("a", "act.alert x"), decision("b", "act.alert x"))
    await world.until(lambda: world.calls)
    stopping = asyncio.create_task(world.outbox.stop(10.0))
    await asyncio.sleep(0.05)
    world.gates["x"].set()
    await stopping
    assert world.calls == [("a", 1)]
    assert [(await stage(world, row))[0] for row in (first, second)] == [Stage.SENT, Stage.WAITING]


async def test_stop_does_not_wait_longer_than_its_grace(world: World) -> None:
    world.gates["x"] = asyncio.Event()
    (row,) = await world.decide(decision("a", "act.alert x"))
    await world.until(lambda: world.calls)
    await asyncio.wait_for(world.outbox.stop(0.1), 5.0)
    assert (await stage(world, row))[0] is Stage.IN_FLIGHT


async def test_a_wake_in_the_turn_of_the_stop_does_not_keep_it_from_ending(world: World) -> None:
    world.answers["a"] = BUSY
    await world.decide(decision("a"))
    await world.until(lambda: world.told)
    await asyncio.sleep(0.05)  # it waits for the next attempt, ten seconds
    world.outbox.wake()
    stopping = asyncio.ensure_future(world.outbox.stop(0.0))
    done, _ = await asyncio.wait([stopping], timeout=5.0)
    assert done


async def test_a_broken_disk_does_not_stop_an_alert_and_is_told_later(world: World) -> None:
    draft = world.accept(decision("a"))
    await world.store.saved(world.submit(draft))
    world.disk.full = True
    world.outbox.settle(draft)
    await world.until(lambda: world.told)
    assert world.told == [("a", Fate.SENT, "250 ok")] and "disk is full" in world.outbox.trouble
    world.disk.full = False
    await world.decide(decision("b"))
    await world.until(lambda: len(world.told) == 2)
    assert (await stage(world, draft.entries[0]))[0] is Stage.SENT and world.outbox.trouble == ""


async def test_a_clock_that_was_set_back_puts_nothing_off(world: World) -> None:
    world.answers["a"] = BUSY
    await world.decide(decision("a"))
    await world.until(lambda: world.told)
    world.clock.now = Moment(world.clock.now.wall - 86400.0, world.clock.now.mono + 10.5)
    world.outbox.wake()
    await world.until(lambda: len(world.calls) == 2)
