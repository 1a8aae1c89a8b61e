"""The chain of rules, each by what it lets through and what it holds, and with which words."""

import pytest

from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.result import OpStatus

# (what, period lines, service lines, results, what each calls)
SCRIPTS = [
    ("each failure alerts, one recovery upalerts", "alert down; upalert up", "",
     "0 1 1 2 0 0", "- down down down up -"),
    ("alertafter N waits for the Nth failure in a row", "alertafter 3; alert down; upalert up", "",
     "1 1 0 1 1 1 0", "- - - - - down up"),
    ("numalerts stops after N and starts anew after a success", "numalerts 2; alert down; upalert up", "",
     "1|a 1|b 1|c 0 1|d", "down down - up down"),
    ("alertevery holds the same summary, whatever the detail", "alertevery 1h; alert down", "",
     "1|h1|a 1|h1|b 1|h2|b 1|h2|c 0 1|h2|c", "down - down - - down"),
    ("alertevery compares with the failure before, not with the alert before", "alertevery 1h; alert down",
     "", "1|a 1|b 1|a 1|a", "down down down -"),
    ("alertevery observe_detail looks at all of the output", "alertevery 1h observe_detail; alert down", "",
     "1|h1|a 1|h1|b 1|h1|b", "down down -"),
    ("alertevery ignore_summary looks at the time only", "alertevery 1h ignore_summary; alert down", "",
     "1|a 1|b 0 1|c", "down - - down"),
    ("alertevery strict is not reset by a success", "alertevery 1h strict; alert down", "",
     "1|a 1|b 0 1|c", "down - - -"),
    ("an upalert lets the next alert through, strict or not", "alertevery 1h strict; alert down; upalert up",
     "", "1|a 1|b 0 1|c 0", "down - up down up"),
    ("exit= chooses by the exit status", "alert exit=1 one; alert exit=2-5 some; alert any; upalert up", "",
     "1 2 5 6 0", "one+any some+any some+any any up"),
    ("alertexitrange holds the whole period", "alertexitrange 2-3; alert down; upalert up", "",
     "1 2 3 4 0", "- down down - up"),
    ("no_comp_alerts upalerts after each outage", "alertafter 2; no_comp_alerts; alert down; upalert up", "",
     "0 1 0 1 0 1 1 0", "- - up - up - down up"),
    ("without it an upalert needs an alert", "alertafter 2; alert down; upalert up", "",
     "1 0 1 1 0", "- - - down up"),
    ("a monitor ended by a signal is a failure", "alert down", "", "0 137", "- down"),
    ("unack_summary is no word of a service that is not acknowledged", "alert down", "unack_summary yes",
     "1|a 1|b", "down down"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "period", "service", "results", "calls"), SCRIPTS)
def test_script(play, what, period, service, results, calls):
    assert play(period, service).runs(results) == calls.split()


def test_alertevery_ends_when_its_time_has_passed(play):
    p = play("alertevery 8s; alert down")
    assert p.runs("1 1") == ["down", "-"]
    assert p.why == "the last alert was 1s ago, alertevery is 8s"
    p.clock.advance(6)
    assert p.run("1") == ["down"]


def test_alertafter_time_waits_for_more_than_the_time(play):
    p = play("alertafter 10s; alert down")
    assert p.run("1") == []
    p.clock.advance(9)
    assert p.run("1") == []
    assert p.why == "failing for 10s, alertafter is 10s"
    assert p.run("1") == ["down"]


def test_alertafter_time_begins_anew_after_a_success(play):
    p = play("alertafter 5s; alert down")
    p.runs("1 0")
    p.clock.advance(60)
    assert p.run("1") == []


def test_alertafter_number_in_time_forgets_failures_that_are_too_old(play):
    p = play("alertafter 2 2m; alert down", "interval 1m")
    assert p.run("1") == []
    p.clock.advance(130)
    assert p.run("1") == []
    assert p.why == "failures within 120s: 1, alertafter is 2"
    p.clock.advance(60)
    assert p.run("1") == ["down"]


def test_counters_of_alertafter_time_do_not_move_while_an_earlier_rule_holds(play):
    p = play("alertexitrange 2; alertafter 5s; alert down")
    p.run("1")
    p.clock.advance(60)
    assert p.run("2") == []
    assert p.held == ["alertafter time"]


def test_numalerts_says_how_many_were_sent(play):
    p = play("numalerts 1; alert down")
    p.runs("1 1")
    assert (p.held, p.why) == (["numalerts"], "alerts sent: 1, numalerts is 1")


def test_exit_range_names_status_and_range(play):
    p = play("alert exit=2-5 some")
    p.run("1")
    assert (p.held, p.why) == (["exit range"], "the exit status is 1, exit is 2-5")


def test_an_alert_held_by_exit_does_not_count(play):
    p = play("alert exit=2 two; upalert up")
    assert p.runs("1 0") == ["-", "-"]
    assert p.held == ["no alert before"]


def test_an_outage_shorter_than_upalertafter_is_not_worth_an_upalert(play):
    p = play("alert down; upalert up; upalertafter 1h")
    assert p.runs("1 0") == ["down", "-"]
    assert p.why == "the outage lasted 1s, upalertafter is 3600s"


def test_an_outage_as_long_as_upalertafter_is(play):
    p = play("alert down; upalert up; upalertafter 1h")
    p.run("1")
    p.clock.advance(3600)
    assert p.run("0") == ["up"]


