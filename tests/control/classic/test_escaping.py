"""The escaping that clients have lived with for twenty years."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.control.classic.escaping import decoded, plain, quoted
from mon.control.classic.words import value


def test_blanks_quotes_and_control_characters_become_codes() -> None:
    assert plain("a b\"c'd\n\x7f") == r"a\20b\22c\27d\0a\7f"


def test_the_quoted_form_doubles_backslashes() -> None:
    assert quoted('the "web" it\'s \\ ok') == r"the\20\22web\22\20it\27s\20\\\20ok"
    assert plain("a\\b") == "a\\b"


def test_text_beyond_ascii_is_escaped_by_its_bytes() -> None:
    assert plain("é") == r"\c3\a9"
    assert decoded(r"\c3\a9") == "é"


def test_only_lower_case_codes_are_decoded() -> None:
    assert decoded(r"\5c\5C\zz\\") == "\\" + r"\5C\zz\\"


@given(st.text())
def test_an_escaped_text_is_one_printable_word(text: str) -> None:
    assert plain(text.encode("utf-8", "replace").decode()).isprintable()
    assert " " not in quoted(text.encode("utf-8", "replace").decode())


@given(st.text(alphabet=st.characters(exclude_characters="\\", exclude_categories=["Cs"])))
def test_a_text_without_backslashes_survives(text: str) -> None:
    assert decoded(quoted(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two words", "two"),
        ("'two words' more", "two words"),
        (r"'esc\20aped\0aline'", "esc aped\nline"),
        (r"esc\20aped", "esc20aped"),
        (r'"a\"b" c', 'a"b'),
        (r"a'b c'\ d", "ab c d"),
        ("''", ""),
        ("", ""),
        ("   x", "x"),
        ("it's", ""),
        ('first "not closed', ""),
        ("trailing\\", ""),
    ],
)
def test_a_value_is_the_first_word_by_shell_like_quoting(text: str, expected: str) -> None:
    assert value(text) == expected
