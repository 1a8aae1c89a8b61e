"""News of a pool as a whole goes where the failures of its voters go."""

from mon.catalog import Plan
from mon.daemon.announce import announcement
from mon.model.config import AlertKind, AlertLine, CommandLine, Config, Period, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.pool import Pool, VirtualId, Voter

NOW = Moment(1_800_000_000.0, 10.0)
POOL = Pool("web", VirtualId("tcp", "10.0.0.9", 80), ("memory",), voters=(Voter("farm", "http"),))


def line(text: str, kind: AlertKind = AlertKind.ALERT) -> AlertLine:
    return AlertLine(kind, CommandLine(text, tuple(text.split())))


VOTE, MAIL = line("vote web"), line("tell ops")
MAIL_UP = line("tell ops", AlertKind.UPALERT)


def plan(*periods: Period) -> Plan:
    service = Service("farm", "http", periods=periods)
    return Plan(Config(services={service.key: service}), votes=frozenset({VOTE}))


def test_it_goes_to_the_lines_beside_the_vote_and_never_to_the_vote() -> None:
    step = announcement(plan(Period(lines=(VOTE, MAIL, MAIL_UP))), POOL, "the kernel says no", NOW)
    (decision,) = step.decisions
    assert (decision.line, decision.notice.summary) == (MAIL, "pool web: the kernel says no")


def test_its_end_goes_to_the_upalert_lines() -> None:
    (decision,) = announcement(plan(Period(lines=(VOTE, MAIL, MAIL_UP))), POOL, "", NOW).decisions
    assert (decision.line, decision.type) == (MAIL_UP, AlertType.UP)


def test_who_is_named_in_two_periods_is_told_once() -> None:
    periods = Period("a", lines=(VOTE, MAIL)), Period("b", lines=(VOTE, MAIL))
    assert len(announcement(plan(*periods), POOL, "trouble", NOW).decisions) == 1


def test_a_period_without_a_vote_is_about_other_things() -> None:
    assert announcement(plan(Period(lines=(MAIL,))), POOL, "trouble", NOW).decisions == ()
