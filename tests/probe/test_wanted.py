"""Statuses, regular expressions and numbers of options."""

import pytest

from mon.errors import BadOption, Down
from mon.probe.wanted import numbers, plain, regex, statuses, valued


def test_statuses_are_numbers_and_ranges():
    good = statuses("200-299, 301")
    assert [status in good for status in (199, 200, 299, 300, 301)] == [False, True, True, False, True]
    assert str(good) == "200-299, 301"


@pytest.mark.parametrize("text", ["", "ok", "200-", "-200", "200,,300", "2xx"])
def test_what_is_no_status_is_refused(text):
    with pytest.raises(BadOption, match="is no list of statuses: write"):
        statuses(text)


def test_the_dot_matches_line_ends():
    assert regex("a.b").matches(b"a\nb")


def test_a_broken_regular_expression_is_refused():
    with pytest.raises(BadOption, match=r"'\(' is no regular expression \(.*\): write"):
        regex("(")


@pytest.mark.parametrize("options", [{"port": 0}, {"port": 65536}, {"timeout": 0.0}, {"count": 0}])
def test_a_number_that_cannot_be_meant_is_refused(options):
    with pytest.raises(BadOption, match=r"^-\w is given .*: it takes"):
        numbers(options)


def test_numbers_that_can_be_meant_pass():
    numbers({"port": 65535, "timeout": 0.2, "count": 1, "port2": 0, "url": "/"})


@pytest.mark.parametrize("value", ["a\r\nb", ["a", "b\0"], "\x7f"])
def test_control_characters_are_refused(value):
    plain({"a": "fine", "b": ["fine"], "c": 7, "d": None})
    with pytest.raises(BadOption, match="--to-whom has a control character in it: leave it out"):
        plain({"to_whom": value})


@pytest.mark.parametrize(
    ("text", "match", "least", "most", "said"),
    [
        ("5", "", None, None, ""),
        ("5.5", "^5", 5, 6, ""),
        ("5", "6", None, None, "5: no match for 6"),
        ("5", "", 6, None, "5 is less than 6"),
        ("5", "", None, 4, "5 is more than 4"),
        ("nan", "", None, 4, "nan is more than 4"),
        ("many", "", 1, None, "'many' is no number"),
    ],
)
def test_a_value_is_judged(text, match, least, most, said):
    if not said:
        assert valued(text, match, least, most) == text
    else:
        with pytest.raises(Down, match=said):
            valued(text, match, least, most)
