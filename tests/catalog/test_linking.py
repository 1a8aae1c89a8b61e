"""A Config to a Plan."""

import pytest

from mon.catalog import Catalog, Form, link
from mon.model.config import (
    AlertAfter,
    AlertEvery,
    AlertKind,
    AlertLine,
    CommandLine,
    Config,
    Host,
    Hostgroup,
    Period,
    Service,
)
from mon.model.pool import Forward, Protocol, Real, ServerId, Virtual, VirtualId
from mon.model.quorum import Call, Quorum
from mon.model.source import Severity, Source
from mon.structs import replace

ADDRESSES = {"web1": ("10.0.0.1",), "web2": ("2001:db8::2", "10.0.0.2"), "vip": ("192.168.0.10",)}
WEB = Virtual(
    "web",
    "192.168.0.10",
    80,
    forward=Forward.GATE,
    reals=(Real("web1", weight=10), Real("web2", weight=5)),
    fall=2,
    rise=3,
    source=Source("mon.cf", 1),
)


def resolve(name):
    return ADDRESSES.get(name, ())


def command(text, line=0, **more):
    words = tuple(text.split())
    return CommandLine(text, words, source=Source("mon.cf", line), **more)


def alert(text, kind=AlertKind.ALERT, line=20, **more):
    return AlertLine(kind, command(text, line), source=Source("mon.cf", line), **more)


def config(*lines, monitor="http.monitor", hosts=("web1", "web2"), virtuals=(WEB,), watch="farm", **more):
    alertafter = more.pop("alertafter", None)
    service = Service(
        watch,
        "http",
        monitor=command(monitor, 10) if monitor else None,
        periods=(Period(lines=lines, alertafter=alertafter),),
        **more,
    )
    return Config(
        hostgroups={watch: Hostgroup(watch, tuple(Host(*host.split("=")) for host in hosts))},
        services={service.key: service},
        virtuals={virtual.name: virtual for virtual in virtuals},
        watches=(watch,),
    )


def linked(*lines, catalog=None, **more):
    return link(config(*lines, **more), catalog or Catalog(), resolve)


def said(plan):
    return [f"{problem.severity}: {problem}" for problem in plan.problems]


def test_a_service_gets_its_monitor_and_its_hosts():
    check = linked(alert("lvs.alert web")).checks["farm", "http"]
    assert (check.monitor.plugin.name, check.votes) == ("http", True)
    assert [host.name for host in check.hosts] == ["web1", "web2"]


def test_a_monitor_that_is_not_there_is_an_error_with_its_line():
    plan = linked(alert("lvs.alert web"), monitor="htp.monitor -p 80")
    assert said(plan) == ["error: mon.cf:10: there is no monitor htp.monitor: did you mean http.monitor?"]
    assert plan.checks["farm", "http"].monitor is None


