"""Which file a name means."""

import pytest

from mon.catalog import Catalog, Form, Kind, bind, manual
from mon.errors import BadOption, PluginBroken, PluginNotFound
from mon.model.config import CommandLine

CHECK = '"""Theirs."""\ndef check(host, *, port: int = 1): return "yes"\n'


@pytest.fixture
def mondir(tmp_path):
    def add(name, text=CHECK, mode=0o644):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return Catalog([tmp_path], [tmp_path])

    return add


@pytest.mark.parametrize("name", ["http.monitor", "http", "mon:http.monitor", "mon:http"])
def test_ours_go_by_their_classic_and_their_short_names(name):
    plugin = Catalog().find("monitor", name)
    assert (plugin.name, plugin.form, plugin.ours) == ("http", Form.NATIVE, True)


def test_the_operators_program_wins(mondir, tmp_path):
    catalog = mondir("http.monitor", "#!/bin/sh\n", 0o755)
    for name in ("http.monitor", "http"):
        assert catalog.find(Kind.MONITOR, name).path == tmp_path / "http.monitor"
    assert catalog.find(Kind.MONITOR, "http").form is Form.EXECUTABLE


def test_ours_can_be_asked_for(mondir):
    assert mondir("http.monitor", "#!/bin/sh\n", 0o755).find("monitor", "mon:http.monitor").ours


@pytest.mark.parametrize("name", ["http.monitor", "http.monitor.py", "http.py"])
def test_the_operators_python_wins_and_runs_elsewhere(mondir, name):
    plugin = mondir(name).find("monitor", "http.monitor")
    assert (plugin.form, plugin.ours, plugin.function) == (Form.PYTHON, False, None)
    assert (plugin.summary, [option.name for option in plugin.options]) == ("Theirs.", ["port"])


def test_a_path_chooses_the_file(mondir, tmp_path):
    mondir("odd", "#!/bin/sh\n", 0o755)
    assert Catalog().find("monitor", str(tmp_path / "odd")).form is Form.EXECUTABLE


def test_an_alert_that_votes_is_ours_whatever_lies_in_alertdir(mondir):
    plugin = mondir("lvs.alert", "#!/bin/sh\n", 0o755).find("alert", "lvs.alert")
    assert plugin.ours
    assert plugin.votes is not None


def test_but_a_path_chooses_the_file_even_then(mondir, tmp_path):
    catalog = mondir("lvs.alert", "#!/bin/sh\n", 0o755)
    assert not catalog.find("alert", str(tmp_path / "lvs.alert")).ours


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("htttp.monitor", "there is no monitor htttp.monitor: did you mean http.monitor?"),
        ("zzzzz.monitor", "there is no monitor zzzzz.monitor: put it into mondir, executable"),
        ("/no/such/file", "/no/such/file is not there: give the path of a file"),
        ("mon:htpp", "there is no monitor mon:htpp: did you mean http.monitor?"),
    ],
)
def test_what_is_not_found_says_what_to_do(name, text):
    with pytest.raises(PluginNotFound) as error:
        Catalog().find("monitor", name)
    assert str(error.value) == text


def test_an_operators_file_is_not_given_what_only_ours_are(mondir):
    text = (
        '"""Theirs."""\nfrom mon.plugin import Spawn\nasync def check(host, *, spawn: Spawn): return "yes"\n'
    )
    with pytest.raises(PluginBroken, match="Spawn is for monitors that mon brings along: use subprocess"):
        mondir("x.py", text).find("monitor", "x")


def test_a_program_that_is_not_executable_is_told(mondir):
    catalog = mondir("mine.monitor", "#!/usr/bin/perl\nuse strict;\n")
    with pytest.raises(PluginBroken, match=r"mine\.monitor:2: Syntax.*\(a program\? make it executable\)"):
        catalog.find("monitor", "mine.monitor")


def test_a_broken_file_breaks_no_list(mondir):
    names = [plugin.name for plugin in mondir("mine.py", "1/0\n").monitors()]
    assert "mine" not in names
    assert "http" in names


def test_what_an_operators_file_does_while_loaded_does_not_happen_here(mondir, tmp_path):
    catalog = mondir("mine.py", f"import os\nprint('noise')\nos.environ['HERE'] = '1'\n{CHECK}")
    assert catalog.find("monitor", "mine").name == "mine"
    import os

    assert "HERE" not in os.environ


def test_a_file_that_kills_its_process_is_broken(mondir):
    catalog = mondir("mine.py", "import os\nos._exit(0)\n")
    with pytest.raises(PluginBroken, match="it ended while being loaded"):
        catalog.find("monitor", "mine")


def test_options_are_checked_when_bound():
    plugin = Catalog().find("monitor", "tcp")
    assert bind(plugin, CommandLine("", ("tcp", "-p", "25"))).options == {"port": 25}
    with pytest.raises(BadOption, match="there is no option --prot: did you mean --port"):
        bind(plugin, CommandLine("", ("tcp", "--prot", "25")))


def test_a_program_judges_its_own_arguments(mondir):
    plugin = mondir("mine.monitor", "#!/bin/sh\n", 0o755).find("monitor", "mine.monitor")
    assert bind(plugin, CommandLine("", ("mine.monitor", "-x", "y"))).options == {}


def test_an_alert_takes_no_stray_words(mondir):
    plugin = mondir("mine.alert", "def send(notice): ...\n").find("alert", "mine")
    with pytest.raises(BadOption, match="there is a word too many, 'x': leave it out"):
        bind(plugin, CommandLine("", ("mine.alert", "x")))


def test_the_manual_has_documentation_and_options():
    page = manual(Catalog().find("monitor", "tcp"))
    assert page.startswith("tcp.monitor: ")
    assert "usage: mon monitor tcp [OPTIONS] HOST..." in page
    assert "  -p, --port PORT" in page


def test_ours_goes_before_what_a_distribution_has(tmp_path):
    for name in ("http.monitor", "lpd.monitor"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    catalog = Catalog(late_mondirs=(tmp_path,))
    assert catalog.find("monitor", "http.monitor").ours
    assert catalog.find("monitor", "lpd.monitor").path == tmp_path / "lpd.monitor"
    assert "lpd" in [plugin.name for plugin in catalog.monitors()]
