"""What operators do: disable and enable, acknowledge, clear, test, set and get."""

import pytest

from mon.errors import ControlError
from mon.model.config import AlertKind
from mon.model.notice import AlertType
from mon.model.result import OpStatus

WEB = ("web", "http")

GROUPS = (
    "hostgroup web h1 h2 h3\n\nhostgroup solo h2\n\nwatch web\n service http\nwatch solo\n service http\n"
)


def names(p, watch):
    return [host.name for host in p.book.enabled_hosts(watch)]


def test_disabling_a_host_leaves_it_out_of_all_its_groups_and_takes_a_watch_with_it(stage):
    p = stage(GROUPS)
    assert p.book.disable_host("h2") == ("solo",)
    assert (names(p, "web"), names(p, "solo")) == (["h1", "h3"], [])
    assert p.book.disabled_members == {("web", "h2"), ("solo", "h2")}
    assert p.book.disabled_watches == {"solo"}


def test_enabling_a_host_undoes_it(stage):
    p = stage(GROUPS)
    p.book.disable_host("h2")
    assert p.book.enable_host("h2") == ("solo",)
    assert (names(p, "solo"), p.book.disabled_watches) == (["h2"], set())


def test_a_host_that_is_disabled_or_in_no_group_cannot_be_disabled(stage):
    p = stage(GROUPS)
    p.book.disable_host("h2")
    assert p.book.unknown_hosts("h1", "h2", "nosuch") == ("h2", "nosuch")


def test_the_name_of_a_host_is_no_pattern(stage):
    p = stage("hostgroup web a.b axb\n\nwatch web\n service http\n")
    p.book.disable_host("a.b")
    assert names(p, "web") == ["axb"]


def test_an_enabled_service_calls_alerts_again(play):
    p = play()
    p.book.disable_service(WEB, p.clock(), {})
    p.run("1")
    p.book.enable_service(WEB)
    assert p.run("1") == ["down"]


def test_an_enabled_watch_does_too(play):
    p = play()
    p.book.disable_watch("web")
    p.book.enable_watch("web")
    assert p.run("1") == ["down"]


def test_disablealerts_are_called_when_the_service_is_disabled(play):
    p = play("disablealert off")
    assert p.took(p.book.disable_service(WEB, p.clock(), {}, user="ann")) == ["off"]
    assert p.step.sent[0].notice.output == "ann"
    assert "MON_RETVAL" not in p.step.sent[0].notice.environment


@pytest.mark.parametrize("said", [[], ["0"]])
def test_what_does_not_fail_cannot_be_acknowledged(play, said):
    p = play()
    for one in said:
        p.run(one)
    with pytest.raises(ControlError, match=r"^service is in a non-failure state$"):
        p.book.ack(WEB, "ann", "x", p.clock(), {})


def test_an_acknowledgement_is_kept_and_its_alerts_called(play):
    p = play("alert down; ackalert known")
    p.run("1")
    assert p.took(p.book.ack(WEB, "ann", "on it", p.clock.advance(1), {})) == ["known"]
    assert (p.state.ack, p.state.ackcomment) == (p.clock().wall, "ann: on it")
    assert p.step.sent[0].notice.output == "ann: on it"
    assert p.state.alerts_sent == 2


def test_clearing_timers_begins_alertevery_and_alertafter_anew_but_not_numalerts(stage):
    p = stage(
        "watch web\n service http\n interval 1h\n monitor m\n period every: wd {Sun-Sat}\n  alertevery 1h\n"
        "  alert every\n period after: wd {Sun-Sat}\n  alertafter 3\n  alert after\n"
        " period num: wd {Sun-Sat}\n  numalerts 1\n  alert num\n"
    )
    assert p.runs("1 1") == ["every+num", "-"]
    p.book.clear_timers(WEB, p.clock())
    assert p.runs("1 1 1") == ["every", "-", "after"]


def test_a_test_alert_calls_all_lines_of_the_period_and_counts_nothing(play):
    p = play("alertafter 9; alert exit=1 one; alert any")
    p.book.stop(p.clock())
    step = p.book.test_alert(WEB, AlertKind.ALERT, 3, "wd {Sun-Sat}", p.clock(), {})
    assert p.took(step) == ["one", "any"]
    notice = step.sent[0].notice
    assert (notice.type, notice.status, notice.output) == (AlertType.TEST, 3, "test\ntest detail\n")
    assert (p.state.alerts_sent, list(p.book.alert_history)) == (0, [])


