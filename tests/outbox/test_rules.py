"""Messages are tried for a day, actions thrice within five minutes; what is undone meanwhile expires."""

from dataclasses import replace

import pytest

from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.notice import AlertType, Delivery, Fate, Notice
from mon.model.result import OpStatus
from mon.outbox.entry import Entry, entry_of, outcome_of, row_of
from mon.outbox.rules import CUT_OFF, NOT_RUN, after, at_start
from mon.store import Stage

AGAIN = Delivery(Fate.RETRY, "421 busy")


def entry(
    *, action: bool = False, attempts: int = 1, replay: bool = False, stage: Stage = Stage.WAITING
) -> Entry:
    line = AlertLine(AlertKind.ALERT, CommandLine("a.alert x", ("a.alert", "x")), replay=replay)
    notice = Notice(AlertType.FAILURE, "web", "http", "p", 0.0, 1, OpStatus.FAIL, "web1", "web1\n")
    return Entry("e1", "web", "http", "p", AlertType.FAILURE, line, notice, action, 0.0, stage, attempts)


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
