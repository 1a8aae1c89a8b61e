"""What becomes of variables that execve(2) would refuse."""

import os

from hypothesis import given
from hypothesis import strategies as st

from mon.runner.variables import VARIABLE_LIMIT, clean, encoded


def test_a_variable_is_cut_at_the_end_of_a_character() -> None:
    value = clean({"A": "ü" * 100_000})["A"]
    assert set(value) == {"ü"}
    assert len(("A=" + value).encode()) < 128 * 1024


def test_a_nul_is_left_out() -> None:
    assert clean({"A": "a\0b"}) == {"A": "ab"}


def test_bytes_that_were_no_text_are_the_same_bytes_again() -> None:
    assert encoded({"A": os.fsdecode(b"caf\xe9")}) == {b"A": b"caf\xe9"}


@given(st.text(st.characters(codec="utf-8"), max_size=6), st.integers(1, 50_000))
def test_none_is_too_long_and_what_fits_is_whole(text: str, times: int) -> None:
    (value,) = encoded({"NAME": text * times}).values()
    assert len(b"NAME=" + value) < VARIABLE_LIMIT
    whole = (text * times).replace("\0", "").encode()
    assert whole.startswith(value) and (value == whole or len(whole) + 6 > VARIABLE_LIMIT - 4)
