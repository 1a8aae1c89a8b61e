"""The fakes behave like what they stand for."""

import pytest

from mon.catalog import Check
from mon.model.config import Host, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType, Fate, Notice
from mon.model.result import OpStatus, Verdict
from mon.testing.alert import RecordingAlert
from mon.testing.runner import FakeRunner

CHECK = Check(Service("farm", "http"), None, (Host("a"), Host("b")), 5)
NOTICE = Notice(AlertType.TEST, "farm", "http", "", 1.0, 1, OpStatus.FAIL, "a", "a\n")


@pytest.fixture
def runner():
    return FakeRunner(lambda: Moment(100, 1))


async def test_hosts_are_ok_until_told_otherwise(runner):
    runner.say(CHECK.key, "b", Verdict.DOWN, "refused")
    seen = []
    result = await runner.round(CHECK, CHECK.hosts, {"A": "1"}, seen.append)
    assert (result.status, result.summary, [part.verdict.value for part in seen]) == (1, "b", ["ok", "down"])
    assert runner.rounds == [(CHECK.key, ("a", "b"), {"A": "1"})]


async def test_a_whole_answer_can_be_given(runner):
    runner.answer(CHECK.key, 3, "prose\n")
    result = await runner.round(CHECK, CHECK.hosts, {}, lambda part: None)
    assert (result.status, result.output, result.hosts) == (3, "prose\n", ())


async def test_what_is_busy_is_not_started(runner):
    runner.busy[CHECK.key] = 7
    assert await runner.round(CHECK, CHECK.hosts, {}, lambda part: None) is None
    assert runner.in_flight(CHECK.key) == 7


async def test_an_alert_records_and_answers_as_told():
    alert = RecordingAlert(Fate.RETRY)
    assert [(await alert.send(None, NOTICE, attempt=n)).fate for n in (1, 2)] == [Fate.RETRY, Fate.SENT]
    assert [(sent.notice.summary, sent.attempt) for sent in alert.sent] == [("a", 1), ("a", 2)]
