"""What is read at 3 a.m.: the fact first, short, and nothing about what is not known."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mon.model.notice import AlertType, HostReport, Notice, PoolLine, ServerLine
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

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


def page(notice: Notice) -> str:
    return RENDER.render("mail.html.j2", notice=notice, subject=subject(notice))


POOL = PoolLine(
    "shop",
    "tcp 192.0.2.80:80",
    (
        ServerLine("web1", "10.0.0.1:80", 0, "out: web/http down (refused)"),
        ServerLine("web2", "10.0.0.2:80", 10, "in: web/http ok"),
        ServerLine("web3", "10.0.0.3:80", 10, "in, held by the floor: web/http down (refused)"),
    ),
    "50% (2 of 3)",
    "the floor keeps web3 in against the votes",
)


@pytest.mark.parametrize("show", [body, page])
def test_a_pool_is_told_with_its_weights_and_whether_the_floor_holds(show: Callable[[Notice], str]) -> None:
    text = show(replace(DOWN, pools=(POOL,)))
    for words in (
        "2 of 3 in",
        "the floor keeps web3 in",
        "out: web/http down (refused)",
        "in, held by the floor",
    ):
        assert words in text
    assert "in: web/http ok" not in text
    well = show(replace(DOWN, pools=(replace(POOL, outlook=""),)))
    assert "the floor of 50% (2 of 3) is not needed" in well


@pytest.mark.parametrize("show", [body, page])
def test_what_changed_since_the_last_message_is_said(show: Callable[[Notice], str]) -> None:
    reports = (HostReport("web1", "down", "refused", AT - 500), HostReport("web2", "down", "refused", AT - 5))
    again = replace(DOWN, reports=reports, last_message=AT - 60)
    assert [report.host for report in again.changed] == ["web2"]
    text = show(again)
    assert "Changed since the message of " in text and "web2</b> is down" in text.replace(
        "web2 is", "web2</b> is"
    )
    assert "No host changed since" in show(replace(again, last_message=AT - 1))
    assert "hanged since" not in show(replace(again, last_message=0.0))


@pytest.mark.parametrize("show", [body, page])
def test_link_and_remark_stand_at_the_top(show: Callable[[Notice], str]) -> None:
    notice = replace(
        DOWN, environment={"LINK": "https://wiki.example/x"}, remark="sent twice", output="web1\nsent twice\n"
    )
    text = show(notice)
    assert text.index("https://wiki.example/x") < text.index("connection refused")
    assert text.count("sent twice") == 1


def test_a_link_that_is_none_is_not_followed() -> None:
    assert 'href=""' in page(replace(DOWN, environment={"LINK": "javascript:alert(1)"}))


def test_the_page_is_whole_and_safe_for_each_type() -> None:
    for type_ in AlertType:
        bare = Notice(type_, "<w>", "http", "", AT, 0, OpStatus.UNTESTED, "<s>", "<s>\n<script>\n")
        text = page(bare)
        assert text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>")
        assert "<script>" not in text and "<s>" not in text and "None" not in text


def test_with_hundreds_of_hosts_it_can_still_be_read() -> None:
    names = tuple(f"web{n}" for n in range(300))
    reports = tuple(HostReport(name, "down" if n < 100 else "ok") for n, name in enumerate(names))
    text = body(replace(DOWN, hosts=names, reports=reports, output=" ".join(names[:100]) + "\n"))
    assert "... and 50 more" in text and "OK web100 web101 " in text and " more\n" in text
    assert len(text) < 6000


def test_a_prose_summary_of_a_program_is_what_it_says() -> None:
    notice = replace(DOWN, reports=(), summary="disk full", output="disk full\n/var 100%\n")
    text = body(notice)
    assert "It says: disk full" in text and "Everything it said:\n\n/var 100%" in text


def test_the_text_of_chats_is_short() -> None:
    text = RENDER.render("chat.txt.j2", notice=replace(DOWN, pools=(POOL,)))
    assert text.startswith("The shop\nweb1 is down: connection refused (since ")
    assert "\nok: web2\n" in text
    assert "pool shop: 2 of 3 in, the floor keeps web3 in against the votes" in text
