"""What is read at 3 a.m.: the fact first, short, and nothing about what is not known."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render

RENDER = Render()
AT = 1_700_000_000.0
DOWN = Notice(
    type=AlertType.FAILURE,
    watch="web",
    service="http",
    period="always",
    at=AT,
    status=1,
    opstatus=OpStatus.FAIL,
    summary="web1",
    output="web1\nconnection refused\n",
    hosts=("web1", "web2", "web3"),
    reports=(HostReport("web1", "down", "connection refused", AT - 5), HostReport("web2", "ok")),
    description="The shop",
    first_failure=AT - 12,
    last_success=AT - 14,
    id="abc123",
)


def subject(notice: Notice) -> str:
    return " ".join(RENDER.render("mail.subject.j2", notice=notice).split())


def body(notice: Notice) -> str:
    return RENDER.render("mail.txt.j2", notice=notice)


SUBJECTS = {
    AlertType.FAILURE: "DOWN web/http: web1 (1 of 3)",
    AlertType.UP: "UP web/http after 12 s",
    AlertType.STARTUP: "STARTED web/http",
    AlertType.ACK: "ACK web/http: ops: on it",
    AlertType.DISABLE: "DISABLED web/http",
    AlertType.TRAP: "TRAP web/http: web1",
    AlertType.TRAPTIMEOUT: "SILENT web/http: no trap came in time",
    AlertType.TEST: "TEST web/http: web1",
}


@pytest.mark.parametrize("type_", list(AlertType))
def test_the_subject_begins_with_the_fact(type_: AlertType) -> None:
    ack = "ops: on it" if type_ is AlertType.ACK else ""
    assert subject(replace(DOWN, type=type_, ack=ack)) == SUBJECTS[type_]


def test_a_host_that_could_not_be_tested_is_not_called_down() -> None:
    notice = replace(DOWN, reports=(HostReport("web1", "unknown", "no resolver"),))
    assert subject(notice) == "UNKNOWN web/http: web1 (1 of 3)"
    assert "UNKNOWN web1: no resolver" in body(notice)


def test_without_hosts_the_summary_is_the_fact() -> None:
    assert subject(replace(DOWN, reports=(), summary="disk full")) == "DOWN web/http: disk full"


def test_an_upalert_of_unknown_length_does_not_invent_one() -> None:
    assert subject(replace(DOWN, type=AlertType.UP, first_failure=0.0)) == "UP web/http"


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 30))
def test_with_many_long_names_the_subject_stays_short(count: int, length: int) -> None:
    names = tuple(f"{n:02d}".ljust(length, "x")[:length] for n in range(count))
    many = replace(DOWN, hosts=names, reports=tuple(HostReport(name, "down") for name in names))
    assert len(subject(many)) < 80
    assert f"({count} of {count})" in subject(many)


def test_the_body_says_who_since_when_and_why() -> None:
    text = body(DOWN)
    assert text.splitlines()[0] == "DOWN web/http: web1 (1 of 3)"
    assert "DOWN web1: connection refused\n    since " in text and ", 5 s\n" in text
    assert "OK web2\n" in text
    assert "Failing since  20" in text and ", 12 s\n" in text


def test_the_body_of_each_type_renders_without_what_is_unknown() -> None:
    for type_ in AlertType:
        bare = Notice(type_, "web", "http", "", AT, 0, OpStatus.UNTESTED, "", "")
        text = body(bare)
        assert "never" not in text and "None" not in text and "Failing since" not in text


def test_a_flood_of_output_is_cut() -> None:
    text = body(replace(DOWN, output="web1\n" + "x" * 1_000_000))
    assert len(text) < 22_000 and "[... cut here]" in text


@settings(max_examples=50, deadline=None)
@given(st.text(), st.text())
def test_the_webhook_body_is_json_whatever_a_monitor_says(summary: str, detail: str) -> None:
    notice = replace(DOWN, summary=summary, output=f"{summary}\n{detail}", ack=detail)
    said = json.loads(RENDER.render("webhook.json.j2", notice=notice, subject=summary))
    assert (said["summary"], said["text"], said["down"][0]["host"]) == (summary, summary, "web1")


def test_the_line_of_a_file_is_one_line() -> None:
    line = RENDER.render("file.line.j2", notice=replace(DOWN, output="a\nb\nc\n"), subject="S")
    assert line.count("\n") == 0 and line.endswith("S | b | c")
