"""What follows when an alert cannot be delivered: a second channel, a report, one message that says both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from outbox_world import living

from mon.catalog import Bound, Form, Kind, Plan
from mon.catalog.plan import Description, Plugin
from mon.config import parse
from mon.model.config import AlertKind, AlertLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Delivery, Fate, Notice
from mon.model.result import OpStatus
from mon.outbox import Entry, Outbox, Policy
from mon.outbox.aftermath import follower_id, is_to_be_reported
from mon.outbox.entry import entry_of
from mon.outbox.followers import BROKEN
from mon.store import Batch, Row, Stage, StateStore
from mon.structs import replace

CONFIG = """
hostgroup web h1

watch web
    service http
        interval 10s
        monitor http.monitor
        period
            alert mail.alert ops
            alert webhook.alert other
            upalert mail.alert ops
    service two
        interval 10s
        monitor http.monitor
        period
            alert mail.alert ops within 2m else webhook.alert other
            upalert mail.alert ops
    service lonely
        interval 10s
        monitor http.monitor
        period
            alert mail.alert ops
"""

REFUSED = Delivery(Fate.FAILED, "550 no such user")
BUSY = Delivery(Fate.RETRY, "421 busy")
TYPES = {AlertKind.ALERT: AlertType.FAILURE, AlertKind.UPALERT: AlertType.UP}


class World:
    """An outbox over a real store, and receivers of which some do not answer."""

    def __init__(self, path: Path) -> None:
        self.now = Moment(1_000_000.0, 500.0)
        self.config = parse(CONFIG, "mon.cf", read=lambda pattern, file: []).config
        self.plan = Plan(self.config, alerts=self._bound())
        self.sent: list[tuple[str, str, str]] = []
        self.asked: list[tuple[str, ...]] = []
        self.ended: list[tuple[str, Fate]] = []
        self.answers: dict[str, Delivery] = {}
        self.store = StateStore.open(path)
        self.path = path
        self.open()

    def _bound(self) -> dict[AlertLine, Bound]:
        lines = (line for s in self.config.services.values() for p in s.periods for line in p.lines)
        found = {}
        for line in (each for first in lines for each in first.chain):
            about = Description("", "", "send")
            plugin = Plugin(line.command.plugin, Kind.ALERT, Path("/x"), Form.NATIVE, True, about)
            found[line] = Bound(plugin, {}, line.command)
        return found

    def open(self) -> None:
        self.outbox = Outbox(self.store, self.send, lambda: self.now, policy=Policy(self.plan))
        self.outbox.observers.append(lambda entry, end: self.ended.append((entry.command, end.fate)))

    async def send(self, entry: Entry, attempt: int) -> Delivery:
        self.sent.append((entry.command, entry.notice.summary, entry.notice.remark))
        self.asked.append(entry.notice.left)
        return self.answers.get(entry.line.command.plugin, Delivery(Fate.SENT, ""))

    def line(self, service: str, number: int) -> AlertLine:
        return self.config.services["web", service].periods[0].lines[number]

    async def decide(
        self,
        service: str,
        number: int,
        summary: str = "h1",
        type: AlertType | None = None,
        first_failure: float = 1.0,
    ) -> Row:
        line = self.line(service, number)
        type_ = type or TYPES[line.kind]
        notice = Notice(
            *(type_, "web", service, "", self.now.wall, 1, OpStatus.FAIL, summary, f"{summary}\n"),
            first_failure=first_failure,
        )
        decision = Decision("web", service, "", line, type_, "send", "", self.now, notice)
        row = await self.take(decision)
        await self.quiet()
        return row

    async def take(self, decision: Decision) -> Row:
        draft = self.outbox.accept([decision])
        await self.store.commit(Batch(self.now.wall, entries=draft.entries, deliveries=draft.deliveries))
        self.outbox.settle(draft)
        return draft.entries[0]

    async def quiet(self) -> None:
        """Let everything that is due happen."""
        for _ in range(20):
            await asyncio.sleep(0.002)
            await self.store.commit(Batch(self.now.wall))

    async def forward(self, seconds: float) -> None:
        self.now = self.now.later(seconds)
        self.outbox.wake()
        await self.quiet()

    async def restart(self) -> None:
        await self.outbox.stop(0.0)
        self.store.close()
        self.store = StateStore.open(self.path)
        self.open()
        await self.outbox.start()
        await self.quiet()

    async def stage(self, id: str) -> tuple[Stage, str]:
        row = await self.store.entry(id)
        assert row is not None
        return row.stage, row.why


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with living(World(tmp_path / "state.db")) as made:
        yield made


async def test_what_failed_for_good_is_reported_on_another_channel(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    row = await world.decide("http", 0)
    text = "not delivered: alert mail.alert ops: 550 no such user"
    assert world.sent == [("mail.alert ops", "h1", ""), ("webhook.alert other", text, text)]
    assert (await world.stage(follower_id(row.id, "report")))[0] is Stage.SENT


async def test_a_dead_server_is_one_piece_of_news(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    for _ in range(3):
        await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 1
    world.answers.clear()
    await world.decide("http", 0)
    world.answers["mail.alert"] = REFUSED
    await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 2


async def test_a_report_that_fails_is_not_reported(world: World) -> None:
    world.answers = {"mail.alert": REFUSED, "webhook.alert": REFUSED}
    await world.decide("http", 0)
    assert len(world.sent) == 2


async def test_without_another_channel_there_is_nothing_to_report_on(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    await world.decide("lonely", 0)
    assert world.sent == [("mail.alert ops", "h1", "")]


async def test_the_second_channel_goes_when_the_first_fails_for_good(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    await world.decide("two", 0)
    remark = "sent this way because alert mail.alert ops failed: 550 no such user"
    assert world.sent[1:] == [("webhook.alert other", "h1", remark)]


async def test_the_second_channel_goes_when_the_first_takes_too_long(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    await world.decide("two", 0)
    await world.forward(119)
    assert {command for command, _, _ in world.sent} == {"mail.alert ops"}
    await world.forward(2)
    told = [one for one in world.sent if one[0] == "webhook.alert other"]
    why = "sent this way because alert mail.alert ops was not delivered in time: 421 busy"
    assert told == [("webhook.alert other", "h1", why)]
    world.answers["mail.alert"] = REFUSED
    await world.forward(3600)
    assert [one for one in world.sent if one[0] == "webhook.alert other"] == told


async def test_the_second_channel_goes_once_whatever_is_restarted(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    await world.decide("two", 0)
    await world.forward(130)
    await world.restart()
    await world.forward(600)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 1


async def test_a_first_channel_in_time_leaves_the_second_alone(world: World) -> None:
    await world.decide("two", 0)
    await world.forward(600)
    assert world.sent == [("mail.alert ops", "h1", "")]


async def test_what_is_over_before_it_could_be_told_is_told_in_one(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    down = await world.decide("lonely", 0, "h1 refused")
    # Its service has no upalert of its own: any of the same lane will do.
    world.answers.clear()
    decided = world.line("http", 2)
    notice = Notice(AlertType.UP, "web", "lonely", "", world.now.wall, 0, OpStatus.OK, "back", "back\n")
    up = Decision("web", "lonely", "", decided, AlertType.UP, "send", "", world.now, notice)
    told = await world.take(up)
    await world.forward(60)
    remark = "the failure could not be told while it lasted: h1 refused; 421 busy"
    assert world.sent == [("mail.alert ops", "h1 refused", ""), ("mail.alert ops", "back", remark)]
    assert await world.stage(down.id) == (
        Stage.EXPIRED,
        f"told together with its end, in alert {told.id[:8]}",
    )
    assert entry_of(told).notice.output == f"back\n\n{remark}\n"
    assert ("mail.alert ops", Fate.EXPIRED) in world.ended


async def test_what_merely_queues_is_told_by_itself(world: World) -> None:
    await world.decide("http", 0)
    await world.decide("http", 2)
    assert [remark for _, _, remark in world.sent] == ["", ""]


async def test_an_operator_may_have_a_message_tried_at_once(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    row = await world.decide("lonely", 0)
    world.answers.clear()
    world.outbox.retry(world.outbox.pending()[0])
    await world.quiet()
    assert (await world.stage(row.id))[0] is Stage.SENT


async def test_an_operator_may_have_it_tried_once_more_when_it_had_failed(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    row = await world.decide("lonely", 0)
    world.answers.clear()
    kept = await world.store.entry(row.id)
    assert kept is not None and kept.stage is Stage.FAILED
    world.outbox.retry(entry_of(kept))
    await world.quiet()
    assert (await world.stage(row.id))[0] is Stage.SENT
    assert len(world.sent) == 2


async def test_an_operator_may_give_a_message_up(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    row = await world.decide("lonely", 0)
    assert await world.outbox.drop(world.outbox.pending()[0], "dropped by ann: mail is dead")
    assert await world.stage(row.id) == (Stage.EXPIRED, "dropped by ann: mail is dead")
    assert world.outbox.pending() == ()
    assert not await world.outbox.drop(entry_of(row), "again")


def test_what_was_undone_or_dropped_is_no_news() -> None:
    line = AlertLine(AlertKind.ALERT, parse(CONFIG, "f", read=lambda p, f: []).config.services[
        "web", "lonely"].periods[0].lines[0].command)  # fmt: skip
    notice = Notice(AlertType.FAILURE, "web", "http", "", 0.0, 1, OpStatus.FAIL, "", "")
    entry = Entry("e", "web", "http", "", AlertType.FAILURE, line, notice, False, 0.0)
    assert not is_to_be_reported(replace(entry, stage=Stage.EXPIRED, why="dropped by ann: x"))
    assert is_to_be_reported(replace(entry, stage=Stage.FAILED, why="x"))
    assert not is_to_be_reported(replace(entry, stage=Stage.FAILED, type=AlertType.TEST))


A_LATER = Delivery(Fate.RETRY, "a is to come later", left=("a",), refused={"b": "550 no b"})


async def test_of_several_recipients_only_those_who_have_not_got_it_are_asked_again(world: World) -> None:
    world.answers["mail.alert"] = A_LATER
    row = await world.decide("lonely", 0)
    assert await world.stage(row.id) == (Stage.RETRY, "a is to come later; refused for b: 550 no b")
    await world.restart()
    world.answers.clear()
    await world.forward(60)
    assert world.asked == [(), ("a",)]
    assert await world.stage(row.id) == (Stage.FAILED, "refused for b: 550 no b")


async def test_who_is_refused_it_for_good_is_reported_at_once_and_once(world: World) -> None:
    world.answers["mail.alert"] = A_LATER
    row = await world.decide("http", 0)
    text = "not delivered to all: alert mail.alert ops: a is to come later; refused for b: 550 no b"
    assert world.sent[1:] == [("webhook.alert other", text, text)]
    assert world.asked[1] == ()  # the other channel has recipients of its own
    world.answers.clear()
    await world.forward(60)
    assert (await world.stage(row.id))[0] is Stage.FAILED
    world.answers["mail.alert"] = replace(A_LATER, fate=Fate.FAILED, left=())
    await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 1
    world.answers["mail.alert"] = REFUSED  # that nobody gets it is news again
    await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 2


async def test_the_second_channel_goes_for_whom_the_first_refuses(world: World) -> None:
    world.answers["mail.alert"] = A_LATER
    await world.decide("two", 0)
    assert [command for command, _, _ in world.sent] == ["mail.alert ops", "webhook.alert other"]
    assert "did not reach all: a is to come later; refused for b" in world.sent[1][2]


async def test_once_more_is_for_those_who_have_not_got_it(world: World) -> None:
    world.answers["mail.alert"] = replace(A_LATER, fate=Fate.FAILED, left=())
    row = await world.decide("lonely", 0)
    kept = await world.store.entry(row.id)
    assert kept is not None and kept.stage is Stage.FAILED
    world.answers.clear()
    world.outbox.retry(entry_of(kept))
    await world.quiet()
    assert world.asked == [(), ("b",)] and (await world.stage(row.id))[0] is Stage.SENT


async def test_what_is_known_to_fail_is_not_reported_again_after_a_restart(world: World) -> None:
    world.answers["mail.alert"] = REFUSED
    await world.decide("http", 0)
    await world.restart()
    await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 1
    world.answers.clear()
    await world.decide("http", 0)
    await world.restart()
    world.answers["mail.alert"] = REFUSED
    await world.decide("http", 0)
    assert [command for command, _, _ in world.sent].count("webhook.alert other") == 2


async def test_what_is_saved_of_broken_destinations_and_cannot_be_read_is_told(world: World) -> None:
    await world.store.commit(Batch(1.0, notes={BROKEN: b"rubbish"}))
    outbox = Outbox(world.store, world.send, lambda: world.now)
    (warning,) = await outbox.start()
    await outbox.stop(0.0)
    assert warning.startswith("what is known of broken destinations is left out")


async def test_reminders_behind_a_dead_server_become_one(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    rows = []
    for count in range(4):
        rows.append(await world.decide("lonely", 0, f"h1 is down {count}"))
        await world.forward(3600)
    (entry,) = world.outbox.pending()
    assert entry.id == rows[-1].id and entry.attempts > 4
    assert entry.created == 1_000_000.0  # it is given up when the first would have been
    assert await world.stage(rows[0].id) == (
        Stage.EXPIRED,
        f"a later one tells it too, in alert {rows[1].id[:8]}",
    )
    world.answers.clear()
    world.sent.clear()
    await world.forward(1200)
    remark = "an earlier message of it could not be delivered: 421 busy"
    assert [(summary, said[: len(remark)]) for _, summary, said in world.sent] == [("h1 is down 3", remark)]


async def test_traps_and_other_outages_stand_for_themselves(world: World) -> None:
    world.answers["mail.alert"] = BUSY
    await world.decide("lonely", 0, first_failure=1_000.0)
    await world.decide("lonely", 0, first_failure=2_000.0)
    await world.decide("lonely", 0, type=AlertType.TRAP)
    await world.decide("lonely", 0, type=AlertType.TRAP)
    assert len(world.outbox.pending()) == 4
