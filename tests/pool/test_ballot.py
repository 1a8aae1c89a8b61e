"""One voter's opinion on one server."""

import pytest

from mon.model.moment import Moment
from mon.model.pool import Voter
from mon.model.result import Cause, Verdict
from mon.pool.ballot import Ballot, Opinion, Vote, counted, placed

VOTER = Voter("farm", "http")


def after(word: str, voter: Voter = VOTER) -> Ballot:
    """The ballot after a row of results: o ok, d down, u unknown, 3 down with exit status 3."""
    ballot = Ballot()
    for second, letter in enumerate(word):
        verdict = {"o": Verdict.OK, "u": Verdict.UNKNOWN}.get(letter, Verdict.DOWN)
        status = int(letter) if letter.isdigit() else int(verdict is Verdict.DOWN)
        ballot = counted(
            ballot, Opinion(verdict, Moment(second, second), status, Cause.TIMEOUT, letter), voter
        )
    return ballot


@pytest.mark.parametrize(
    ("word", "vote"),
    [("", Vote.UNSPOKEN), ("u", Vote.UNSPOKEN), ("o", Vote.OK), ("d", Vote.DOWN), ("ou", Vote.OK),
     ("du", Vote.DOWN), ("od", Vote.DOWN), ("do", Vote.OK)],
)  # fmt: skip
def test_by_default_one_result_is_enough_and_unknown_changes_nothing(word: str, vote: Vote) -> None:
    assert after(word).vote is vote


@pytest.mark.parametrize(
    ("word", "vote"),
    [("dd", Vote.UNSPOKEN), ("ddd", Vote.DOWN), ("oodd", Vote.OK), ("ooddd", Vote.DOWN),
     ("ooddod", Vote.OK), ("ooddudu", Vote.DOWN), ("dddo", Vote.DOWN), ("dddoo", Vote.OK),
     ("dodo", Vote.UNSPOKEN)],
)  # fmt: skip
def test_rise_and_fall_count_results_in_a_row_past_what_is_unknown(word: str, vote: Vote) -> None:
    assert after(word, Voter("farm", "http", fall=3, rise=2)).vote is vote


def test_an_event_needs_no_second_one() -> None:
    voter = Voter("farm", "idle", fall=3, rise=3)
    down = Opinion(Verdict.DOWN, Moment(9, 9), 1, Cause.REFUSED, "gone", final=True)
    assert counted(after("ooo", voter), down, voter).vote is Vote.DOWN
    again = Opinion(Verdict.OK, Moment(10, 10), final=True)
    assert counted(counted(Ballot(), down, voter), again, voter).vote is Vote.OK


def test_a_status_outside_the_exit_range_is_not_down() -> None:
    voter = Voter("farm", "http", exit=(1, 2))
    assert after("o3", voter).vote is Vote.OK
    assert after("o2", voter).vote is Vote.DOWN
    assert after("d3", voter).vote is Vote.DOWN


def test_any_result_is_heard_even_if_it_says_nothing() -> None:
    assert not after("").heard
    assert after("u").heard


def test_the_age_of_a_vote_is_that_of_its_change_and_its_detail_the_newest() -> None:
    ballot = after("odd")
    assert ballot.since == Moment(1, 1) and ballot.at == Moment(2, 2)
    assert ballot.detail == "d" and ballot.cause is Cause.TIMEOUT


@pytest.mark.parametrize(
    ("word", "serving", "unplaced", "vote"),
    [("o", True, False, Vote.OK), ("o", False, False, Vote.UNSPOKEN), ("o", False, True, Vote.OK),
     ("d", True, False, Vote.UNSPOKEN), ("d", False, False, Vote.DOWN), ("d", False, True, Vote.DOWN),
     ("", True, False, Vote.UNSPOKEN), ("oo", False, False, Vote.OK)],
)  # fmt: skip
def test_results_that_came_before_the_table_was_read_count_as_if_it_had_been(
    word: str, serving: bool, unplaced: bool, vote: Vote
) -> None:
    voter = Voter("farm", "http", rise=2, fall=2)
    ballot = placed(after(word, voter), voter, serving=serving, unplaced=unplaced)
    assert ballot.vote is vote and ballot.heard is (vote is not Vote.UNSPOKEN)
