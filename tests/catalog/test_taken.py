"""Which file was taken is said where there was a choice."""

import pytest

from mon.catalog import Catalog, link, taken
from mon.model.config import AlertKind, AlertLine, CommandLine, Config, Host, Hostgroup, Period, Service


@pytest.fixture
def said(tmp_path):
    def said(monitor, alert, *files):
        for file in files:
            (tmp_path / file).write_text("#!/bin/sh\n")
            (tmp_path / file).chmod(0o755)
        line = AlertLine(AlertKind.ALERT, CommandLine(alert, tuple(alert.split())))
        command = CommandLine(monitor, tuple(monitor.split()))
        service = Service("farm", "s", monitor=command, periods=(Period(lines=(line,)),))
        config = Config(hostgroups={"farm": Hostgroup("farm", (Host("a"),))}, services={service.key: service})
        catalog = Catalog([tmp_path], [tmp_path])
        return taken(link(config, catalog, lambda name: ()), catalog)

    return said


def test_nothing_is_said_where_there_was_no_choice(said):
    assert said("tcp.monitor", "mine.alert", "mine.alert") == ()


def test_an_operators_file_before_ours_is_said(said, tmp_path):
    path = tmp_path / "tcp.monitor"
    expected = f"tcp.monitor: {path} is taken: write mon:tcp.monitor to have ours"
    assert said("tcp.monitor", "mine.alert", "tcp.monitor") == (expected,)


def test_ours_before_an_operators_file_is_said(said, tmp_path):
    wild = "lvs.alert -P tcp -V 10.0.0.9:80 -R 10.0.0.1"
    path = tmp_path / "lvs.alert"
    expected = f"lvs.alert: ours is taken, not {path}: give the path to have that"
    assert said("tcp.monitor", wild, "lvs.alert") == (expected,)


def test_a_name_that_asks_for_ours_leaves_no_choice(said):
    assert said("mon:tcp.monitor", "mine.alert", "tcp.monitor") == ()