def test_the_outage_of_upalertafter_is_counted_without_the_wall_clock(play):
    p = play("alert down; upalert up; upalertafter 1h")
    p.run("1")
    p.clock.step_wall(7200)
    assert p.run("0") == []


def test_only_periods_that_contain_the_present_alert(stage):
    p = stage(
        "watch web\n service http\n interval 1h\n monitor m\n period never: none\n  alert never\n"
        " period always:\n  alert always\n period past: yr {1990-1999}\n  alert past\n"
    )
    assert p.run("1") == ["always"]
    assert p.held == ["outside the period", "outside the period"]
    assert p.why == "outside the period none"


def test_periods_have_their_own_counters(stage):
    p = stage(
        "watch web\n service http\n interval 1h\n monitor m\n period once:\n  numalerts 1\n  alert once\n"
        " period late: wd {Sun-Sat}\n  alertafter 2\n  alert late\n  upalert late up\n"
    )
    assert p.runs("1 1 0 1 0") == ["once", "late", "late up", "once", "-"]


def test_a_disabled_service_calls_nothing_but_is_judged(play):
    p = play()
    p.book.disable_service(("web", "http"), p.clock(), {})
    assert p.run("1") == []
    assert (p.held, p.why) == (["disabled"], "the service web/http is disabled")
    assert p.state.opstatus is OpStatus.FAIL


def test_a_disabled_watch_says_so(play):
    p = play()
    p.book.disable_watch("web")
    p.run("1")
    assert p.why == "the watch web is disabled"


def test_a_stopped_scheduler_calls_nothing(play):
    p = play()
    p.book.stop(p.clock())
    assert p.run("1") == []
    assert (p.held, p.why) == (["stopped"], "the scheduler is stopped")


def test_stopping_comes_before_all_that_counts(play):
    p = play("alertafter 2 1h; alert down", "interval 1m")
    p.book.stop(p.clock())
    p.runs("1 1 1")
    p.book.start()
    assert p.runs("1 1") == ["-", "down"]


def test_an_acknowledged_failure_is_silent_until_it_is_over(play):
    p = play()
    p.run("1")
    p.book.ack(("web", "http"), "ann", "on it", p.clock(), {})
    assert p.run("1") == []
    assert (p.held, p.why) == (["acknowledged"], "acknowledged by ann: on it")
    assert p.runs("0 1") == ["up", "down"]


def test_an_acknowledgement_of_nobody_in_particular_is_told_so(play):
    p = play()
    p.run("1")
    p.book.ack(("web", "http"), "", "seen", p.clock(), {})
    p.run("1")
    assert p.why == "acknowledged: seen"


def test_alertafter_says_how_often_it_failed(play):
    p = play("alertafter 3; alert down")
    p.run("1")
    assert (p.held, p.why) == (["alertafter count"], "failures in a row: 1, alertafter is 3")


def test_unack_summary_ends_an_acknowledgement_when_the_summary_changes(play):
    p = play("alertevery 1h; alert down", "unack_summary yes")
    p.run("1|h1")
    p.book.ack(("web", "http"), "", "seen", p.clock(), {})
    assert p.runs("1|h1|other 1|h1h2") == ["-", "down"]
    assert p.state.ack == 0


def test_white_space_is_no_change_of_summary(play):
    p = play("alert down", "unack_summary yes")
    p.run("1|h1 h2")
    p.book.ack(("web", "http"), "", "seen", p.clock(), {})
    assert p.run("1| h1  h2 ") == []


def test_without_unack_summary_a_changed_summary_stays_acknowledged(play):
    p = play()
    p.run("1|h1")
    p.book.ack(("web", "http"), "", "seen", p.clock(), {})
    assert p.run("1|h2") == []


def test_an_alert_that_is_not_installed_is_skipped_and_does_not_count(play):
    p = play("alert gone -x; upalert up")
    p.book.missing = {"gone"}
    assert p.runs("1 0") == ["-", "-"]
    assert p.state.in_period("wd {Sun-Sat}").sent == 0


def test_a_first_success_is_no_recovery(play):
    p = play()
    assert p.run("0") == []
    assert (p.held, p.why) == (["no occasion"], "it was untested, not failing")


def test_a_startupalert_opens_no_way_for_an_upalert(play):
    p = play("startupalert hello; alertafter 3; alert down; upalert up")
    assert p.took(p.book.startup(("web", "http"), p.clock(), {})) == ["hello"]
    assert p.runs("1 0") == ["-", "-"]


def test_ackalerts_need_an_alert_before(play):
    p = play("alertafter 2; alert down; ackalert known")
    p.run("1")
    assert p.took(p.book.ack(("web", "http"), "ann", "x", p.clock(), {})) == []
    p.runs("0 1")
    p.run("1")
    assert p.took(p.book.ack(("web", "http"), "ann", "x", p.clock(), {})) == ["known"]


def test_a_sent_decision_says_what_it_is_about(play):
    p = play()
    p.run("1|h1 h2")
    decision = p.step.decisions[0]
    assert (decision.rule, decision.why, decision.type) == ("send", "h1 h2", AlertType.FAILURE)


def test_decisions_carry_the_moment(play):
    p = play()
    p.run("1")
    assert p.step.decisions[0].at == p.clock() == Moment(1_800_000_001.0, 1_001.0)