def test_a_test_of_an_upalert_has_the_type_of_the_real_one(play):
    step = play().book.test_alert(WEB, AlertKind.UPALERT, 0, "wd {Sun-Sat}", play().clock(), {})
    assert step.sent[0].type is AlertType.UP


def test_a_test_of_a_period_that_is_not_there_is_refused(play):
    p = play()
    with pytest.raises(ControlError, match=r"^period not defined$"):
        p.book.test_alert(WEB, AlertKind.ALERT, 1, "nosuch", p.clock(), {})


def test_setting_the_status_is_a_transition_that_calls_nothing(play):
    p = play()
    step = p.book.set_opstatus(WEB, OpStatus.FAIL, p.clock())
    assert (step.transitions[0].new, step.transitions[0].why) == ("fail", "set by an operator")
    assert [(d.rule, d.why) for d in step.decisions] == [("no occasion", "set by an operator")]
    assert (p.state.opstatus, p.state.last_opstatus) == (OpStatus.FAIL, OpStatus.UNTESTED)


def test_after_a_status_was_set_to_ok_the_next_failure_is_a_new_one(play):
    p = play()
    p.run("1")
    p.book.set_opstatus(WEB, OpStatus.OK, p.clock())
    p.run("1")
    assert p.state.first_failure == p.clock().wall


VARIABLES = [
    ("interval", "3600", "7200", "7200"),
    ("description", "", "two words", "two words"),
    ("nosuchvar", "", "1", "1"),
    ("service", "http", "http", "http"),
    ("monitor", "m", "other.monitor -x 'a b'", "other.monitor -x 'a b'"),
    ("failure_interval", "", "0.5", "0.5"),
    ("depend", "", "web:ping", "web:ping"),
    ("unack_summary", "", "1", "1"),
    ("_op_status", "7", "4", "4"),
    ("_exitval", "undef", "3", "3"),
    ("_exitval", "undef", "fail", "fail"),
    ("_exitval", "undef", "undef", "undef"),
    ("_last_check", "", "1700000000", "1700000000"),
    ("_ack_comment", "", "ann: x", "ann: x"),
    ("_consec_failures", "0", "3", "3"),
    ("_depend_status", "", "0", "0"),
]


@pytest.mark.parametrize(("name", "before", "value", "after"), VARIABLES)
def test_variables_have_their_classic_names(play, name, before, value, after):
    p = play()
    assert p.book.get_variable(WEB, name, p.clock()) == before
    p.book.set_variable(WEB, name, value, p.clock())
    assert p.book.get_variable(WEB, name, p.clock()) == after


@pytest.mark.parametrize(
    ("name", "value"), [("interval", "often"), ("_op_status", "99"), ("_failure_count", "x")]
)
def test_a_value_that_is_none_is_refused(play, name, value):
    p = play()
    with pytest.raises(ControlError, match=f"is no value of {name}$"):
        p.book.set_variable(WEB, name, value, p.clock())


def test_the_raw_status_leaves_the_last_one_alone(play):
    p = play()
    p.book.set_variable(WEB, "_op_status", "9", p.clock())
    p.book.set_variable(WEB, "_op_status", "4", p.clock())
    assert (p.state.opstatus, p.state.last_opstatus) == (OpStatus.LINKDOWN, OpStatus.UNTESTED)


def test_a_monitor_that_is_set_is_split_like_one_in_the_file(play):
    p = play()
    p.book.set_variable(WEB, "monitor", "other.monitor 'a b' ;;", p.clock())
    command = p.book.services[WEB].monitor
    assert (command.words, command.hosts) == (("other.monitor", "a b"), False)


COUNTERS = [
    ("alert_sent", "2"),
    ("last_alert", "1700000000"),
    ("1stfailtime", "1700000000"),
    ("failcount", "1"),
]


@pytest.mark.parametrize(("name", "value"), COUNTERS)
def test_counters_of_periods_have_the_names_of_the_state_file(play, name, value):
    p = play()
    assert p.book.get_period_variable(WEB, "wd {Sun-Sat}", name) == "0"
    p.book.set_period_variable(WEB, "wd {Sun-Sat}", name, value, p.clock())
    assert p.book.get_period_variable(WEB, "wd {Sun-Sat}", name) == value


def test_unknown_periods_and_counters_of_a_state_file_are_passed_over(play):
    p = play()
    p.book.set_period_variable(WEB, "nosuch", "alert_sent", "1", p.clock())
    p.book.set_period_variable(WEB, "wd {Sun-Sat}", "nosuch", "1", p.clock())
    with pytest.raises(ControlError, match="is no value of"):
        p.book.set_period_variable(WEB, "wd {Sun-Sat}", "alert_sent", "x", p.clock())
