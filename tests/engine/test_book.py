"""The book: results of rounds and hosts, traps, configurations."""

from mon.model.config import AlertKind
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.result import HostResult, RunResult, Verdict

WEB = ("web", "http")

REMOTE = ("remote", "disk")


def of_host(p, host, verdict, detail=""):
    return p.book.host_result(HostResult(*WEB, host, verdict, detail, 0.1, p.clock.advance(1)))


# Rounds


def test_a_change_of_status_is_a_transition(play):
    p = play()
    p.run("1|h1 h2")
    (change,) = p.step.transitions
    assert (change.host, change.old, change.new, change.why) == ("", "untested", "fail", "h1 h2")
    assert change.at == p.clock()


def test_the_same_status_again_is_none(play):
    p = play()
    p.runs("1 1")
    assert p.step.transitions == ()
    p.runs("0 0")
    assert (p.step.transitions, p.step.decisions) == ((), ())


def test_our_own_trouble_is_why(play):
    p, now = play(), Moment(1.8e9, 0.0)
    step = p.book.result(RunResult(*WEB, 137, "", now, now, trouble="stopped after 60 s"), now, {})
    assert step.transitions[0].why == "stopped after 60 s"
    assert p.state.exitval == 137


def test_the_result_of_an_unknown_service_is_nothing(play):
    p, now = play(), Moment(1.8e9, 0.0)
    assert not p.book.result(RunResult("no", "more", 1, "", now, now), now, {}).keys


def test_a_success_like_the_last_changes_only_the_last_run(play):
    slow, quick = (
        play("alertevery 1h; alert down", "traptimeout 1h"),
        play("alertevery 1h; alert down", "traptimeout 1h"),
    )
    for p in (slow, quick):
        p.runs("1|a 0|b")
    slow.book._settled.clear()
    slow.run("0|c|detail")
    quick.run("0|c|detail")
    assert slow.state == quick.state
    assert quick.state.last_detail == "detail\n"


def test_the_duration_of_a_run_is_kept(play):
    p = play()
    p.run("0")
    assert (p.state.monitor_duration, p.state.last_check) == (1.0, p.clock().wall - 1)


def test_the_start_of_a_run_is_the_last_check(play):
    p = play()
    p.book.started(WEB, p.clock())
    assert p.state.last_check == p.clock().wall


def test_an_outage_that_is_over_is_told_to_the_downtime_log(play):
    p = play("alert down", "failure_interval 5m")
    p.run("1|h1")
    p.clock.advance(60)
    p.run("0|fine")
    (over,) = p.step.downtimes
    assert (over.key, over.seconds, over.interval, over.summary) == (WEB, 61.0, 300.0, "h1")


def test_failure_interval_is_in_force_while_it_fails(play):
    p = play("alert down", "failure_interval 5m")
    intervals = []
    for said in ("0", "1", "1", "0"):
        p.run(said)
        intervals.append(p.book.interval(WEB))
    assert intervals == [3600, 300, 300, 3600]


def test_histories_keep_as_many_as_they_may(stage):
    p = stage(
        "histlength = 2\nwatch web\n service http\n interval 1h\n monitor m\n period one:\n  alert a -x\n"
    )
    p.runs("1|a 1|b 1|c")
    assert [entry.summary for entry in p.book.failure_history] == ["b", "c"]
    assert [(e.kind, e.command.text, e.summary) for e in p.book.alert_history] == [
        ("alert", "a -x", "b"),
        ("alert", "a -x", "c"),
    ]
    p.book.maxkeep = 1
    assert len(p.book.failure_history) == 1


def test_a_preview_keeps_nothing(play):
    p, now = play(), Moment(1.8e9, 0.0)
    before = p.state
    decisions = p.book.preview(RunResult(*WEB, 1, "h1\n", now, now), now, {})
    assert [decision.rule for decision in decisions] == ["send"]
    assert (p.state, list(p.book.alert_history)) == (before, [])


def test_redistribute_is_called_for_each_result_and_counts_nowhere(play):
    p = play("alertafter 2; alert down; upalert up", "redistribute far -x")
    assert p.runs("0 1 1 0 0") == ["far -x", "far -x", "far -x+down", "far -x+up", "far -x"]
    assert [entry.kind for entry in p.book.alert_history] == ["alert", "upalert"]
    assert p.step.decisions[0].type is AlertType.UP


def test_redistribute_is_called_even_if_the_service_is_disabled(play):
    p = play("alert down", "redistribute far")
    step = p.book.disable_service(WEB, p.clock(), {})
    assert [decision.type for decision in step.sent] == [AlertType.DISABLE]
    assert p.run("1") == ["far"]


# Hosts


def test_the_first_word_on_a_host_is_a_transition_from_untested(play):
    change = of_host(play(), "h1", Verdict.OK, "200 OK")
    assert (change.host, change.old, change.new, change.why) == ("h1", "untested", "ok", "200 OK")


def test_a_host_that_stays_as_it_was_is_none_and_keeps_since(play):
    p = play()
    first = of_host(p, "h1", Verdict.DOWN, "refused")
    assert of_host(p, "h1", Verdict.DOWN, "timeout") is None
    kept = p.book.host_states[(*WEB, "h1")]
    assert (kept.since, kept.detail) == (first.at, "timeout")


def test_a_host_that_changes_begins_anew(play):
    p = play()
    of_host(p, "h1", Verdict.DOWN)
    change = of_host(p, "h1", Verdict.UNKNOWN, "no descriptors")
    assert (change.old, change.new) == ("down", "unknown")
    assert p.book.host_states[(*WEB, "h1")].since == change.at


