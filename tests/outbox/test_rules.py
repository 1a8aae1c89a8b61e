"""Messages are tried for a day, actions thrice within five minutes; what is undone meanwhile expires."""

import pytest

from mon.model.config import AlertKind, AlertLine, CommandLine, Retry
from mon.model.notice import AlertType, Delivery, Fate, Notice
from mon.model.result import OpStatus
from mon.outbox import rules
from mon.outbox.entry import Entry, entry_of, outcome_of, row_of
from mon.outbox.rules import CUT_OFF, MOST_ASKED, NOT_RUN, at_start, patience_for
from mon.store import Stage
from mon.structs import replace

GENERAL = Retry()
AGAIN = Delivery(Fate.RETRY, "421 busy")
NOW = {"wall": 0.0, "age": 0.0, "undone": False}


def entry(
    *, action: bool = False, attempts: int = 1, replay: bool = False, stage: Stage = Stage.WAITING
) -> Entry:
    line = AlertLine(AlertKind.ALERT, CommandLine("a.alert x", ("a.alert", "x")), replay=replay)
    notice = Notice(AlertType.FAILURE, "web", "http", "p", 0.0, 1, OpStatus.FAIL, "web1", "web1\n")
    return Entry("e1", "web", "http", "p", AlertType.FAILURE, line, notice, action, 0.0, stage, attempts)


def after(
    tried: Entry,
    delivery: Delivery,
    *,
    wall: float,
    age: float,
    undone: bool,
    general: Retry = GENERAL,
    chance: float = 0.5,
) -> Entry:
    patience = patience_for(tried, general)
    return rules.after(tried, delivery, wall=wall, age=age, undone=undone, patience=patience, chance=chance)


@pytest.mark.parametrize("fate", [Fate.SENT, Fate.FAILED, Fate.EXPIRED])
def test_an_end_is_an_end(fate: Fate) -> None:
    done = after(entry(), Delivery(fate, "so"), wall=0, age=0, undone=False)
    assert (done.stage, done.why, done.next_at) == (Stage(fate.value), "so", 0.0)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (100, 600)])
def test_a_message_waits_longer_each_time(attempts: int, wait: float) -> None:
    tried = after(entry(attempts=attempts), AGAIN, wall=1000.0, age=50.0, undone=False)
    assert (tried.stage, tried.next_at) == (Stage.RETRY, 1000.0 + wait)


def test_a_message_is_given_up_after_a_day() -> None:
    tried = after(entry(attempts=150), AGAIN, wall=0, age=86000.0, undone=False)
    assert (tried.stage, tried.why) == (Stage.FAILED, "given up after 150 attempts: 421 busy")


def test_alertretry_says_how_long_messages_are_tried() -> None:
    general = Retry(60.0, 1800.0, 3600.0)
    tried = after(entry(), AGAIN, wall=0, age=0, undone=False, general=general)
    assert (tried.stage, tried.next_at) == (Stage.RETRY, 60.0)
    assert after(entry(), AGAIN, wall=0, age=3590, undone=False, general=general).stage is Stage.FAILED
    action = after(entry(action=True), AGAIN, wall=0, age=0, undone=False, general=general)
    assert action.next_at == 10.0


def test_a_line_has_its_own_patience() -> None:
    own = entry()
    own = replace(own, line=replace(own.line, retry=Retry(1.0, 2.0, 10.0)))
    assert after(own, AGAIN, wall=0, age=0, undone=False).next_at == 1.0


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 7.5), (1.0, 12.5)])
def test_chance_spreads_the_waits(chance: float, wait: float) -> None:
    assert after(entry(), AGAIN, wall=0, age=0, undone=False, chance=chance).next_at == wait


@pytest.mark.parametrize(("asked", "wait"), [(None, 10.0), (3.0, 10.0), (90.0, 90.0), (1e9, MOST_ASKED)])
def test_a_receiver_may_ask_to_be_left_alone(asked: float | None, wait: float) -> None:
    busy = Delivery(Fate.RETRY, "429", retry_after=asked)
    assert after(entry(), busy, wall=0, age=0, undone=False).next_at == wait


