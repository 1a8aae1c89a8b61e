"""The MON_* variables, as PROTOCOL §8 and §9 have them."""

from mon.model.moment import Moment

WEB = ("web", "http")

FILES = {"MON_STATEDIR": "/state", "MON_LOGDIR": "/log", "MON_CFBASEDIR": "/cf"}


def monitor(p):
    return p.book.monitor_environment(WEB, p.clock())


def alert(p):
    return p.step.sent[0].notice.environment


def test_a_monitor_that_never_ran_is_told_little(play):
    assert monitor(play("alert down", "description the web")) == {
        "MON_GROUP": "web",
        "MON_SERVICE": "http",
        "MON_DESCRIPTION": "the web",
        "MON_LAST_FAILURE": "0",
        "MON_LAST_SUCCESS": "0",
    }


def test_after_a_failure_it_is_told_what_that_said(play):
    p = play()
    p.run("1|h1|text")
    told = monitor(p)
    assert (told["MON_LAST_SUMMARY"], told["MON_LAST_OUTPUT"]) == ("h1", "h1\ntext\n")
    assert told["MON_FIRST_FAILURE"] == told["MON_LAST_FAILURE"] == "1800000001"


def test_after_a_success_failure_times_are_0(play):
    p = play()
    p.runs("1|h1 0|fine")
    told = monitor(p)
    assert (told["MON_FIRST_FAILURE"], told["MON_LAST_FAILURE"]) == ("0", "0")
    assert told["MON_LAST_SUCCESS"] == "1800000002"


def test_a_success_without_output_leaves_no_summary(play):
    p = play()
    p.run("0")
    assert "MON_LAST_SUMMARY" not in monitor(p)
    assert monitor(p)["MON_LAST_OUTPUT"] == ""


def test_an_alert_sees_the_new_summary_and_the_output_of_the_run_before(play):
    p = play()
    p.run("0|fine")
    p.run("1|h1|text")
    assert alert(p) | FILES == alert(p)
    assert (alert(p)["MON_LAST_SUMMARY"], alert(p)["MON_LAST_OUTPUT"]) == ("h1", "fine\n")
    assert (alert(p)["MON_OPSTATUS"], alert(p)["MON_RETVAL"], alert(p)["MON_ALERTTYPE"]) == (
        "0",
        "1",
        "failure",
    )
    assert alert(p)["MON_FIRST_SUCCESS"] == ""
    assert p.step.sent[0].notice.output == "h1\ntext\n"


def test_an_upalert_sees_the_failing_summary_and_the_new_status(play):
    p = play()
    p.runs("1|h1 0|fine")
    told, notice = alert(p), p.step.sent[0].notice
    assert (told["MON_LAST_SUMMARY"], told["MON_OPSTATUS"], told["MON_RETVAL"]) == ("h1", "1", "0")
    assert told["MON_FIRST_FAILURE"] == told["MON_LAST_FAILURE"] == "1800000001"
    assert (notice.output, notice.summary) == ("h1\n", "h1")


def test_the_acknowledgement_is_there_while_it_lasts(play):
    p = play()
    p.run("1")
    assert "MON_ACK" not in alert(p)
    p.book.ack(WEB, "ann", "x", p.clock(), {})
    p.run("0")
    assert alert(p)["MON_ACK"] == "ann: x"


def test_a_trap_for_another_group_says_which(stage):
    p = stage("watch default\n service default\n period one:\n  alert down\n")
    now = p.clock()
    p.took(p.book.trap(("default", "default"), 1, "a\n\nb", now, {}, intended="nowhere:x"))
    assert alert(p)["MON_TRAP_INTENDED"] == "nowhere:x"


def test_variables_of_the_service_are_there_and_mon_s_own_win(play):
    p = play("alert down", "FOO=a b; MON_DESCRIPTION=mine; description theirs")
    p.run("1")
    for told in (monitor(p), alert(p)):
        assert (told["FOO"], told["MON_DESCRIPTION"]) == ("a b", "theirs")


def test_the_monitor_is_told_how_its_dependency_went_the_alert_is_not(play):
    p = play("alert down", "depend web:http")
    p.book.set_variable(WEB, "depend", "1", p.clock())
    p.run("1")
    assert monitor(p)["MON_DEPEND_STATUS"] == "1"
    assert "MON_DEPEND_STATUS" not in alert(p)


def test_a_startupalert_has_status_0_and_no_output(play):
    p = play("startupalert hello")
    p.took(p.book.startup(WEB, Moment(1.8e9, 0.0), FILES))
    assert (alert(p)["MON_RETVAL"], alert(p)["MON_OPSTATUS"]) == ("0", "7")
    assert "MON_FIRST_FAILURE" not in alert(p)
    assert (p.step.sent[0].notice.output, p.step.sent[0].notice.summary) == ("", "")
