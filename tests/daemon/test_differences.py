"""What a reload says of each directive: all of the tables, one after the other."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mon.config.directives import (
    ALERTGROUP,
    DEPENDENCIES,
    GLOBALS,
    LIVE,
    PERIOD,
    RESTART,
    SERVICE,
    VIRTUAL,
    Row,
)
from mon.config.virtuals import REAL_OPTIONS
from mon.daemon import differences
from mon.daemon.differences import held
from mon.daemon.loading import Loaded, load
from mon.daemon.options import Options
from mon.daemon.renewed import compare
from mon.model.config import Dependencies, Period, Service, Settings
from mon.model.pool import Real, Virtual

TEXT = """\
{globals}

hostgroup web a=192.0.2.1 b=192.0.2.2

virtual shop 192.0.2.10:80
    balancer memory
    real a {real}
    real b weight 10
{virtual}

alertgroup ops
{alertgroup}

watch web
    service http
        interval 10s
        monitor tcp.monitor -p 80
{service}
        period
            alert lvs.alert shop
            collate {collated}
{period}
"""

NOTHING = {"real": "weight 10", "collated": ""}
PLACES = ("globals", "real", "virtual", "alertgroup", "service", "period")
ALERT = ("file.alert /tmp/x", "file.alert /tmp/y")
GLOBAL_VALUES = {
    "authfile": ("{dir}/one", "{dir}/two"),
    "userfile": ("{dir}/one", "{dir}/two"),
    "serverbind": ("127.0.0.1", "127.0.0.2"),
    "trapbind": ("127.0.0.1", "127.0.0.2"),
    "authtype": ("userfile", "pam"),
    "dtlogging": ("yes", "no"),
    "startupalerts_on_reset": ("yes", "no"),
    "unack_summary": ("yes", "no"),
    "dep_behavior": ("a", "m"),
    "exclude_period": ("hr {1}", "hr {2}"),
    "pluginuser": ("nobody", "daemon"),
    "alertretry": ("1m..2m", "1m..3m"),
    "deadman": ("1m file.alert /tmp/x", "2m file.alert /tmp/x"),
    "serverport": ("2583", "2584"),
    **dict.fromkeys(
        ("trapport", "snmpport", "maxprocs", "histlength", "dep_recur_limit", "workers"), ("3", "4")
    ),
    **dict.fromkeys(
        ("cltimeout", "randstart", "historictime", "dep_memory", "resync", "keep"), ("30s", "40s")
    ),
}
SERVICE_VALUES = {
    "monitor": ("tcp.monitor -p 81", "tcp.monitor -p 82"),
    "allow_empty_group": (None, ""),
    "exclude_hosts": ("a", "b"),
    "exclude_period": ("hr {1}", "hr {2}"),
    "unack_summary": ("yes", "no"),
    "redistribute": ALERT,
    "description": ("one", "two"),
    "dep_behavior": ("a", "m"),
    **dict.fromkeys(("depend", "alertdepend", "monitordepend", "hostdepend"), ("SELF:http", "!SELF:http")),
}
PERIOD_VALUES = {
    **dict.fromkeys(("alert", "upalert", "startupalert", "ackalert", "disablealert", "flooralert"), ALERT),
    "numalerts": ("3", "4"),
    "alertexitrange": ("1", "2"),
    "until": (None, "ack"),
    **dict.fromkeys(("no_comp_alerts", "alerts_dont_count"), (None, "")),
}
VIRTUAL_VALUES = {
    "balancer": ("memory", "memory"),
    "scheduler": ("rr", "wlc"),
    "forward": ("gate", "masq"),
    "persistent": ("300", "300 netmask 24"),
    "real": ("c=x", "d=x"),
    "floor": ("1", "2"),
    "fallback": ("192.0.2.8", "192.0.2.9"),
    "rise": ("2", "3"),
    "fall": ("2", "3"),
    "drift": ("guard", "report"),
    "evict": ("1/1m", "2/1m"),
    "flap": ("2/10m hold 1m", "3/10m hold 1m"),
    "cleanstop": ("yes", "no"),
    "follow-dns": ("yes", "no"),
    "quorum": ("1", "2"),
    "weight": ("1..10", "2..10"),
}
REAL_VALUES = {
    "weight": ("10", "20"),
    "forward": ("gate", "masq"),
    "check": ("a", "b"),
    "between": ("1..10", "2..10"),
    **dict.fromkeys(("lower", "upper"), ("100", "200")),
}
TIMES = ("30s", "40s")


class Case:
    """One directive, where it stands, and two values of it (None: the line is not there)."""

    def __init__(self, table: str, word: str, values: tuple[str | None, str], form: str) -> None:
        self.table, self.word, self.values, self.form = table, word, values, form

    def lines(self) -> list[str]:
        return ["" if value is None else self.form.format(self.word, value) for value in self.values]


def cases() -> list[Case]:
    tables: tuple[tuple[str, Mapping[str, Row], Mapping[str, tuple[str | None, str]], str], ...] = (
        ("globals", GLOBALS, GLOBAL_VALUES, "{} = {}"),
        ("service", SERVICE, SERVICE_VALUES, "{} {}"),
        ("service", DEPENDENCIES, SERVICE_VALUES, "{} {}"),
        ("period", PERIOD, PERIOD_VALUES, "{} {}"),
        ("virtual", VIRTUAL, VIRTUAL_VALUES, "{} {}"),
        ("alertgroup", ALERTGROUP, PERIOD_VALUES, "{} {}"),
    )
    found = [
        Case(table, word, values.get(word, ("/x", "/y") if table == "globals" else TIMES), form)
        for table, rows, values, form in tables
        for word in rows
        if (table, word) not in (("virtual", "real"), ("virtual", "balancer"))  # tests of their own
    ]
    return found + [Case("real", word, REAL_VALUES[word], "{} {}") for word in REAL_OPTIONS]


CASES = cases()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    for name in ("one", "two"):
        (tmp_path / name).write_text("")

    def loaded(before: Loaded | None = None, *, text: str = TEXT, **places: str) -> Loaded:
        lines = dict.fromkeys(PLACES, "") | places
        lines["collated"] = "ops" if "alertgroup" in places else "10s"
        for place, line in lines.items():
            text = text.replace(
                "{" + place + "}", line.replace("{dir}", str(tmp_path)) or NOTHING.get(place, "# nothing")
            )
        file = tmp_path / "mon.cf"
        file.write_text(text)
        in_force = held(before.plan.config.settings) if before else {}
        return load(Options(config=file, held=in_force))

    return loaded


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.table}-{case.word}")
def test_a_reload_says_which_directive_changed(case: Case, read: Callable[..., Loaded]) -> None:
    first, second = case.lines()
    before = read(**{case.table: first})
    after = read(before, **{case.table: second})
    said = "; ".join(compare(before, after).lines)
    assert re.search(rf"\b{case.word}\b", said), said
    assert ("needs a restart" in said) is (case.table == "globals" and GLOBALS[case.word].takes is RESTART)


@pytest.mark.parametrize(
    "rows", [GLOBALS, SERVICE, DEPENDENCIES, PERIOD, VIRTUAL, ALERTGROUP], ids=lambda rows: next(iter(rows))
)
def test_every_directive_is_marked_live_or_restart(rows: Mapping[str, Row]) -> None:
    assert [word for word, row in rows.items() if row.takes not in (LIVE, RESTART)] == []


LOOKED_INTO = {
    Settings: {"given"},
    Service: {"watch", "name", "variables", "dependencies", "periods", "source"},
    Dependencies: set[str](),
    Period: {"label", "lines", "source"},
    Virtual: {"name", "reals", "source"},
    Real: {"host", "port", "source"},
}
"""Fields without a directive of their own: names, sources, and what is compared piece by piece."""


@pytest.mark.parametrize("kind", LOOKED_INTO, ids=lambda kind: kind.__name__)
def test_no_field_can_change_without_a_word(kind: type) -> None:
    tables = {
        Settings: {**differences.LIVE_GLOBALS, **differences.RESTART_GLOBALS},
        Service: differences.OF_SERVICE,
        Dependencies: differences.OF_DEPENDENCIES,
        Period: differences.OF_PERIOD,
        Virtual: differences.OF_VIRTUAL,
        Real: differences.OF_REAL,
    }
    assert set(kind.__struct_fields__) == set(tables[kind]) | LOOKED_INTO[kind]  # type: ignore[attr-defined]


def said(read: Callable[..., Loaded], old: str, new: str) -> tuple[str, ...]:
    before = read()
    return compare(before, read(before, text=TEXT.replace(old, new))).lines


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("    real b weight 10\n", "", ("pool shop: removed real b:80",)),
        ("real b weight 10", "real b:81 weight 10",
         ("pool shop: added real b:81", "pool shop: removed real b:80")),
        ("real b weight 10", "real b weight 0", ("pool shop: real b:80: weight 10 -> 0",)),
        ("192.0.2.10:80", "192.0.2.11:80", ("pool shop: changed address",)),
        ("192.0.2.10:80", "192.0.2.10:80 udp", ("pool shop: changed address",)),
        ("b=192.0.2.2", "b=192.0.2.3",
         ("hostgroup web: b at another address", "pool shop: b is at 192.0.2.3, was at 192.0.2.2")),
        ("hostgroup web", "hostgroup web c=192.0.2.9", ("hostgroup web: c added",)),
        ("b=192.0.2.2", "*b=192.0.2.2", ("hostgroup web: b disabled",)),
        ("    balancer memory\n", "    balancer ipvs\n", ("pool shop: changed balancer",)),
        ("service http", "service www", ("added web/www", "removed web/http", "pool shop: changed votes")),
        ("        monitor", "        CHANNEL=#ops\n        monitor", ("changed web/http: CHANNEL",)),
        ("        period\n", "        period hr {9-17}\n",
         ("changed web/http: period removed, period hr {9-17} added",)),
        ("hostgroup", "view all web\n\nhostgroup", ("added view all",)),
        ("# ", "## a comment", ()),
    ],
)  # fmt: skip
def test_what_is_added_removed_and_changed_is_said(read, old: str, new: str, lines: tuple[str, ...]) -> None:
    assert said(read, old, new) == lines


def test_what_needs_a_restart_stays_as_it_is_and_is_said_until_then(read: Callable[..., Loaded]) -> None:
    before = read()
    changed = compare(before, read(before, globals="serverport = 2583\npluginuser = nobody")).loaded
    again = compare(changed, read(changed, globals="serverport = 2583\npluginuser = nobody"))
    assert again.lines == ("needs a restart: serverport, pluginuser",)
    assert again.loaded.plan.config.settings.pluginuser == ""
    assert compare(changed, read(changed)).lines == ()


def test_a_template_that_was_edited_is_a_change(read: Callable[..., Loaded], tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    template = tmp_path / "t" / "mail.txt"
    template.write_text("one")
    before = read(globals="templatedir = {dir}/t")
    template.write_text("another")
    after = read(before, globals="templatedir = {dir}/t")
    assert compare(before, after).lines == (f"changed file {template}",)
