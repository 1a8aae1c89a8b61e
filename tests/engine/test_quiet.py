"""Quiet times, reminders, and going on until somebody knows."""

from mon.engine import Silence, Silences
from mon.model.moment import Moment

WEB = ("web", "http")


def silence(play, seconds: float, service: str = "http") -> None:
    now = play.clock()
    play.book.silences.begin(Silence("web", service, now.wall, now.later(seconds), "ann", "new kernel"))


def test_a_silence_holds_failures_until_its_end(play):
    p = play("alert down; upalert up")
    silence(p, 5)
    assert p.runs("1 1 0") == ["-", "-", "-"]
    silence(p, 3)
    assert p.run("1") == [] and p.held == ["silenced"]
    assert p.why.startswith("silenced by ann until ") and p.why.endswith(": new kernel")
    p.clock.advance(3)
    assert p.run("1") == ["down"]


def test_a_silence_of_a_watch_is_one_of_all_its_services(play):
    p = play()
    silence(p, 60, service="")
    assert p.run("1") == []


def test_what_was_told_before_a_silence_is_told_to_be_over(play):
    p = play()
    assert p.run("1") == ["down"]
    silence(p, 60)
    assert p.run("0") == ["up"]


def test_a_silence_may_end_before_its_time():
    silences, now = Silences(), Moment(1000.0, 10.0)
    silences.begin(Silence("web", "", 1000.0, now.later(60), "ann", "x"))
    assert silences.said(WEB, now) and not silences.said(("mail", "smtp"), now)
    assert silences.end("web", "", now) and not silences.end("web", "", now)
    assert silences.said(WEB, now) == ""


def test_silences_are_listed_until_they_end_and_survive_a_restart():
    silences, now = Silences(), Moment(1000.0, 10.0)
    for service, seconds in (("a", 60.0), ("b", 30.0)):
        silences.begin(Silence("web", service, 1000.0, now.later(seconds), "ann", "x"))
    assert [one.service for one in silences.standing(now)] == ["b", "a"]
    assert [one.service for one in silences.standing(now.later(30))] == ["a"]
    again, restarted = Silences(), Moment(1040.0, 0.5)
    again.restore(silences.standing(now), restarted)
    (left,) = again.standing(restarted)
    assert (left.service, left.until) == ("a", Moment(1060.0, 20.5))


def test_a_reminder_comes_when_its_time_has_passed(play):
    p = play("reminder 10s; alert down; upalert up")
    assert p.runs("1|a 1|b 1|c") == ["down", "-", "-"]
    assert p.held == ["reminder"] and p.why == "the last alert was 2s ago, reminder is 10s"
    p.clock.advance(8)
    assert p.runs("1|c 1|c 0") == ["down", "-", "up"]


def test_a_reminder_goes_on_beyond_numalerts_and_within_alertevery(play):
    p = play("reminder 10s; numalerts 1; alertevery 1h; alert down")
    assert p.runs("1 1") == ["down", "-"]
    p.clock.advance(10)
    assert p.runs("1 1") == ["down", "-"]


def test_alertevery_says_what_is_news_before_a_reminder(play):
    assert play("reminder 1h; alertevery 10m; alert down").runs("1|a 1|a 1|b") == ["down", "-", "down"]


def test_until_ack_goes_on_beyond_numalerts_until_somebody_knows(play):
    p = play("numalerts 2; until ack; alert down; upalert up")
    assert p.runs("1 1 1") == ["down", "down", "down"]
    p.book.ack(WEB, "ann", "on it", p.clock(), {})
    assert p.runs("1 0") == ["-", "up"]
