"""Operators' regular expressions over what strangers send."""

import pytest

from mon.errors import BadOption, Down
from mon.probe.pattern import Pattern, Seek


@pytest.mark.parametrize(
    ("text", "data", "end"),
    [
        ("alive", b"still alive!", 11),
        ("still.*alive", b"<still\n alive>", 13),
        (r"\d+ users", b"there are 12 users", 18),
        ("^220", b"421\n220", -1),
        ("gr\u00fc\u00dfe", "Gr\u00fc\u00dfe gr\u00fc\u00dfe".encode(), 15),
    ],
)
def test_a_pattern_matches_as_in_python(text: str, data: bytes, end: int) -> None:
    assert Pattern(text).end(data) == end
    assert Pattern(text).matches(bytearray(data)) is (end >= 0)


def test_what_is_no_expression_is_refused() -> None:
    for text in ("(", "a{99999999999}", "a{" + "9" * 5000 + "}", "(" * 3000 + ")" * 3000):
        with pytest.raises(BadOption, match="is no regular expression"):
            Pattern(text)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("foo.*bar", b"foo" * 300_000),
        ("[0-9]+[xy]", b"1" * 1_000_000),
        (r"(\w+\s?)+$", b"aaaa " * 20_000 + b"!"),
        (r"\s+$", b" " * 100_000 + b"x"),
    ],
)
def test_an_answer_made_to_keep_it_busy_is_down(text: str, data: bytes) -> None:
    with pytest.raises(Down, match=r"no answer whether .* matches: its repeats may share what came"):
        Pattern(text).matches(data)


def test_a_mark_in_pieces_is_found_where_it_ends() -> None:
    for mark in (b"\r\n\r\n", Pattern("\r\n\r\n"), Pattern(r"\s+\r\n")):
        seek, buffer = Seek(mark), bytearray()
        for byte in b"HTTP/1.1 200\r\nX: y\r\n\r\n":
            buffer.append(byte)
            found = seek(buffer)
        assert found
        assert seek.end == len(buffer)


def test_a_pattern_over_a_whole_answer_is_found_though_it_comes_in_some_pieces() -> None:
    seek, buffer = Seek(Pattern("^220.*ready")), bytearray()
    for piece in (b"220-", b"x" * 50_000, b"y" * 50_000, b"ready"):
        buffer += piece
        found = seek(buffer)
    assert found
    assert seek.end == 100_009


def test_one_in_a_thousand_pieces_is_looked_for_at_the_end_only() -> None:
    seek, buffer = Seek(Pattern("ready")), bytearray()
    for _ in range(100_000):
        buffer += b"x"
        assert not seek(buffer)
    buffer += b"ready"
    assert seek(buffer)
    assert seek.work <= 100_005 * 4096
