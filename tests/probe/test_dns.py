"""Questions to name servers and their answers (against real ones: tests/monitors/test_dns.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.probe import dns

QUESTION = dns.query("www.example.test", "A")
ANSWER = (
    QUESTION[:2] + b"\x85\x80\x00\x01\x00\x02\x00\x00\x00\x00" + QUESTION[12:]
    + b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01a\xc0\x10"
    + b"\x01a\xc0\x10\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
)  # fmt: skip


def test_an_answer_with_names_that_point_back():
    reply = dns.reply_to(QUESTION)(ANSWER)
    assert (reply.code, reply.authoritative, reply.truncated) == ("NOERROR", True, False)
    assert reply.records == (
        dns.Record("www.example.test", "CNAME", "a.example.test"),
        dns.Record("a.example.test", "A", "192.0.2.1"),
    )


@pytest.mark.parametrize(
    "data",
    [b"", QUESTION, b"xx" + ANSWER[2:], ANSWER[:12] + b"\x03abc" + ANSWER[16:], ANSWER[:11]],
    ids=["nothing", "the question", "another number", "another question", "a cut header"],
)
def test_what_does_not_belong_to_the_question_is_no_answer(data):
    assert dns.reply_to(QUESTION)(data) is None


@given(st.integers(13 + len(QUESTION) - 12, len(ANSWER) - 1))
def test_a_cut_answer_is_a_value_error(length):
    with pytest.raises(ValueError):
        dns.reply_to(QUESTION)(ANSWER[:length])


@given(st.binary(max_size=80))
def test_any_records_are_read_or_a_value_error(rest):
    try:
        dns.reply_to(QUESTION)(ANSWER[: len(QUESTION)] + rest)
    except ValueError:
        pass


def test_a_name_that_points_at_itself_ends():
    with pytest.raises(ValueError, match="no end"):
        dns.reply_to(QUESTION)(ANSWER[: len(QUESTION)] + b"\xc0" + bytes([len(QUESTION)]))


@pytest.mark.parametrize("name", ["a..b", ".a", "x" * 64])
def test_a_name_that_dns_cannot_say_is_refused(name):
    with pytest.raises(ValueError):
        dns.query(name, "A")


def test_the_root_and_other_scripts_can_be_asked_for():
    assert dns.query(".", "NS")[12:] == b"\0\0\x02\0\x01"
    assert b"\x0exn--mnchen-3ya" in dns.query("münchen.test", "A")


def test_addresses_backwards():
    assert dns.reverse("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert dns.reverse("www.test") == "www.test"
