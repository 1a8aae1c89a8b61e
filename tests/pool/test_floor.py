"""How many stay in, and who."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.model.pool import Floor, ServerId
from mon.model.result import Cause
from mon.pool.floor import Candidate, kept, least

ONE, TWO, THREE = (ServerId(f"10.0.0.{n}", 80) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("floor", "enabled", "number"),
    [
        (None, 9, 0),
        (Floor(share=0.5), 4, 2),
        (Floor(share=0.5), 5, 3),
        (Floor(share=0.5), 1, 1),
        (Floor(share=0.07), 100, 7),
        (Floor(share=1.0), 3, 3),
        (Floor(count=2), 5, 2),
        (Floor(count=2), 1, 1),
        (Floor(share=0.5), 0, 0),
    ],
)
def test_a_share_is_rounded_up_and_a_count_is_at_most_all(floor: Floor, enabled: int, number: int) -> None:
    assert least(floor, enabled) == number


@given(st.integers(1, 100), st.integers(0, 200))
def test_a_share_in_percent_is_exact(percent: int, enabled: int) -> None:
    assert least(Floor(share=percent / 100), enabled) == -(-percent * enabled // 100)


def test_a_wrong_answer_is_better_than_none_and_none_is_better_than_a_refusal() -> None:
    candidates = [
        Candidate(ONE, Cause.REFUSED, 9),
        Candidate(TWO, Cause.TIMEOUT, 5),
        Candidate(THREE, Cause.WRONG, 1),
    ]
    assert kept(candidates, 2) == (THREE, TWO)


def test_among_equals_the_latest_to_fail_stays_then_the_first_written() -> None:
    early, late = Candidate(ONE, Cause.TIMEOUT, 5), Candidate(TWO, Cause.TIMEOUT, 8)
    assert kept([early, late], 1) == (TWO,)
    assert kept([Candidate(THREE, Cause.TIMEOUT, 8), late], 1) == (THREE,)


def test_no_places_keep_nobody() -> None:
    assert kept([Candidate(ONE, Cause.WRONG, 1)], 0) == kept([Candidate(ONE, Cause.WRONG, 1)], -3) == ()
