"""Answers as text, whatever they are written in, and patterns over them."""

import codecs
import encodings.aliases
import os

import pytest

from mon.probe.pattern import Pattern
from mon.probe.texts import CAREFUL, CHARSETS, SHORT, decoded

TEXT = "Größe 停電 😀 — Ελληνικά"


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (TEXT.encode(), "", TEXT),
        ("Größe".encode("latin-1"), "", "Größe"),
        (TEXT.encode() + b" \xe9 " + TEXT.encode(), "", f"{TEXT} é {TEXT}"),
        ("Größe €".encode("cp1252"), "windows-1252", "Größe €"),
        ("Größe".encode("utf-16"), "UTF-16", "Größe"),
        ("停電".encode("shift_jis"), '"Shift_JIS"', "停電"),
        ("Größe".encode(), "no-such-charset", "Größe"),
        ("Größe".encode(), "punycode", "Größe"),
        (b"x\xff", "utf-8", "x\ufffd"),
        ("café".encode("latin-1"), "", "café"),
    ],
)
def test_what_was_meant(data, charset, text):
    assert decoded(data, charset) == text


def test_a_byte_that_is_no_utf_8_spoils_nothing_around_it():
    many = (TEXT * 200).encode()
    assert decoded(many + b"\xff" + many) == TEXT * 200 + "ÿ" + TEXT * 200


def test_a_flood_of_them_is_cut_into_few_pieces():
    noise = os.urandom(1 << 20)
    assert len(decoded(noise)) > len(noise) // 2
    assert decoded(b"\xff" * (SHORT * (CAREFUL + 100))) == "ÿ" * (SHORT * (CAREFUL + 100))


def test_what_python_knows_beside_charsets_is_not_believed():
    known = {
        *encodings.aliases.aliases,
        *encodings.aliases.aliases.values(),
        "idna",
        "punycode",
        "rot13",
        "zip",
    }
    for name in filter(CHARSETS.fullmatch, known):
        assert codecs.lookup(name)._is_text_encoding
    assert not any(
        map(CHARSETS.fullmatch, ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"))
    )


@pytest.mark.parametrize(
    ("pattern", "data", "charset"),
    [
        ("Gr.ße", TEXT.encode(), ""),
        ("Gr[aeö]ße", TEXT.encode(), ""),
        ("(?i)GRÖSSE|GRÖßE", TEXT.encode(), ""),
        (r"Gr\wße", "Größe".encode("latin-1"), ""),
        ("^Größe .{2} ", TEXT.encode(), ""),
        ("Größe", "Größe".encode(), "iso-8859-1"),
        ("Größe", "Größe".encode("latin-1"), "utf-8"),
        (r"\xff\xfb", b"\xff\xfb\x01", ""),
        (r"\xc3\xb6", "ö".encode(), ""),
        ("(ö+)+ß", TEXT.encode(), ""),
    ],
)
def test_a_pattern_is_over_letters(pattern, data, charset):
    assert Pattern(pattern).matches(data, charset)


def test_the_end_of_a_match_is_counted_in_bytes():
    assert Pattern("ö").end("größe".encode()) == 4
    assert Pattern("ö").end("größe".encode("latin-1")) == 3
    assert Pattern("^e").end(b"xe", 1) == -1
