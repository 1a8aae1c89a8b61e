"""Which regular expressions are tried in linear time, and that those which are said to be are."""

import re

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mon.linear import linear


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"alive", "search"),
        (r"(?i)ogin:", "search"),
        (r"foo[0-9]+bar", "search"),
        (r"foo.*", "search"),
        (r"^foo.*bar", "search"),
        (r"\A\d+ users", "search"),
        (r"\d+ users", "match"),
        (r"[\r\n]+", "split"),
        (r"(?:[^'\\]|\\.)*'", "match"),
        (r"HTTP/\d(?:\.\d)? +(\d{3})(?:[ \t]([^\r\n]*))?\r?\n", "match"),
    ],
)
def test_a_pattern_that_meets_each_letter_a_few_times_is_linear(pattern: str, method: str) -> None:
    assert linear(re.compile(pattern, re.DOTALL), method)
    assert linear(re.compile(pattern.encode(), re.DOTALL), method)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\d+ users", "search"),
        (r"\s+$", "search"),
        (r"foo.*bar", "search"),
        (r"^(a|b).*c.*d", "search"),
        (r"(?m)^x.*y.*z", "search"),
        (r"([0-9a-fA-F]+)[^\r\n]*\r?\n", "match"),
        (r"HTTP/1.1 (\d{3})(?:[ \t]+([^\r\n]*))?\r?\n", "match"),
        (r"([^\r\n]*)[\r\n]+", "finditer"),
        (r"(a+)+b", "match"),
        (r"(a|ab)*c", "match"),
        (r"(?:a+,?)+b", "match"),
        (r"a*a*", "fullmatch"),
        (r"a{1,1000}b", "search"),
        (r"(\w+)=\1", "match"),
        (r"(?i:x.*y.*z)", "match"),
    ],
)
def test_a_pattern_with_two_ways_to_take_one_run_is_not(pattern: str, method: str) -> None:
    assert not linear(re.compile(pattern, re.DOTALL), method)


ATOMS = ("a", "b", "[ab]", ".", "[^a]", "(?:ab)", "(?:a|b)", "(?:a|ab)", "(?:a*b)")
REPEATS = ("", "?", "*", "+", "*?", "{2}", "{40,}")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATS)), min_size=1, max_size=4),
    st.sampled_from(("", "^")),
    st.sampled_from(("aa", "ab", "b", "aab")),
)
def test_no_text_makes_a_linear_pattern_take_long(
    parts: list[tuple[str, str]], begin: str, piece: str
) -> None:
    """``regex`` stops at its time limit, some thousand times what a linear search takes here."""
    pattern = begin + "".join(map("".join, parts)) + "[XY]"
    if linear(re.compile(pattern, re.DOTALL)):
        # An engine that goes back and forth as Python's does, but can be stopped.
        regex.compile(pattern, regex.DOTALL).search(piece * 5000, timeout=20)
