"""What waits to be told together, over a real store: on disk from its decision, sent once, ended once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from outbox_world import BUSY, SENT, World, decision, stage

from mon.engine import Closed, Withdrawn
from mon.model.config import AlertKind
from mon.model.notice import Decision, Delivery, Fate, Grouped, Notice
from mon.outbox import Entry
from mon.store import Batch, Row, Stage
from mon.structs import replace

ONE = "team/1"
OVER = Closed(ONE)


class Group(World):
    """A World that also keeps the notices."""

    def __init__(self, path: Path) -> None:
        self.notices: list[Notice] = []
        self.answer = SENT
        super().__init__(path)

    async def send(self, entry: Entry, attempt: int) -> Delivery:
        self.notices.append(entry.notice)
        await super().send(entry, attempt)
        return self.answer

    async def withdraw(self, *gone: Withdrawn) -> None:
        draft = self.outbox.accept((), gone)
        await self.store.commit(Batch(self.clock.now.wall, deliveries=draft.deliveries))
        self.outbox.settle(draft)

    @property
    def said(self) -> list[str]:
        return [
            " ".join(each.service for each in notice.members) or notice.service for notice in self.notices
        ]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Group]:
    made = Group(tmp_path / "state.db")
    await made.outbox.start()
    yield made
    await made.outbox.stop(0.0)
    made.store.close()


def failing(
    service: str, window: str = ONE, kind: AlertKind = AlertKind.ALERT, command: str = "mail.alert ops"
) -> Decision:
    made = decision(service, command, kind, service)
    assert made.notice is not None
    notice = replace(made.notice, group=Grouped("team", "group/team/1"))
    return replace(made, notice=notice, group="team", window=window, until=1_000_030.0)


async def ended(world: World, rows: tuple[Row, ...]) -> list[tuple[Stage, str]]:
    return [await stage(world, row) for row in rows]


async def test_what_waits_is_on_disk_and_goes_out_as_one_when_the_window_is_over(world: Group) -> None:
    rows = await world.decide(failing("a"), failing("b"), failing("c"))
    await asyncio.sleep(0.05)
    assert world.notices == []
    assert [row.stage for row in await world.store.unsent()] == [Stage.WAITING] * 3
    assert world.outbox.windows == {ONE}
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    assert world.said == ["a b c"]
    assert await ended(world, rows) == [(Stage.SENT, "250 ok; 3 alerts of group team in one message")] * 3
    assert (world.outbox.pending(), world.outbox.windows) == ((), frozenset())


async def test_each_destination_has_a_message_of_its_own(world: Group) -> None:
    await world.decide(failing("a"), failing("a", command="page.alert"), failing("b"))
    world.outbox.release(OVER)
    await world.until(lambda: len(world.told) == 2)
    assert sorted(world.said) == ["a", "a b"]


async def test_an_action_waits_for_nobody(world: Group) -> None:
    await world.decide(failing("a", command="act.alert x"), failing("b"))
    await world.until(lambda: world.told)
    assert world.said == ["a"]


async def test_a_message_is_tried_again_as_a_whole_with_the_same_id(world: Group) -> None:
    world.answer = BUSY
    rows = await world.decide(failing("a"), failing("b"))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    assert await ended(world, rows) == [(Stage.RETRY, "421 busy"), (Stage.WAITING, "")]
    assert [entry.attempts for entry in world.outbox.pending()] == [1, 1]
    world.answer = SENT
    world.forward(15.0)
    await world.until(lambda: len(world.told) == 2)
    assert len({notice.id for notice in world.notices}) == 1
    assert await ended(world, rows) == [(Stage.SENT, "250 ok; 2 alerts of group team in one message")] * 2


async def test_a_restart_in_the_window_forgets_nothing(world: Group) -> None:
    await world.decide(failing("a"), failing("b"))
    await world.restart()
    assert (world.outbox.windows, world.notices) == ({ONE}, [])
    await world.decide(failing("c"))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    assert world.said == ["a b c"]


async def test_a_restart_while_it_is_tried_makes_the_same_message_again(world: Group) -> None:
    world.answer = BUSY
    rows = await world.decide(failing("a"), failing("b"))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    await world.restart()
    world.answer = SENT
    world.outbox.release(OVER)
    world.forward(15.0)
    await world.until(lambda: len(world.notices) == 2)
    assert world.notices[0].id == world.notices[1].id
    assert world.said == ["a b", "a b"]
    await world.until(lambda: not world.outbox.pending())
    assert await ended(world, rows) == [(Stage.SENT, "250 ok; 2 alerts of group team in one message")] * 2


async def test_what_is_withdrawn_ends_with_the_reason_and_is_not_told(world: Group) -> None:
    rows = await world.decide(failing("a"), failing("b"))
    await world.withdraw(Withdrawn(ONE, ("web", "a"), "always", "somebody knows"))
    assert await stage(world, rows[0]) == (Stage.EXPIRED, "somebody knows")
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    assert world.said == ["b"]


async def test_the_end_of_what_was_told_before_is_told_whatever_is_withdrawn(world: Group) -> None:
    await world.decide(failing("a"), failing("a", kind=AlertKind.UPALERT))
    await world.withdraw(Withdrawn(ONE, ("web", "a"), "always", "somebody knows", failures_only=True))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    assert [notice.type.value for notice in world.notices] == ["up"]


async def test_what_is_withdrawn_while_it_is_being_written_is_not_told(world: Group) -> None:
    draft = world.accept(failing("a"))
    written, rows = world.submit(draft), draft.entries
    await world.withdraw(Withdrawn(ONE, ("web", "a"), "always", "somebody knows"))
    await world.store.saved(written)
    world.outbox.settle(draft)
    world.outbox.release(OVER)
    await asyncio.sleep(0.05)
    assert (world.notices, world.outbox.pending()) == ([], ())
    assert (await stage(world, rows[0]))[0] is Stage.EXPIRED


async def test_windows_of_a_group_go_out_in_order_and_what_was_stuck_goes_with_the_next(world: Group) -> None:
    world.answer = BUSY
    rows = await world.decide(failing("a"), failing("b"))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    world.answer = SENT
    rows += await world.decide(failing("a", "team/2", AlertKind.UPALERT), failing("c", "team/2"))
    world.outbox.release(Closed("team/2"))
    await world.until(lambda: len(world.told) == 2)
    assert world.said == ["a b", "b c a"]
    assert world.notices[0].id != world.notices[1].id
    assert "could not be told before: 421 busy" in world.notices[1].remark
    assert [stage_ for stage_, _ in await ended(world, rows)] == [Stage.SENT] * 4


async def test_what_goes_with_the_next_is_for_those_who_have_the_first_part_too(world: Group) -> None:
    world.answer = replace(BUSY, left=("late",), refused={"not": "550 no"})
    await world.decide(failing("a"))
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    world.answer = SENT
    rows = await world.decide(failing("b", "team/2"))
    world.outbox.release(Closed("team/2"))
    await world.until(lambda: len(world.told) == 2)
    assert world.notices[1].left == () and (await ended(world, rows))[0][0] is Stage.SENT


async def test_an_operator_can_drop_one_that_waits_in_its_window(world: Group) -> None:
    rows = await world.decide(failing("a"), failing("b"))
    assert await world.outbox.drop(world.outbox.pending()[0], "ann: no")
    assert await stage(world, rows[0]) == (Stage.EXPIRED, "ann: no")
    world.outbox.release(OVER)
    await world.until(lambda: len(world.told) == 2)
    assert world.said == ["b"]


async def test_one_that_has_ended_is_tried_again_alone(world: Group) -> None:
    world.answer = Delivery(Fate.FAILED, "550 no")
    await world.decide(failing("a"), failing("b"))
    (one, _) = world.outbox.pending()
    world.outbox.release(OVER)
    await world.until(lambda: world.told)
    world.answer = SENT
    world.outbox.retry(one)
    await world.until(lambda: len(world.told) == 2)
    assert world.said == ["a b", "a"]