def test_a_notice_lists_the_hosts_with_what_is_known_of_them(play):
    p = play()
    of_host(p, "h2", Verdict.DOWN, "refused")
    p.run("1|h2")
    notice = p.step.sent[0].notice
    assert notice.hosts == ("h1", "h2")
    assert [(r.host, r.verdict, r.detail) for r in notice.reports] == [("h2", "down", "refused")]


# May it run?


def test_monitors_do_not_run_in_exclude_period_or_without_hosts_or_while_stopped(play):
    p = play("alert down", "exclude_period yr {1990-1999}; exclude_hosts h1")
    assert p.book.may_run(WEB, p.clock()) == ""
    assert [host.name for host in p.book.monitor_hosts(WEB, p.clock())] == ["h2"]
    p.book.disable_host("h2")
    assert p.book.may_run(WEB, p.clock()) == "it has no hosts to check"
    p.book.stop(p.clock())
    assert p.book.may_run(WEB, p.clock()) == "the scheduler is stopped"


def test_exclude_period_names_who_excludes(play, stage):
    p = play("alert down", "exclude_period wd {Sun-Sat}")
    assert p.book.may_run(WEB, p.clock()) == "it is in the service's exclude_period"
    p = stage("exclude_period = wd {Sun-Sat}\nwatch web\n service http\n interval 1h\n monitor m\n")
    assert p.book.may_run(WEB, p.clock()) == "it is in the global exclude_period"


def test_an_empty_group_is_checked_where_that_is_allowed(play):
    p = play("alert down", "allow_empty_group")
    p.book.disable_host("h1")
    p.book.disable_host("h2")
    assert p.book.may_run(WEB, p.clock()) == ""


# Traps


def trapped(stage, lines=""):
    return stage(f"watch remote\n service disk\n{lines} period wd {{Sun-Sat}}\n  alert down\n  upalert up\n")


def test_a_failing_trap_alerts_as_a_trap_and_a_good_one_upalerts(stage):
    p = trapped(stage)
    assert p.trap(3, "full\n\ntext", REMOTE) == ["down"]
    assert (p.step.sent[0].type, p.step.sent[0].notice.status) == (AlertType.TRAP, 3)
    assert p.trap(0, "fine\n\n", REMOTE) == ["up"]
    assert p.book.states[REMOTE].last_trap == p.clock().wall
    assert p.book.states[REMOTE].last_check == 0.0


def test_a_trap_that_does_not_come_is_a_failure_each_time(stage):
    p = trapped(stage, " traptimeout 10s\n")
    p.clock.advance(9)
    assert p.took(p.book.trap_timers(p.clock(), {})) == []
    p.clock.advance(1)
    assert p.took(p.book.trap_timers(p.clock(), {})) == ["down"]
    notice = p.step.sent[0].notice
    assert (notice.type, notice.status, notice.summary) == (AlertType.TRAPTIMEOUT, 1, "trap timeout")
    assert notice.detail.startswith("trap timeout after 10s at ")
    p.clock.advance(10)
    assert p.took(p.book.trap_timers(p.clock(), {})) == ["down"]


def test_a_trap_winds_the_clock_again(stage):
    p = trapped(stage, " traptimeout 10s\n")
    p.clock.advance(9)
    p.trap(0, "alive\n\n", REMOTE)
    p.clock.advance(9)
    assert not p.book.trap_timers(p.clock(), {}).keys


def test_a_failing_trap_lasts_as_long_as_trapduration_and_then_nothing_is_called(stage):
    p = trapped(stage, " trapduration 10s\n")
    p.trap(1, key=REMOTE)
    p.clock.advance(10)
    assert p.took(p.book.trap_timers(p.clock(), {})) == []
    assert (p.held, p.why) == (["no occasion"], "trapduration is over")
    assert (p.step.transitions[0].old, p.step.transitions[0].new) == ("fail", "ok")
    assert p.trap(0, key=REMOTE) == []


def test_a_reload_winds_the_clock_of_traps_only_as_far_as_it_must(stage, mon_cf):
    p = trapped(stage, " traptimeout 100s\n")
    due = p.book.states[REMOTE].traps.due
    longer, shorter = (
        mon_cf(f"watch remote\n service disk\n traptimeout {time}\n") for time in ("200s", "50s")
    )
    p.book.reload(longer, p.clock.advance(10))
    assert p.book.states[REMOTE].traps.due == due
    p.book.reload(shorter, p.clock())
    assert p.book.states[REMOTE].traps.due == p.clock().later(50)


def test_lines_keep_their_kind_in_redistributed_decisions(play):
    p = play("alert down", "redistribute far")
    p.run("1")
    assert p.step.decisions[0].line.kind is AlertKind.ALERT


def test_a_notice_says_when_the_period_was_last_told(play):
    p = play()
    p.run("1|h1")
    first = p.step.decisions[0].notice
    p.run("1|h1")
    again = p.step.decisions[0].notice
    p.run("0")
    up = next(each.notice for each in p.step.decisions if each.notice)
    assert first.last_message == 0.0
    assert (again.last_message, up.last_message) == (first.at, again.at)
    assert first.thread == again.thread == up.thread
    p.run("1|h1")
    later = p.step.decisions[0].notice
    assert later.last_message == 0.0 and later.thread != first.thread
