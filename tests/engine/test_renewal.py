"""What a reload and a reset keep, and what they forget."""

from mon.engine import compared
from mon.model.result import OpStatus

WEB = ("web", "http")


def test_a_reload_says_what_changed_and_keeps_the_state_of_what_did_not(play, mon_cf, stage):
    p = stage("watch a\n service s\n interval 1h\n service gone\nwatch b\n service s\n")
    p.run("1", ("a", "s"))
    before = p.book.states[("a", "s")]
    changes = p.book.reload(
        mon_cf("\n\nwatch b\n service s\n description d\nwatch a\n service new\n service s\n interval 1h\n"),
        p.clock(),
    )
    assert (changes.added, changes.removed) == ((("a", "new"),), (("a", "gone"),))
    assert (changes.changed, changes.kept) == ((("b", "s"),), (("a", "s"),))
    assert p.book.states[("a", "s")] == before


def test_a_reload_does_not_touch_what_it_keeps(stage, mon_cf):
    """Nine hundred and ninety of a thousand services: it happens in one turn of the loop."""
    text = "watch a\n service s\n interval 1h\n service t\n"
    p = stage(text)
    p.run("0", ("a", "s"))
    before = p.book.states[("a", "s")]
    after = mon_cf(text + " interval 2h\n")
    assert p.book.reload(after, p.clock(), compared(p.book.config, after)).changed == (("a", "t"),)
    assert p.book.states[("a", "s")] is before
    assert ("a", "s") in p.book._settled  # its next ok is as cheap as the last one


def test_a_changed_service_keeps_its_state_and_its_periods_by_key(stage, mon_cf):
    text = "watch web\n service http\n interval 1h\n period one:\n  alert a\n period two:\n  alert b\n"
    p = stage(text)
    p.run("1")
    p.book.reload(mon_cf(text.replace("two", "three").replace("1h", "2h")), p.clock())
    assert {key: period.sent for key, period in p.state.periods.items()} == {"one": 1, "three": 0}
    assert p.state.opstatus is OpStatus.FAIL


def test_a_reload_keeps_the_words_of_the_operator(play):
    p = play()
    p.book.disable_host("h1")
    p.book.disable_service(WEB, p.clock(), {})
    p.book.set_variable(WEB, "interval", "60", p.clock())
    p.run("1")
    p.book.ack(WEB, "ann", "known", p.clock(), {})
    p.book.reload(play().book.config, p.clock())
    assert (p.book.disabled_hosts, p.book.disabled_services) == ({"h1"}, {WEB})
    assert (p.book.interval(WEB), p.state.ackcomment) == (60, "ann: known")


def test_a_host_starred_in_the_file_may_be_enabled_and_stays_so(stage, mon_cf):
    text = "hostgroup web h1 *h2\n\nwatch web\n service http\n"
    p = stage(text)
    assert p.book.disabled_members == {("web", "h2")}
    p.book.enable_host("h2")
    p.book.reload(mon_cf(text), p.clock())
    assert p.book.disabled_hosts == set()
    p.book.reload(mon_cf(text.replace("h1", "*h1")), p.clock())
    assert p.book.disabled_hosts == {"h1"}


def test_a_reset_begins_anew_and_keeps_disabled_hosts_and_watches_and_histories(play):
    p = play()
    p.run("1")
    p.book.disable_host("h1")
    p.book.disable_watch("web")
    p.book.disable_service(WEB, p.clock(), {})
    p.book.reset(p.book.config, p.clock())
    assert p.state.opstatus is OpStatus.UNTESTED
    assert (p.book.disabled_hosts, p.book.disabled_watches, p.book.disabled_services) == (
        {"h1"},
        {"web"},
        set(),
    )
    assert len(p.book.failure_history) == 1


def test_a_reset_that_keeps_state_keeps_it(play):
    p = play()
    p.run("1")
    p.book.disable_service(WEB, p.clock(), {})
    p.book.reset(p.book.config, p.clock(), keepstate=True)
    assert (p.state.opstatus, p.book.disabled_services) == (OpStatus.FAIL, {WEB})


def test_a_reset_stays_stopped(play):
    p = play()
    p.book.stop(p.clock())
    p.book.reset(p.book.config, p.clock())
    assert (p.book.running, p.book.stopped_since) == (False, p.clock().wall)


def test_after_a_reset_that_keeps_state_it_is_as_if_read_from_the_state_file(play):
    p = play()
    p.run("1")
    p.book.reset(p.book.config, p.clock(), keepstate=True)
    assert p.state.monitor_duration == -1
    assert p.book.monitor_environment(WEB, p.clock())["MON_FIRST_SUCCESS"] == ""
    p.run("1")
    assert p.state.monitor_duration >= 0


def test_a_starred_host_that_an_operator_enabled_stays_enabled_over_a_reset(stage):
    p = stage("hostgroup web h1 *h2\n\nwatch web\n service http\n interval 1h\n")
    assert p.book.disabled_members == {("web", "h2")}
    p.book.enable_host("h2")
    p.book.reset(p.book.config, p.clock())
    assert p.book.disabled_members == set()
