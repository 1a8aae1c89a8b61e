"""What services depend on: whose alerts, runs and hosts it takes away, and for how long."""

import pytest

from mon.engine.dependency import World, mentions

WEB, PING = ("web", "http"), ("net", "ping")

TWO = """{settings}
hostgroup net r1

hostgroup web web1 web10

watch net
 service ping
  interval 1h
  monitor m
  {ping}
watch web
 service http
  interval 1h
  monitor m
  {http}
  period wd {{Sun-Sat}}
   alert down
   upalert up
"""


@pytest.fixture
def two(stage):
    """net/ping and web/http, with these lines in them."""
    return lambda http, ping="", settings="": stage(
        TWO.format(http=http or "# nothing", ping=ping or "# nothing", settings=settings)
    )


@pytest.mark.parametrize("line", ["depend net:ping", "alertdepend net:ping"])
def test_no_alerts_while_a_service_depended_on_fails(two, line):
    p = two(line)
    p.run("1", PING)
    assert p.run("1") == []
    assert (p.held, p.why) == (
        ["dependency"],
        "the dependency 'net:ping' fails because of net/ping",
    )
    assert p.state.depstatus is False
    p.run("0", PING)
    assert p.run("1") == ["down"]


def test_a_dependency_holds_no_upalert(two):
    p = two("depend net:ping")
    p.run("1")
    p.run("1", PING)
    assert p.run("0") == ["up"]


def test_an_untested_service_counts_as_good(two):
    p = two("depend net:ping")
    assert p.run("1") == ["down"]
    assert p.state.depstatus is True


def test_a_service_that_does_not_exist_counts_as_failing_and_is_not_made(two):
    p = two("depend net:gone")
    assert p.run("1") == []
    assert list(p.book.states) == [PING, WEB]


def test_a_name_is_not_the_end_of_another(stage):
    p = stage(
        "watch net\n service ping\n  interval 1h\n  monitor m\nwatch old-net\n service ping\n  interval 1h\n"
        "  monitor m\n service http\n  interval 1h\n  monitor m\n  depend net:ping && old-net:ping\n"
        "  period wd {Sun-Sat}\n   alert down\n"
    )
    assert p.run("1", ("old-net", "http")) == ["down"]


def test_what_the_other_depends_on_counts_too(two):
    p = two("depend net:ping", ping="depend net:gone")
    assert p.run("1") == []


def test_a_circle_has_no_value_and_holds_alerts_until_there_was_one(two):
    p = two("depend net:ping", ping="depend web:http")
    assert p.run("1") == []
    assert p.why == "the dependency 'net:ping' could not be evaluated"
    assert p.state.depstatus is None


def test_recursion_is_as_deep_as_the_limit_allows(two):
    ping = "depend web:other\n service other"
    assert two("depend net:ping", settings="dep_recur_limit = 0").run("1") == ["down"]
    assert two("depend net:ping", ping=ping, settings="dep_recur_limit = 0").run("1") == []


def layers(count, each):
    """Services in layers, each of which depends on all of the layer below it."""
    lines = ["hostgroup web web1\n\nwatch web"]
    for layer in range(count):
        below = " && ".join(f"SELF:s{layer - 1}x{number}" for number in range(each))
        for number in range(each):
            lines.append(f" service s{layer}x{number}\n  interval 1h\n  monitor m")
            lines.append(f"  depend {below}" if layer else "# the ground")
            lines.append("  period wd {Sun-Sat}\n   alert down")
    return "\n".join(lines) + "\n"


def test_what_many_depend_on_is_looked_at_once(stage, monkeypatch):
    p = stage(layers(9, 6))
    looked = []
    good = World._remembered
    monkeypatch.setattr(World, "_remembered", lambda *each: looked.append(1) or good(*each))
    p.run("1", ("web", "s0x3"))
    looked.clear()
    assert p.run("1", ("web", "s8x0")) == []
    assert p.why.endswith("fails because of web/s0x3")
    assert len(looked) < 1000  # 6 ** 8 where each way down is gone by itself


def test_a_limit_that_python_has_not_is_no_way_into_a_traceback(two):
    p = two("depend net:ping", ping="depend web:http", settings="dep_recur_limit = 100000")
    assert p.run("1") == []
    assert p.why == "the dependency 'net:ping' could not be evaluated"


def test_dep_memory_keeps_it_failing_for_a_while(two):
    p = two("depend net:ping", ping="dep_memory 1h")
    p.run("1", PING)
    p.run("0", PING)
    assert p.run("1") == []
    p.clock.advance(3600)
    assert p.run("1") == ["down"]


@pytest.mark.parametrize("line", ["depend net:ping\n  dep_behavior m", "monitordepend net:ping"])
def test_a_monitor_dependency_keeps_the_monitor_from_running(two, line):
    p = two(line)
    assert p.book.may_run(WEB, p.clock()) == ""
    p.run("1", PING)
    assert p.book.may_run(WEB, p.clock()) == "the dependency 'net:ping' fails or cannot be evaluated"
    assert p.state.depstatus is False
    assert p.run("1") == ["down"]


def test_a_host_dependency_leaves_out_the_hosts_named_by_a_failing_service(two):
    p = two("hostdepend net:ping")
    p.run("1|web10 is down", PING)
    assert [host.name for host in p.book.monitor_hosts(WEB, p.clock())] == ["web1"]
    p.run("0|web10", PING)
    assert [host.name for host in p.book.monitor_hosts(WEB, p.clock())] == ["web1", "web10"]


def test_dep_behavior_hm_makes_depend_one(two):
    p = two("depend net:ping", settings="dep_behavior = hm")
    p.run("1|web1 web10", PING)
    assert p.book.monitor_hosts(WEB, p.clock()) == ()
    assert p.book.may_run(WEB, p.clock()) == "it has no hosts to check"
    assert p.run("1") == ["down"]


@pytest.mark.parametrize(
    ("summary", "named"),
    [("web1", True), ("web1: timeout", True), ("down: db web1.", True), ("(web1)", True), ("web10", False),
     ("my-web1", False), ("web1.example.com", False), ("web1-old", False), ("", False)],
)  # fmt: skip
def test_a_host_is_named_by_a_whole_word(summary, named):
    assert mentions(summary, "web1") is named


def test_a_vote_is_frozen_while_a_dependency_fails(two):
    p = two("depend net:ping")
    assert p.book.vote_frozen(WEB, "web1") == ""
    p.run("1", PING)
    assert p.book.vote_frozen(WEB, "web1") == "the dependency 'net:ping' fails"


def test_a_vote_is_frozen_while_host_service_or_watch_are_disabled_or_all_is_stopped(two):
    p = two("")
    p.book.disable_host("web1")
    assert p.book.vote_frozen(WEB, "web1") == "the host web1 is disabled"
    assert p.book.vote_frozen(WEB, "web10") == ""
    p.book.disable_service(WEB, p.clock(), {})
    assert p.book.vote_frozen(WEB, "") == "the service web/http is disabled"
    p.book.stop(p.clock())
    assert p.book.vote_frozen(WEB, "") == "the scheduler is stopped"