@pytest.mark.parametrize("kind", ["monitor", "alert"])
def test_a_program_that_cannot_be_started_is_said_with_its_line(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    path.write_text("#!/no/such/python\n")
    path.chmod(0o755)
    line, more = (
        (alert("x.alert", line=10), {})
        if kind == "alert"
        else (alert("file.alert /x"), {"monitor": "x.monitor"})
    )
    plan = linked(line, catalog=Catalog([tmp_path], [tmp_path]), virtuals=(), **more)
    assert said(plan) == [
        f"warning: mon.cf:10: x.{kind} cannot be started: its interpreter /no/such/python is not there: "
        "install it, or name another one behind #!"
    ]


def test_an_option_it_does_not_take_is_an_error_with_its_line():
    plan = linked(alert("lvs.alert web"), monitor="tcp.monitor --prot 25")
    assert said(plan) == ["error: mon.cf:10: tcp.monitor: there is no option --prot: did you mean --port?"]


def test_words_that_are_no_options_are_hosts_and_said():
    plan = linked(alert("lvs.alert web"), monitor="tcp.monitor -p 25 mx")
    assert plan.checks["farm", "http"].monitor.extra == ("mx",)
    assert plan.problems[0].severity is Severity.WARNING


def test_the_classic_command_line_goes_on_without_a_plugin_that_is_not_there():
    (problem,) = linked(alert("lvs.alert web"), monitor="htp.monitor -p 80").problems
    assert problem.under(classic=True).severity is Severity.WARNING
    assert problem.under(starting=True).severity is Severity.ERROR


def test_a_start_goes_on_without_a_plugin_that_is_broken(tmp_path):
    (tmp_path / "mine.py").write_text("1/0\n")
    problem = linked(alert("lvs.alert web"), monitor="mine", catalog=Catalog((tmp_path,))).problems[0]
    assert "mine cannot be used" in problem.what
    assert problem.severity is Severity.ERROR
    assert problem.under(starting=True).severity is Severity.WARNING


def test_an_alert_that_is_not_there_is_an_error():
    line = alert("nosuch.alert x", line=21)
    plan = linked(line, alert("lvs.alert web"))
    assert line not in plan.alerts
    assert said(plan)[0].startswith("error: mon.cf:21: there is no alert nosuch.alert: ")


def test_a_service_without_a_monitor_is_fine():
    assert linked(monitor="", virtuals=()).problems == ()


def test_redistribute_is_bound_as_every_kind_of_alert(tmp_path):
    path = tmp_path / "x.alert"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    plan = linked(redistribute=command("x.alert -q"), catalog=Catalog((), [tmp_path]), virtuals=())
    for kind in AlertKind:
        assert plan.alerts[AlertLine(kind, command("x.alert -q"))].plugin.path == path


# -- deadlines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "more", "seconds"),
    [
        (Form.NATIVE, {}, 11),
        (Form.NATIVE, {"monitor": "tcp.monitor -t 3"}, 4),
        (Form.NATIVE, {"timeout": 0.5}, 0.5),
        (Form.EXECUTABLE, {"interval": 10.0}, 60),
        (Form.EXECUTABLE, {"interval": 300.0}, 300),
        (Form.EXECUTABLE, {"interval": 10.0, "vote": True}, 10),
        (Form.EXECUTABLE, {"interval": 0.2, "vote": True}, 1),
        (Form.EXECUTABLE, {"interval": 0.2, "vote": True, "timeout": 7.0}, 7),
    ],
)
def test_the_deadline_fits_the_plugin(tmp_path, form, more, seconds):
    path = tmp_path / "x.monitor"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    more = {"monitor": "tcp.monitor" if form is Form.NATIVE else "x.monitor", **more}
    lines = (alert("lvs.alert web"),) if more.pop("vote", False) else ()
    plan = linked(*lines, catalog=Catalog([tmp_path]), **more)
    assert plan.checks["farm", "http"].timeout == seconds


def test_a_plugin_may_say_itself_how_long_it_takes():
    assert linked(monitor="fping.monitor -t 100 -r 1").checks["farm", "http"].timeout < 10


# -- pools ----------------------------------------------------------------------------------------


def test_a_block_becomes_a_pool_with_pinned_addresses():
    (pool,) = linked(alert("lvs.alert web")).pools
    assert pool.id == VirtualId("tcp", "192.168.0.10", 80)
    assert [(str(m.id), m.name, m.weight, m.forward) for m in pool.members] == [
        ("10.0.0.1:80", "web1", 10, Forward.GATE),
        ("10.0.0.2:80", "web2", 5, Forward.GATE),
    ]


def test_a_vote_line_makes_a_voter():
    line = alert("lvs.alert web --remove", exit=(1, 3))
    plan = linked(line, alert("lvs.alert web", AlertKind.UPALERT), alertafter=AlertAfter(count=4))
    (voter,) = plan.pools[0].voters
    assert (voter.watch, voter.service, voter.fall, voter.rise) == ("farm", "http", 4, 3)
    assert (voter.remove, voter.exit) == (True, (1, 3))
    assert line in plan.votes
    assert len(plan.votes) == 2


def test_rise_and_fall_are_the_blocks_unless_the_period_says():
    (voter,) = linked(alert("lvs.alert web")).pools[0].voters
    assert (voter.fall, voter.rise) == (2, 3)


def test_an_event_monitor_has_no_interval_as_a_voter():
    for monitor, interval in (("idle.monitor -p 80", 0.0), ("http.monitor", 5.0)):
        (pool,) = linked(alert("lvs.alert web"), monitor=monitor, interval=5.0).pools
        assert [voter.interval for voter in pool.voters] == [interval]


def test_a_flooralert_where_nothing_votes_is_a_warning():
    deaf = alert("file.alert /x", AlertKind.FLOORALERT, line=30)
    assert any(
        "file.alert is never called: the period votes on no pool" in each for each in said(linked(deaf))
    )
    assert not any("never called" in each for each in said(linked(alert("lvs.alert web"), deaf)))