@pytest.mark.parametrize(("attempts", "stage"), [(1, Stage.RETRY), (2, Stage.RETRY), (3, Stage.FAILED)])
def test_an_action_gets_two_more_tries(attempts: int, stage: Stage) -> None:
    assert after(entry(action=True, attempts=attempts), AGAIN, wall=0, age=20, undone=False).stage is stage


def test_an_action_is_not_tried_after_five_minutes() -> None:
    late = after(entry(action=True), AGAIN, wall=0, age=295, undone=False)
    assert (late.stage, late.why) == (Stage.FAILED, "given up after one attempt: 421 busy")


def test_an_action_that_was_undone_while_it_ran_is_not_tried_again() -> None:
    tried = after(entry(action=True), AGAIN, wall=0, age=0, undone=True)
    assert tried.stage is Stage.EXPIRED and "421 busy" in tried.why
    assert after(entry(action=True), Delivery(Fate.SENT, ""), wall=0, age=0, undone=True).stage is Stage.SENT


@pytest.mark.parametrize(
    ("stage", "why"), [(Stage.WAITING, NOT_RUN), (Stage.RETRY, NOT_RUN), (Stage.IN_FLIGHT, CUT_OFF)]
)
def test_a_restart_ends_an_action_and_says_why(stage: Stage, why: str) -> None:
    ended = at_start(entry(action=True, stage=stage))
    assert (ended.stage, ended.why) == (Stage.EXPIRED, why)


def test_replay_yes_takes_an_action_up_again() -> None:
    assert at_start(entry(action=True, replay=True, stage=Stage.IN_FLIGHT)).stage is Stage.RETRY


def test_a_restart_takes_messages_up_again() -> None:
    assert at_start(entry(attempts=0)).stage is Stage.WAITING
    assert at_start(entry(attempts=2, stage=Stage.RETRY)).stage is Stage.RETRY


def test_an_entry_is_the_same_after_it_was_a_row() -> None:
    first = entry(attempts=0)
    row = replace(row_of(first), stage=Stage.RETRY, attempts=3, next_at=7.0, why="busy")
    assert entry_of(row) == replace(first, stage=Stage.RETRY, attempts=3, next_at=7.0, why="busy")


def test_an_outcome_names_the_line() -> None:
    outcome = outcome_of(entry(), 5.0, 0.25)
    assert (outcome.command, outcome.kind, outcome.type, outcome.duration) == (
        "a.alert x",
        "alert",
        "failure",
        0.25,
    )


def test_recipients_that_were_served_are_not_asked_again() -> None:
    first = Delivery(Fate.RETRY, "later", left=("a", "b"), refused={"c": "550 no"})
    tried = after(entry(), first, wall=0, age=0, undone=False)
    assert (tried.notice.left, dict(tried.refused)) == (("a", "b"), {"c": "550 no"})
    silent = after(tried, AGAIN, wall=0, age=0, undone=False)
    assert silent.notice.left == ("a", "b") and silent.why == "421 busy; refused for c: 550 no"
    lost = after(tried, Delivery(Fate.FAILED, "552 too big"), wall=0, age=0, undone=False)
    assert (lost.stage, lost.why) == (Stage.FAILED, "552 too big; refused for c: 550 no")
    told = after(tried, Delivery(Fate.FAILED, "", refused={"a": "550 gone"}, left=("b",)), **NOW)
    assert told.notice.left == ("b",) and "refused for c: 550 no; a: 550 gone" in told.why
    assert rules.once_more(told, 9.0).notice.left == ("b", "c", "a")


def test_an_entry_of_several_recipients_is_the_same_after_it_was_a_row() -> None:
    some = Delivery(Fate.RETRY, "later", left=("a",), refused={"c": "550 no"})
    tried = after(entry(), some, wall=0, age=0, undone=False)
    body = outcome_of(tried, 1.0).body
    assert body is not None
    assert entry_of(replace(row_of(entry()), body=body)).notice.left == ("a",)
    assert outcome_of(entry(), 1.0).body is None
