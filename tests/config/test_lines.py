"""Logical lines."""

from hypothesis import given
from hypothesis import strategies as st

from mon.config.lines import Line, decoded, logical_lines, physical_lines


def texts(text: str) -> list[tuple[str, int]]:
    return [(line.text, line.number) for line in logical_lines(text)]


def test_a_comment_line_is_dropped_and_an_empty_one_is_kept() -> None:
    assert texts("a\n  # comment\n\nb # no comment") == [("a", 1), ("", 3), ("b # no comment", 4)]


def test_a_continued_line_has_the_number_of_its_last_part() -> None:
    assert texts("a \\\n   b\\  \nc\nd") == [("a bc", 3), ("d", 4)]


def test_a_comment_inside_of_a_continued_line_is_dropped() -> None:
    assert texts("a \\\n# comment \\\nb\nc") == [("a b", 3), ("c", 4)]


def test_two_backslashes_are_as_good_as_one() -> None:
    assert texts("a \\\\\nb") == [("a b", 2)]


def test_an_empty_line_behind_a_backslash_only_ends_the_line() -> None:
    assert texts("a \\\n\nb") == [("a", 2), ("b", 3)]


def test_a_line_continued_by_the_end_of_the_file_is_kept_and_marked() -> None:
    assert list(logical_lines("a\nb \\")) == [Line("a", 1), Line("b", 2, lost=True)]


def test_carriage_returns_and_tabs_around_a_line_are_blanks() -> None:
    assert texts("\ta\r\n \r\nb \\\r\n\tc\r\n") == [("a", 1), ("", 2), ("b c", 4), ("", 5)]


@given(st.text(alphabet="ab #\\\n\r\t"))
def test_whatever_the_text_is_numbers_rise_and_are_in_the_file(text: str) -> None:
    numbers = [line.number for line in logical_lines(text)]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= len(physical_lines(text)) for number in numbers)


def test_a_carriage_return_ends_a_line() -> None:
    assert texts("a\r\rb") == [("a", 1), ("", 2), ("b", 3)]
    assert texts("# comment\rb") == [("b", 2)]


def test_a_line_end_that_was_converted_twice_is_one() -> None:
    assert texts("a\r\r\nb\r\r\n") == [("a", 1), ("b", 2), ("", 3)]


def test_only_the_lines_that_are_no_utf_8_are_latin_1() -> None:
    data = "# J\xf6rg\n".encode("latin-1") + "Größe\n".encode()
    assert decoded(data.decode(errors="surrogateescape")) == ("# Jörg\nGröße\n", (1,))


@given(st.text())
def test_what_is_utf_8_stays_as_it_is(text: str) -> None:
    assert decoded(text) == (text, ())