def test_a_command_of_a_quorum_that_is_not_there_is_a_warning():
    quorum = Quorum(1, up=Call(("/no/such/thing",)), down=Call(("sh", "-c", "x")))
    told = said(linked(alert("lvs.alert web"), virtuals=(replace(WEB, quorum=quorum),)))
    assert sum("quorum of pool web: there is no program /no/such/thing" in each for each in told) == 1
    assert not any("no program sh" in each for each in told)


def test_a_vote_on_nothing_is_an_error_with_its_line():
    assert said(linked(alert("lvs.alert wbe", line=33)))[-1] == (
        "error: mon.cf:33: there is no virtual service 'wbe': did you mean web?"
    )


def test_a_pool_nobody_votes_on_is_a_warning():
    plan = linked()
    assert said(plan)[0].startswith("warning: mon.cf:1: no service votes on pool web: ")


def test_a_server_without_an_address_is_an_error_with_its_line():
    virtual = Virtual(
        "web", "vip", 80, reals=(Real("web9", source=Source("mon.cf", 7)),), source=Source("mon.cf", 5)
    )
    plan = linked(alert("lvs.alert web"), virtuals=(virtual,), hosts=("web9",))
    assert said(plan) == [
        "error: mon.cf:7: 'web9' has no address: write its address, or put it into /etc/hosts"
    ]


def test_a_server_needs_an_address_of_the_services_family():
    virtual = Virtual("web", "2001:db8::10", 80, reals=(Real("web1", source=Source("mon.cf", 7)),))
    plan = linked(alert("lvs.alert web"), virtuals=(virtual,), hosts=("web1",))
    assert said(plan)[0].startswith("error: mon.cf:7: 'web1' has no IPv6 address")


def test_name_and_address_of_a_hostgroup_is_believed():
    virtual = Virtual("web", "vip", 80, reals=(Real("web1"),), source=Source("mon.cf", 5))
    plan = linked(alert("lvs.alert web"), virtuals=(virtual,), hosts=("web1=10.9.9.9",))
    assert plan.pools[0].members[0].id == ServerId("10.9.9.9", 80)


def test_one_server_twice_is_an_error():
    virtual = Virtual("web", "vip", 80, reals=(Real("web1"), Real("10.0.0.1", source=Source("mon.cf", 8))))
    plan = linked(alert("lvs.alert web"), virtuals=(virtual,), hosts=("web1",))
    assert said(plan)[0] == "error: mon.cf:8: 10.0.0.1:80 is in pool web already: leave one of them out"


def test_one_virtual_service_twice_is_an_error():
    again = Virtual("again", "192.168.0.10", 80, source=Source("mon.cf", 9))
    plan = linked(alert("lvs.alert web"), virtuals=(WEB, again))
    assert said(plan)[0].startswith("error: mon.cf:9: tcp 192.168.0.10:80 is the pool web already")


def test_a_voter_that_never_hears_of_a_server_is_told():
    plan = linked(alert("lvs.alert web"), hosts=("web1",))
    assert "farm/http votes on pool web but does not check web2" in said(plan)[0]


WILD = "lvs.alert -P tcp -V 10.1.0.1:80 -R 10.0.0.1"


def test_the_wild_form_makes_an_implicit_pool():
    lines = (alert(WILD), alert(f"{WILD} -W 7 -F g", AlertKind.UPALERT))
    plan = linked(*lines, virtuals=(), hosts=("web1",))
    (pool,) = plan.pools
    assert (pool.partial, pool.id, pool.balancer) == (True, VirtualId("tcp", "10.1.0.1", 80), ("ipvs",))
    assert [(str(m.id), m.check, m.weight, m.forward) for m in pool.members] == [
        ("10.0.0.1:80", "web1", 7, Forward.GATE)
    ]
    assert [(v.only, v.group) for v in pool.voters] == [("10.0.0.1:80", False)]


def test_wild_lines_for_several_servers_share_a_pool():
    lines = (alert(WILD), alert(WILD.replace("10.0.0.1", "10.0.0.2")))
    (pool,) = linked(*lines, virtuals=(), hosts=("a", "b")).pools
    assert [str(member.id) for member in pool.members] == ["10.0.0.1:80", "10.0.0.2:80"]
    assert {(voter.only, voter.group) for voter in pool.voters} == {
        ("10.0.0.1:80", True),
        ("10.0.0.2:80", True),
    }


