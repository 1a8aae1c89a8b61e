"""What ``mon alerts`` and ``mon why`` print, and the times they take."""

import argparse
import time
from typing import Any

import pytest

from mon.cli.alerts import listed, only, story
from mon.cli.spoken import duration, moment

ALERT: dict[str, Any] = {
    "id": "0123456789abcdef", "stage": "retry", "watch": "web", "service": "http", "period": "day",
    "kind": "alert", "type": "failure", "alert": "mail.alert ops", "summary": "h1", "decided": 1000.0,
    "changed": 1000.0, "attempts": 2, "next": 1100.0, "why": "421 busy", "remark": "",
}  # fmt: skip
HELD: dict[str, Any] = {
    "watch": "web", "service": "http", "period": "day", "kind": "alert", "type": "failure",
    "command": "mail.alert ops", "rule": "alertevery", "why": "the last alert was 10s ago, alertevery is 1h",
    "first": 1010.0, "last": 1040.0, "count": 4,
}  # fmt: skip


def found(**changes: Any) -> dict[str, Any]:
    return {"now": 1075.0, "since": 0.0, "alerts": [ALERT], "held": [HELD], "trouble": ""} | changes


def test_what_waits_is_listed_and_the_rest_counted() -> None:
    head, line, counts = listed(found(), None)
    assert head == "waiting:"
    assert line.endswith("web/http  alert mail.alert ops: next attempt in 25s (attempt 2: 421 busy)")
    assert counts.startswith("1 waiting, 0 sent, 4 held since ")


def test_programs_can_ask_for_one_stage_too() -> None:
    assert only(found(), None) == found()
    assert (only(found(), "waiting")["alerts"], only(found(), "waiting")["held"]) == ([ALERT], [])
    assert (only(found(), "sent")["alerts"], only(found(), "held")["held"]) == ([], [HELD])


def test_each_stage_can_be_asked_for() -> None:
    sent = ALERT | {"stage": "sent", "why": "250 ok"}
    assert list(listed(found(alerts=[sent]), "sent"))[1].endswith("mail.alert ops: 250 ok")
    assert list(listed(found(alerts=[sent]), "failed")) == []
    head, held = listed(found(), "held")
    assert head == "held:" and "held 4 times" in held and held.endswith("alertevery is 1h")


def test_a_disk_in_trouble_is_told() -> None:
    assert list(listed(found(trouble="disk full"), None))[-1] == "the disk: disk full"


def test_the_story_goes_period_by_period() -> None:
    change = {"old": "ok", "new": "fail", "why": "h1", "at": {"wall": 1000.0}, "host": ""}
    sent = {"period": "day", "at": 1001.0, "kind": "alert", "command": "mail.alert ops", "why": "250 ok",
            "stage": "sent", "attempts": 1}  # fmt: skip
    values = {"watch": "web", "service": "http", "begin": 1000.0, "end": 0.0, "before": change,
              "after": None, "hosts": [], "waiting": [], "attempts": [sent], "held": [HELD], "at": 1050.0,
              "now": 1075.0}  # fmt: skip
    opinion, period, told, held = story(values)
    assert opinion.startswith("web/http: fail since ") and opinion.endswith(": h1")
    assert period == "period 'day':"
    assert "let through by all rules, sent" in told
    assert held.endswith("(rule: alertevery)")
    nothing = story(values | {"before": None, "attempts": [], "held": []})
    assert "nothing is recorded" in next(nothing) and "no alert line" in next(nothing)


def test_times_are_written_as_people_do() -> None:
    assert duration("1.5h") == 5400.0
    assert abs(moment("10m") - (time.time() - 600)) < 5
    assert moment("2026-01-31 14:05") == time.mktime((2026, 1, 31, 14, 5, 0, 0, 0, -1))
    assert 0 <= time.time() - moment("14:05") <= 90000
    for wrong in ("soon", "25:00"):
        with pytest.raises(argparse.ArgumentTypeError, match="14:05"):
            moment(wrong)
    with pytest.raises(argparse.ArgumentTypeError, match="write 5s"):
        duration("5")


COLLECTED = ALERT | {"stage": "waiting", "attempts": 0, "why": "", "group": "team", "window": "team/1"}


def test_what_is_collected_is_one_line_that_says_for_whom_and_until_when() -> None:
    several = [COLLECTED | {"id": f"a{n}bcdefgh", "service": f"s{n}", "until": 1090.0} for n in range(2000)]
    _, line, counts = listed(found(alerts=several), None)
    assert (
        "web/s0 and 1999 more of group team  alert mail.alert ops: collecting for group team until " in line
    )
    assert counts.startswith("2000 waiting")


def test_what_was_told_together_is_one_line() -> None:
    sent = [COLLECTED | {"stage": "sent", "service": f"s{n}", "until": 1090.0, "why": "ok"} for n in (1, 2)]
    assert list(listed(found(alerts=sent), "sent"))[1].endswith(
        "web/s1 and 1 more of group team  alert mail.alert ops: ok"
    )
