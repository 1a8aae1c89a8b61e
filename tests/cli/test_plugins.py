"""mon plugins, mon monitor, mon alert: by hand."""

import argparse

import pytest

from mon.cli import plugins
from mon.errors import BadOption, PluginNotFound


@pytest.fixture
def call(tmp_path):
    config = tmp_path / "mon.cf"
    config.write_text(f"mondir = {tmp_path}\nalertdir = {tmp_path}\n")

    def call(command, *words):
        parser = argparse.ArgumentParser()
        getattr(plugins, f"{command}_add_arguments")(parser)
        return getattr(plugins, f"{command}_run")(parser.parse_args(["-c", str(config), *words]))

    return call


@pytest.fixture
def program(tmp_path):
    def program(name, text):
        (tmp_path / name).write_text("#!/bin/sh\n" + text)
        (tmp_path / name).chmod(0o755)

    return program


def test_all_plugins_are_listed(call, capsys, program):
    program("mine.monitor", "")
    assert call("plugins") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  http ") for line in lines)
    assert any(line.startswith("  mine ") and line.endswith("mine.monitor") for line in lines)


def test_one_plugins_manual_is_printed(call, capsys):
    assert call("plugins", "tcp") == 0
    assert "usage: mon monitor tcp [OPTIONS] HOST..." in capsys.readouterr().out


def test_an_unknown_plugin_is_told(call):
    with pytest.raises(PluginNotFound, match="did you mean http"):
        call("plugins", "htpp")


def test_a_monitor_of_ours_runs_by_hand(call, capsys):
    assert call("monitor", "tcp", "-p", "1", "-t", "2", "127.0.0.1") == 1
    assert capsys.readouterr().out.startswith("127.0.0.1\n127.0.0.1: ")


def test_a_program_runs_by_hand_with_its_arguments(call, capsys, program):
    program("mine.monitor", 'echo "$@"; exit 4')
    assert call("monitor", "mine", "-x", "web1") == 4
    assert capsys.readouterr().out == "-x web1\n"


def test_a_monitor_without_hosts_is_wrong_usage(call, capsys):
    assert call("monitor", "tcp", "-p", "1") == 2
    assert "which hosts?" in capsys.readouterr().err


def test_wrong_options_are_told(call):
    with pytest.raises(BadOption, match="did you mean --port"):
        call("monitor", "tcp", "--prot", "1", "127.0.0.1")


def test_an_alert_gets_a_test_notice(call, capsys, program, tmp_path):
    program("mine.alert", f'echo "$MON_ALERTTYPE $9" > {tmp_path}/out; cat >> {tmp_path}/out')
    assert call("alert", "mine.alert", "to-me") == 0
    assert (tmp_path / "out").read_text().startswith("test to-me\nhost1\nhost1: this is a test")
    assert capsys.readouterr().out == "sent\n"


def test_an_alert_that_fails_is_told(call, capsys, program):
    program("mine.alert", "echo nobody; exit 1")
    assert call("alert", "mine.alert") == 1
    assert capsys.readouterr().out == "failed: exit status 1: nobody\n"


@pytest.mark.parametrize("command", ["monitor", "alert"])
def test_a_file_that_is_not_ours_is_named(call, capsys, program, tmp_path, command):
    for name in ("own", "file", "ping"):
        program(f"{name}.{command}", "exit 0")
    ours = {"monitor": "ping", "alert": "file"}[command]
    assert call(command, "own", "web1") == call(command, ours, "web1") == 0
    assert call(command, f"{tmp_path}/own.{command}", "web1") == 0  # it was named already
    assert capsys.readouterr().err.splitlines() == [
        f"mon: own: {tmp_path}/own.{command} is taken",
        f"mon: {ours}: {tmp_path}/{ours}.{command} is taken: write mon:{ours} to have ours",
    ]