def test_a_wild_form_on_a_block_votes_on_that_pool():
    (pool,) = linked(alert("lvs.alert -P tcp -V 192.168.0.10:80 -R web1")).pools
    assert (pool.name, pool.partial, [voter.only for voter in pool.voters]) == ("web", False, ["10.0.0.1:80"])


def test_a_mark_makes_a_pool_without_address():
    virtual = Virtual("m", fwmark=7, protocol=Protocol.TCP, reals=(Real("web1"),))
    (pool,) = linked(alert("lvs.alert m"), virtuals=(virtual,), hosts=("web1",)).pools
    assert (pool.id, str(pool.members[0].id)) == (VirtualId(fwmark=7), "10.0.0.1:0")


def test_wrong_words_on_a_vote_line_are_an_error():
    plan = linked(alert("lvs.alert -P xtp -V 10.1.0.1:80 -R 10.0.0.1"), virtuals=())
    assert said(plan)[0].startswith("error: mon.cf:20: lvs.alert: ")


def test_a_plugin_may_warn_of_its_options(tmp_path):
    (tmp_path / "url").write_text("https://hooks.example/x")
    (tmp_path / "url").chmod(0o644)
    plan = link(config(alert(f"webhook.alert @{tmp_path}/url")), Catalog(), resolve)
    problem = next(each for each in plan.problems if "webhook" in each.what)
    assert problem.severity is Severity.WARNING
    assert problem.what == f"webhook.alert: the secret in {tmp_path}/url can be read by everybody"
    assert problem.remedy == f"chmod o-r {tmp_path}/url"


def test_a_monitor_without_any_host_is_a_warning():
    service = Service("farm", "procs", monitor=command("procs.monitor", 10, hosts=False))
    groups = {"farm": Hostgroup("farm", (Host("web1"),))}
    found = Config(hostgroups=groups, services={service.key: service}, watches=("farm",))
    [problem] = link(found, Catalog(), resolve).problems
    assert problem.severity is Severity.WARNING
    assert problem.what == "procs.monitor is given no host, so it checks nothing"


def mailed(*, interval=5.0, limit=None, to="mail.alert a@example.com"):
    """What is said of a service that mails, with a limit on its mails."""
    base = config(alert("lvs.alert web"), alert(to, line=30), interval=interval)
    (service,) = base.services.values()
    period = replace(service.periods[0], **(limit or {}))
    services = {service.key: replace(service, periods=(period,))}
    told = said(link(replace(base, services=services), Catalog(), resolve))
    return [line for line in told if "alertevery" in line]


def test_a_mail_for_every_failure_of_a_short_interval_is_a_warning():
    assert mailed() == [
        "warning: mon.cf:30: mail.alert is called for every failure, each 5 s, without alertevery: "
        "write 'alertevery 1h' in its period"
    ]


@pytest.mark.parametrize(
    "limit", [{"alertevery": AlertEvery(3600.0)}, {"numalerts": 3}, {"reminder": 3600.0}], ids=str
)
def test_a_limit_on_mails_is_enough(limit):
    assert mailed(limit=limit) == []


def test_a_long_interval_or_a_line_in_a_log_wakes_nobody():
    assert mailed(interval=600.0) == mailed(to="file.alert /tmp/x") == mailed(interval=None) == []


@pytest.mark.parametrize(
    ("monitor", "more", "line"),
    [
        ("tcp.monitor -p 80 -t 7", {"interval": 5.0}, 10),
        ("tcp.monitor -p 80", {"interval": 5.0, "timeout": 7.0, "source": Source("mon.cf", 8)}, 8),
    ],
)
def test_a_timeout_longer_than_the_interval_is_a_warning(monitor, more, line):
    told = said(linked(alert("lvs.alert web"), monitor=monitor, **more))
    start = f"warning: mon.cf:{line}: service 'http': a timeout of 7 s is longer than the interval: write at"
    assert any(each.startswith(start) for each in told)


def test_a_voter_takes_no_answer_of_another_host_unless_its_line_says_so():
    def follow(monitor, *lines):
        return linked(*lines, monitor=monitor).checks["farm", "http"].monitor.value("follow")

    vote = alert("lvs.alert web")
    assert follow("url.monitor") == ""
    assert follow("url.monitor", vote) == "here"
    assert follow("url.monitor --follow anywhere", vote) == "anywhere"
