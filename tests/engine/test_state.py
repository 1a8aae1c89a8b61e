"""What is kept of a service, and how it crosses a restart."""

import pytest

from mon.codec import decode, encode
from mon.engine import HostState, ServiceState, at_wall
from mon.model.moment import Moment
from mon.model.result import OpStatus, Verdict
from mon.testing.clock import FakeClock

WEB = ("web", "http")


def test_a_fresh_service_is_untested(play):
    state = play().state
    assert (state.opstatus, state.last_opstatus) == (OpStatus.UNTESTED, OpStatus.UNTESTED)
    assert (state.exitval, state.last_check, state.monitor_duration) == (None, 0.0, -1.0)
    assert (state.last_success, state.first_failure, state.alerts_sent, state.depstatus) == (
        0.0,
        0.0,
        0,
        None,
    )


def test_a_failure_without_a_first_line_has_no_summary(play):
    p = play()
    p.run("1| |second line")
    assert (p.state.last_summary, p.state.last_detail) == ("(NO SUMMARY)", "second line\n")


def test_a_success_without_output_has_an_empty_summary(play):
    p = play()
    p.run("0")
    assert (p.state.last_summary, p.state.last_detail, p.state.last_output) == ("", "", "")


def test_an_outage_keeps_its_first_and_last_failure_and_a_success_ends_it(play):
    p = play()
    p.runs("1 1")
    assert p.state.last_failure - p.state.first_failure == 1
    p.run("0")
    assert (p.state.first_failure, p.state.last_failure, p.state.failures) == (0.0, 0.0, 2)


def test_alerts_that_do_not_count_are_not_in_alerts_sent(stage):
    p = stage(
        "watch web\n service http\n interval 1h\n monitor m\n period one:\n  alert a\n period two:\n"
        "  alert b\n  alerts_dont_count\n"
    )
    p.runs("1 1")
    assert p.state.alerts_sent == 2
    assert p.state.last_alert == p.clock().wall


def test_a_state_goes_through_bytes_unchanged(play):
    p = play("alertevery 1h; alert down", "traptimeout 1h")
    p.runs("0 1|h1|text 1")
    assert decode(encode(p.state), ServiceState) == p.state


def test_a_restart_adds_the_time_that_passed(play):
    p, later = play("alertevery 1h; alert down"), play("alertevery 1h; alert down")
    p.run("1")
    saved = p.state.at.wall
    later.clock = FakeClock(Moment(saved + 3000, 5.0))  # the machine was started anew
    later.book.restore({WEB: p.state}, saved, later.clock())
    assert later.run("1") == []
    assert later.why == "the last alert was 3001s ago, alertevery is 3600s"


def test_a_wall_clock_that_went_back_while_off_adds_nothing(play):
    p, later = play("alertevery 1h; alert down"), play("alertevery 1h; alert down")
    p.run("1")
    saved = p.state.at.wall
    later.clock = FakeClock(Moment(saved - 3000, 5.0))
    later.book.restore({WEB: p.state}, saved, later.clock())
    later.run("1")
    assert later.why == "the last alert was 1s ago, alertevery is 3600s"


def test_states_of_services_that_are_gone_are_dropped(play):
    p = play()
    p.book.restore({("no", "more"): ServiceState()}, 0.0, p.clock())
    assert list(p.book.states) == [WEB]


def test_opinions_on_hosts_cross_a_restart(play):
    p = play()
    saved = HostState(Verdict.DOWN, Moment(100.0, 50.0), "gone", last=Moment(160.0, 110.0))
    p.book.restore({}, 160.0, Moment(170.0, 5.0), hosts={(*WEB, "h1"): saved})
    restored = p.book.host_states[(*WEB, "h1")]
    assert (restored.verdict, restored.since) == (Verdict.DOWN, Moment(100.0, 5.0 - 10 - 60))


@pytest.mark.parametrize(("wall", "mono"), [(90.0, 40.0), (200.0, 50.0)])
def test_a_wall_time_from_elsewhere_is_never_in_the_future(wall, mono):
    assert at_wall(wall, Moment(100.0, 50.0)) == Moment(wall, mono)


def test_no_wall_time_is_no_moment():
    assert at_wall(0.0, Moment(100.0, 50.0)) is None
