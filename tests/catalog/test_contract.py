"""What every plugin found has to keep to."""

import ast
import sys

import pytest

from mon.catalog import Catalog, Form, Kind, manual
from mon.catalog.catalog import our_directory

CATALOG = Catalog()
ALL = [*CATALOG.monitors(), *CATALOG.alerts()]
LIBRARIES = {"requests", "icmplib", "urllib3"}
every = pytest.mark.parametrize("plugin", ALL, ids=lambda plugin: f"{plugin.name}.{plugin.kind}")


def test_all_of_our_files_are_plugins():
    files = {
        path.stem for kind in Kind for path in our_directory(kind).glob("*.py") if path.stem != "__init__"
    }
    assert files == {plugin.name for plugin in ALL}


@every
def test_it_is_ours_and_says_in_a_sentence_what_it_does(plugin):
    assert (plugin.ours, plugin.form) == (True, Form.NATIVE)
    assert plugin.summary.endswith(".")
    assert len(plugin.summary) <= 100


@every
def test_each_letter_is_explained_and_means_one_thing(plugin):
    flags = [flag for option in plugin.options for flag in option.flags]
    assert len(flags) == len(set(flags))
    letters = [option for option in plugin.options if len(option.flags) > 1]
    assert [option.name for option in letters if not option.help] == []


@every
def test_its_manual_can_be_printed(plugin):
    assert plugin.summary in manual(plugin)


@every
def test_it_imports_only_the_plugin_surface_and_libraries(plugin):
    tree = ast.parse(plugin.path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name for name in names if name.partition(".")[0] not in {*sys.stdlib_module_names, *LIBRARIES}}
    assert foreign <= {"mon.plugin"}


@every
def test_it_has_the_function_of_its_kind(plugin):
    verbs = {Kind.MONITOR: ("check", "sweep", "follow"), Kind.ALERT: ("send", "votes")}
    assert plugin.about.verb in verbs[plugin.kind]
    assert plugin.about.verb not in ("sweep", "follow") or plugin.about.waits


@every
def test_a_monitor_says_how_long_it_may_take(plugin):
    if plugin.kind is Kind.MONITOR:
        names = {option.name for option in plugin.options}
        assert "timeout" in names or plugin.deadline is not None
