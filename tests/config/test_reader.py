"""What becomes of the good files in tests/cf, and of some odd ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.config import Parsed, parse
from mon.config.reader import Reader
from mon.model.config import AlertAfter, AlertEvery, AlertKind, Collate, Config, Host, Retry, Service
from mon.model.pool import Floor, Forward, Protocol, Virtual

GOOD = Path(__file__).parent.parent / "cf" / "good"
OTHER = (
    "hostgroup other o1\n\nwatch other\n    service ssh\n        interval 1m\n        monitor ssh.monitor\n"
)


def parsed(text: str) -> Parsed:
    return parse(text, "mon.cf", read=lambda pattern, relative_to: [("conf.d/other.cf", OTHER)])


def config(name: str) -> Config:
    return parsed((GOOD / f"{name}.cf").read_bytes().decode()).config


def service(*lines: str) -> Service:
    text = "\n".join(("hostgroup web h1", "", "watch web", "service http", *lines))
    return parsed(text).config.services["web", "http"]


@pytest.fixture
def classic() -> Config:
    return config("classic")


@pytest.fixture
def ours() -> Config:
    return config("ours")


def test_globals_are_converted_and_know_their_place(classic: Config) -> None:
    settings = classic.settings
    assert (settings.alertdir, settings.maxprocs, settings.randstart) == (("/etc/mon/alert.d",), 20, 60.0)
    assert {name: source.line for name, source in settings.given.items()} == {
        "alertdir": 1,
        "maxprocs": 2,
        "randstart": 3,
    }


def test_a_hostgroup_goes_on_until_an_empty_line(classic: Config) -> None:
    group = classic.hostgroups["web"]
    assert [host.name for host in group.hosts] == ["h1", "h2", "h3", "h4"]
    assert group.disabled == {"h4"}


def test_a_service_has_what_its_lines_say(classic: Config) -> None:
    http = classic.services["web", "http"]
    assert (http.description, http.interval) == ("the shop", 60.0)
    assert http.monitor is not None
    assert (http.monitor.plugin, http.monitor.arguments) == ("http.monitor", ("-p", "80", "-t", "5"))
    assert str(http.source).endswith(":9")


def test_periods_keep_their_order_label_and_lines(classic: Config) -> None:
    day, night = classic.services["web", "http"].periods
    assert (day.key, day.spec, day.alertevery) == ("wd {Mon-Fri} hr {9am-5pm}",) * 2 + (AlertEvery(3600),)
    assert (night.key, night.spec, night.numalerts) == ("night", "wd {Sat-Sun}", 10)
    assert night.alertafter == AlertAfter(3, 600)
    assert [line.exit for line in night.of_kind(AlertKind.ALERT)] == [(2, 5)]


def test_a_final_double_semicolon_leaves_out_the_hosts(classic: Config) -> None:
    ping = classic.services["web", "ping"]
    assert ping.monitor is not None
    assert (ping.monitor.words, ping.monitor.hosts, ping.interval) == (("fping.monitor",), False, 90.0)
    assert ping.periods[0].no_comp_alerts


def test_watches_are_those_with_services_in_the_order_of_the_file() -> None:
    text = "watch b\nservice x\ntraptimeout 1m\nwatch a\nservice x\ntraptimeout 1m\nwatch empty\n"
    assert parsed(text).config.watches == ("b", "a")


def test_continued_lines_are_joined() -> None:
    found = config("continued-lines")
    assert [host.name for host in found.hosts("web")] == ["h1", "h2", "h3"]
    http = found.services["web", "http"]
    assert http.monitor is not None
    assert (http.interval, http.monitor.words) == (3600.0, ("http.monitor", "-p", "80"))


def test_carriage_returns_do_no_harm() -> None:
    http = config("carriage-returns-and-tabs").services["web", "http"]
    assert http.periods[0].lines[0].command.words == ("mail.alert", "root")


def test_members_may_be_paths_urls_or_hosts_with_an_address() -> None:
    assert config("members-of-all-kinds").hosts("odd") == (
        Host("/home:2000000"),
        Host("http://a/?x=7"),
        Host("10.0.0.1"),
        Host("host.example.com:8080"),
        Host("web1", "192.0.2.1"),
        Host("v6", "2001:db8::1"),
    )


def test_a_host_with_an_address_may_begin_a_line(ours: Config) -> None:
    assert ours.hosts("web") == (Host("web1", "192.0.2.1"), Host("web2", "192.0.2.2"))


def test_an_included_file_is_read_in_place_and_problems_name_it(ours: Config) -> None:
    assert ours.watches == ("other", "web")
    assert str(ours.services["other", "ssh"].source) == "conf.d/other.cf:4"


def test_a_virtual_block_becomes_a_virtual_service(ours: Config) -> None:
    web = ours.virtuals["web"]
    assert (web.address, web.port, web.protocol) == ("2001:db8::10", 80, Protocol.TCP)
    assert (web.balancer, web.scheduler, web.forward) == (("ipvs",), "wlc", Forward.GATE)
    assert (web.persistent, web.netmask, web.floor) == (300, 64, Floor(count=1, hard=True))
    assert (web.rise, web.fall) == (2, 3)
    assert [(real.host, real.port, real.weight) for real in web.reals] == [
        ("web1", 8080, 10),
        ("2001:db8::2", None, 1),
    ]
    assert web.fallback is not None
    assert (web.fallback.host, web.fallback.port) == ("::1", 8080)


def test_a_virtual_service_may_be_a_firewall_mark(ours: Config) -> None:
    mail = ours.virtuals["mail"]
    assert (mail.fwmark, mail.family6, mail.address) == (7, True, "")


def test_a_virtual_service_has_the_defaults_of_the_model() -> None:
    text = "virtual v 192.0.2.1:80\n"
    assert parsed(text).config.virtuals["v"] == Virtual("v", "192.0.2.1", 80)


def test_options_stand_before_the_name_of_the_program(ours: Config) -> None:
    http = ours.services["web", "http"]
    assert http.monitor is not None
    assert (http.monitor.runas, http.monitor.words) == ("nobody", ("http.monitor",))
    _, upalert, paging = http.periods[0].lines
    assert (upalert.exit, upalert.replay, upalert.command.runas) == ((1, 2), True, "root")
    assert (paging.exit, paging.command.text) == ((3, 3), "page.alert")


def test_an_alert_line_may_name_other_channels() -> None:
    alert, upalert = config("channels").services["web", "http"].periods[0].lines
    mail, webhook, page = alert.chain
    assert (mail.command.text, mail.within) == ("mail.alert ops", 120.0)
    assert (webhook.command.words, webhook.within) == (("webhook.alert", "http://else where"), None)
    assert (page.command.text, page.otherwise) == ("page.alert", None)
    assert upalert.otherwise is not None
    assert (upalert.otherwise.kind, upalert.otherwise.retry) == (AlertKind.UPALERT, Retry(5.0, 60.0, 3600.0))


def test_how_long_messages_are_tried_and_history_is_kept() -> None:
    settings = config("channels").settings
    assert (settings.alertretry, settings.keep) == (Retry(60.0, 1800.0, 43200.0), 30 * 86400.0)


def test_how_many_workers_probe() -> None:
    assert config("workers").settings.workers == 2
    assert config("ours").settings.workers == 0


def test_our_globals_are_settings(ours: Config) -> None:
    settings = ours.settings
    assert settings.messages == ("mail.alert", "page.alert")
    assert (settings.resync, settings.pluginuser) == (10.0, "nobody")
    assert settings.templatedir == ("/etc/mon/templates",)


def test_a_global_may_stand_among_hosts() -> None:
    found = config("globals-anywhere-outside")
    assert [host.name for host in found.hosts("web")] == ["h1", "h2"]
    assert (found.settings.histlength, found.settings.maxprocs) == (5, 4)


def test_variables_keep_their_value_as_it_is_and_may_stand_in_a_period() -> None:
    found = service("FOO=a value", '_BAR="quoted" = $x', "EMPTY=", "period", "alert a", "FOO=late  value")
    assert dict(found.variables) == {"FOO": "late  value", "_BAR": '"quoted" = $x', "EMPTY": ""}


def test_dependencies_are_kept_as_text() -> None:
    needs = service("depend web:http", "hostdepend a:b c:d", "dep_behavior hm", "dep_memory 5m").dependencies
    assert (needs.depend, needs.hostdepend) == ("web:http", "a:b c:d")
    assert (needs.behavior, needs.memory) == ("hm", 300.0)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (("failure_interval 5s",), "failure_interval", 5.0),
        (("randskew 1.5s",), "randskew", 1.5),
        (("timeout 750ms",), "timeout", 0.75),
        (("allow_empty_group",), "allow_empty_group", True),
        (("exclude_hosts h1 h2",), "exclude_hosts", ("h1", "h2")),
        (("exclude_period none",), "exclude_period", "none"),
        (("traptimeout 1m",), "traptimeout", 60.0),
        (("trapduration 1m",), "trapduration", 60.0),
        (("unack_summary yes",), "unack_summary", True),
        (("interval 1m", "interval 2m"), "interval", 120.0),
    ],
)
def test_each_directive_of_a_service_has_its_field(lines: tuple[str, ...], field: str, value: object) -> None:
    assert getattr(service(*lines), field) == value


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("upalertafter 5m", "upalertafter", 300.0),
        ("alertexitrange 1-3", "alertexitrange", (1, 3)),
        ("alerts_dont_count", "alerts_dont_count", True),
        ("numalerts 0", "numalerts", 0),
    ],
)
def test_each_directive_of_a_period_has_its_field(line: str, field: str, value: object) -> None:
    assert getattr(service("period", line).periods[0], field) == value


@pytest.mark.parametrize("kind", list(AlertKind))
def test_each_kind_of_alert_has_its_lines(kind: AlertKind) -> None:
    (line,) = service("period", f"{kind} page.alert a 'b c'").periods[0].lines
    assert (line.kind, line.command.words) == (kind, ("page.alert", "a", "b c"))


def test_redistribute_is_a_command() -> None:
    command = service("redistribute trap.alert -h other").redistribute
    assert command is not None
    assert command.words == ("trap.alert", "-h", "other")


def test_views_and_aliases_are_kept() -> None:
    found = parsed("view all web mail:smtp\n  news\n\nalias one\n  first  line\n second\n").config
    assert found.views == {"all": ("web", "mail:smtp", "news")}
    assert found.aliases == {"one": ("first  line", "second")}


def test_a_moved_line_is_no_change() -> None:
    text = (GOOD / "classic.cf").read_text()
    assert parsed(text).config == parsed("# moved\n\n" + text).config


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    problems = parsed("nosuch = 1\nwatch web\n  interval 5s\nhostgroup x\n").problems
    lines = [problem.source.line for problem in problems]
    assert lines == sorted(lines)
    assert len(parsed("nosuch = 1\nwatch web\n  interval 5s\nhostgroup x\n").errors) == 2


LINES = st.sampled_from(
    [
        *(
            "",
            "# c",
            "watch web",
            "hostgroup web *h1 h2=1",
            "service s",
            "period",
            "period a: hr {9}",
            "view v web",
        ),
        *(
            "alias a",
            "text",
            "virtual v 192.0.2.1:80",
            "virtual w fwmark 1",
            "include x",
            "histlength = 5",
            "x = 1",
        ),
        *(
            "interval 5s",
            "monitor m 'a",
            "monitor m",
            "alert exit=1 a",
            "alert",
            "alertafter 2 1s",
            "depend (a:b",
        ),
        *(
            "depend SELF:s",
            "real a weight 1",
            "real",
            "floor 2",
            "persistent 5",
            "FOO=bar",
            "\\",
            "a \\",
            "\0",
        ),
    ]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=9)), max_size=25).map("\n".join))
def test_whatever_the_text_is_it_is_read_to_a_configuration_and_problems(text: str) -> None:
    found = parsed(text)
    assert all(problem.what and problem.remedy for problem in found.problems)
    assert set(found.config.watches) == {watch for watch, _ in found.config.services}
    assert all(watch in found.config.hostgroups for watch in found.config.watches)


GROUPED = """\
alertgroup web-team
    collate 1m
    alertevery 1h
    alert mail.alert ops

watch web
    service http
        interval 10s
        monitor http.monitor
        period wd {Mon-Fri}
            collate web-team
            alertevery 5m
            alert page.alert oncall
        period wd {Sat-Sun}
            collate 2m
            alert page.alert oncall
            upalert mail.alert ops
            upalert page.alert oncall
"""


def test_a_period_has_the_lines_and_settings_of_its_alertgroup_unless_it_says_otherwise() -> None:
    named, own = parsed(GROUPED).config.services["web", "http"].periods
    assert named.collate == Collate(60.0, "web-team")
    assert [line.command.text for line in named.lines] == ["mail.alert ops", "page.alert oncall"]
    assert named.alertevery == AlertEvery(300.0)
    # Without a name those share it that tell the same.
    assert own.collate == Collate(120.0, "to page.alert oncall, mail.alert ops")


def test_the_drafts_of_services_go_as_the_configuration_comes() -> None:
    reader = Reader(lambda pattern, relative_to: [])
    reader.file("mon.cf", OTHER)
    assert list(reader.sheet.finish().services) == [("other", "ssh")]
    assert not any(watch.services for watch in reader.sheet.watches.values())
