"""``alerts`` and ``why`` tell what was recorded, and what an operator may do about it."""

from collections.abc import Callable
from typing import Any

import pytest

from mon.codec import decode, encode
from mon.control.commands import COMMANDS
from mon.engine import Step
from mon.errors import ControlError
from mon.model.result import RunResult
from mon.store import Batch

CONFIG = """
hostgroup web h1

watch web
    service http
        interval 10s
        monitor http.monitor
        period day: wd {Sun-Sat}
            alertevery 1h
            alert mail.alert root
            upalert mail.alert root
"""


async def ask(daemon: Any, command: str, **arguments: object) -> Any:
    value = await COMMANDS[command].run(daemon, {"command": command, "who": "ann", **arguments})
    return decode(encode(value), object)


async def record(daemon: Any, status: int, output: str) -> None:
    """A result as the daemon takes it: judged, then saved; what is to be sent waits in the outbox."""
    started, daemon.at = daemon.at, daemon.at.later(10)
    run = RunResult("web", "http", status, output, started, daemon.at)
    step: Step = daemon.book.result(run, daemon.at, {})
    records = daemon.records
    draft = records.outbox.accept(step.sent)
    held = tuple(decision for decision in step.decisions if not decision.send)
    batch = Batch(daemon.at.wall, entries=draft.entries, transitions=step.transitions, holds=held)
    await records.store.commit(batch)
    records.history.record(batch)  # the daemon's store does so by itself
    records.outbox.settle(draft)


@pytest.fixture
def failing(new_daemon: Callable[[str], Any]) -> Any:
    return new_daemon(CONFIG)


async def test_what_waits_and_what_was_held_is_listed(failing: Any) -> None:
    for output in ("h1\nrefused\n", "h1\nrefused\n"):
        await record(failing, 1, output)
    found = await ask(failing, "alerts")
    (waiting,) = found["alerts"]
    assert (waiting["stage"], waiting["alert"], waiting["summary"]) == ("waiting", "mail.alert root", "h1")
    (held,) = found["held"]
    assert (held["rule"], held["count"], held["period"]) == ("alertevery", 1, "day")


async def test_why_tells_the_outage_of_that_time(failing: Any) -> None:
    await record(failing, 1, "h1\nrefused\n")
    during = failing.at.wall + 5
    await record(failing, 1, "h1\nrefused\n")
    await record(failing, 0, "fine\n")
    then = await ask(failing, "why", watch="web", service="http", at=during)
    assert (then["before"]["new"], then["after"]["new"]) == ("fail", "ok")
    assert [held["kind"] for held in then["held"]] == ["alert"]
    assert [alert["type"] for alert in then["waiting"]] == ["failure"]
    now = await ask(failing, "why", watch="web", service="http")
    assert (now["before"]["new"], now["end"]) == ("ok", 0.0)
    assert [alert["type"] for alert in now["waiting"]] == ["up"]


async def test_why_says_when_nothing_is_recorded(failing: Any) -> None:
    found = await ask(failing, "why", watch="web", service="http")
    assert (found["before"], found["waiting"], found["held"]) == (None, [], [])


async def test_an_alert_is_dropped_with_a_reason_and_by_somebody(failing: Any) -> None:
    await record(failing, 1, "h1\n")
    (alert,) = (await ask(failing, "alerts"))["alerts"]
    with pytest.raises(ControlError, match="give a reason"):
        await ask(failing, "alerts-drop", id=alert["id"])
    await ask(failing, "alerts-drop", id=alert["id"][:8], reason="mail is\ndead")
    (alert,) = (await ask(failing, "alerts"))["alerts"]
    assert (alert["stage"], alert["why"]) == ("expired", "dropped by ann: mail is dead")
    with pytest.raises(ControlError, match="has ended"):
        await ask(failing, "alerts-drop", id=alert["id"], reason="again")


async def test_an_alert_that_ended_may_be_tried_once_more(failing: Any) -> None:
    await record(failing, 1, "h1\n")
    (alert,) = (await ask(failing, "alerts"))["alerts"]
    await ask(failing, "alerts-drop", id=alert["id"], reason="no")
    await ask(failing, "alerts-retry", id=alert["id"][:6])
    (alert,) = (await ask(failing, "alerts"))["alerts"]
    assert alert["stage"] == "waiting"


@pytest.mark.parametrize(
    ("wanted", "said"), [("", "four letters"), ("abc", "four"), ("beef0000", "no alert")]
)
async def test_an_alert_must_be_named(failing: Any, wanted: str, said: str) -> None:
    with pytest.raises(ControlError, match=said):
        await ask(failing, "alerts-retry", id=wanted)


async def test_the_beginning_of_several_ids_is_not_enough(failing: Any) -> None:
    failing.records.outbox._drafts._ids = iter(("aaaa1", "aaaa2")).__next__
    await record(failing, 1, "h1\n")
    await record(failing, 1, "h1 h2\n")
    with pytest.raises(ControlError, match="begins the id of 2 alerts"):
        await ask(failing, "alerts-retry", id="aaaa")
    assert (await ask(failing, "alerts-retry", id="aaaa2"))["id"] == "aaaa2"
