"""What comes from outside drives no terminal, forges no line, calls nobody in a chat, and can be read."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.outside import markdown, one_line, printable, slack, unmentioned

ANY = st.text(st.characters())  # surrogates too: bytes that were no UTF-8
HOSTILE = st.text(
    st.sampled_from("\x1b[3Jm\r\n\t\x00\x7f\x9b\x85\u2028\u2066\u202e\ud800a<!@>&*_`|[](){}#-: é")
)
EITHER = ANY | HOSTILE

UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def unfit(text: str, but: str = "") -> set[str]:
    return {letter for letter in text if unicodedata.category(letter) in UNFIT and letter not in but}


@given(EITHER, st.integers(0, 40) | st.none())
def test_a_line_is_one_line_and_moves_no_cursor(text: str, most: int | None) -> None:
    line = one_line(text, most)
    assert not unfit(line) and line.splitlines() in ([], [line])
    assert most is None or len(line) <= most
    line.encode()


@given(EITHER)
def test_a_text_keeps_its_lines_and_nothing_else_that_is_not_seen(text: str) -> None:
    fit = printable(text)
    assert not unfit(fit, "\n\t") and "\n".join(fit.splitlines()) == fit.removesuffix("\n")
    assert printable(fit) == fit  # it may pass twice


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ")))
def test_what_is_fit_stays_as_it_is(text: str) -> None:
    assert one_line(text) == printable(text) == text


def test_nothing_is_lost_what_must_not_go_out_is_spelt() -> None:
    assert one_line("a\x1b[31mred\u202e\x9b\udcff\nb") == "a\\x1b[31mred\\u202e\\x9b\\udcff b"
    assert one_line("abcdef", 4) == "abc…" and one_line("\x1b" * 9, 6) == "\\x1b\\…"
    assert printable("a\r\nb\rc\x0bd") == "a\nb\nc d"


@given(EITHER, st.integers(0, 60) | st.none())
def test_slack_sees_neither_a_mention_nor_a_link(text: str, most: int | None) -> None:
    said = slack(text, most)
    assert "<" not in said and ">" not in said and not unfit(said, "\n\t")
    assert not re.search(r"&(?!amp;|lt;|gt;)", said) and (most is None or len(said) <= most)


@given(EITHER, st.integers(0, 60) | st.none())
def test_markdown_sees_no_mark_that_is_not_quoted(text: str, most: int | None) -> None:
    said = markdown(text, most)
    plain = re.sub(r"https?://[^\s<>()\[\]|\"`*]+", "", said)
    assert not re.search(r"[`*_~|\[\]#]", re.sub(r"\\.", "", plain)) and not unfit(said, "\n\t")
    assert most is None or len(said) <= most


@pytest.mark.parametrize(
    "mention",
    [
        "@all",
        "@here",
        "hi @everyone",
        "(@channel)",
        "<@U123>",
        "\n@ops",
        ".@all",
        "a.@all",
        "-@here",
        "+@ops",
        "_@all",
    ],
)
@pytest.mark.parametrize("fit", [markdown, unmentioned])
def test_nobody_is_called_by_what_a_monitor_printed(fit: type[str], mention: str) -> None:
    assert "@" not in fit(mention)


@pytest.mark.parametrize("at", ["&#64;", "&#x40;", "&commat;"])
def test_a_mention_in_other_words_is_none(at: str) -> None:
    assert markdown(f"{at}all") == "\\" + at.replace("#", "\\#") + "all"
    assert markdown("fish & chips") == "fish & chips"


def test_addresses_stay_addresses() -> None:
    assert unmentioned("mail ops@example.com") == "mail ops@example.com"
    assert markdown("see https://wiki.example/a_b-c?x=1#y and web_1") == (
        "see https://wiki.example/a_b-c?x=1#y and web\\_1"
    )
    assert markdown("[bank](https://evil.example)") == "\\[bank\\](https://evil.example)"
