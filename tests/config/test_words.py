"""Shell-like words, as monitors got them from the classic mon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.config.words import divided, split, without_hosts_mark


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("a  b\tc", ("a", "b", "c")),
        (
            r"""-a "two words" 'single "q"' "" x"y z"w -t=\tx a\ b""",
            ("-a", "two words", 'single "q"', "", "xy zw", "-t=tx", "a b"),
        ),
        ("$HOME `id` * >x | y #z", ("$HOME", "`id`", "*", ">x", "|", "y", "#z")),
        (r"-l \/\/", ("-l", "//")),
        (r'"a \"b\" \\"', ('a "b" \\',)),
        (r"'a\b'", (r"a\b",)),
        ("''", ("",)),
        (";; b", (";;", "b")),
    ],
)
def test_quotes_go_and_nothing_is_expanded(text: str, words: tuple[str, ...]) -> None:
    assert split(text) == words


@pytest.mark.parametrize("text", ["it's", '"a', "a 'b", "a\\"])
def test_a_quote_that_is_not_closed_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not closed"):
        split(text)


@pytest.mark.parametrize(
    ("text", "kept", "hosts"), [("a ;;", "a", False), ("a b;;", "a b", False), ("a ;; b", "a ;; b", True)]
)
def test_two_semicolons_at_the_very_end_leave_out_the_hosts(text: str, kept: str, hosts: bool) -> None:
    assert without_hosts_mark(text) == (kept, hosts)


@given(st.lists(st.text(alphabet="ab '\"\\;", min_size=0)))
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    quoted = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    assert split(" ".join(quoted)) == tuple(words)


@given(st.text())
def test_whatever_the_text_is_it_is_split_or_refused(text: str) -> None:
    try:
        assert all(isinstance(word, str) for word in split(text))
    except ValueError as error:
        assert "is not closed" in str(error)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a b", ("a b",)),
        ("a b else c", ("a b", "c")),
        ("a else b else c d", ("a", "b", "c d")),
        ("a 'x else y' else c", ("a 'x else y'", "c")),
        ('a "else" b', ('a "else" b',)),
        ("a elsewhere b", ("a elsewhere b",)),
        ("else b", ("else b",)),
        ("a else", ("a else",)),
        ("a b=else c", ("a b=else c",)),
        ("a \\else c", ("a \\else c",)),
        ("a 'open else b", ("a 'open else b",)),
    ],
)
def test_a_word_divides_only_where_it_stands_alone(text: str, parts: tuple[str, ...]) -> None:
    assert divided(text, "else") == parts


def test_equal_lines_share_their_words() -> None:
    """Ten thousand services have few command lines: a fifth of the memory of a large configuration."""
    assert split("tcp.monitor -p 80 -t 5") is split("tcp.monitor -p 80 -t 5".replace("8", "8"))
