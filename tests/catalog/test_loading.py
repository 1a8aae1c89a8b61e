"""Files to modules."""

import sys

import pytest

from mon.catalog.loading import describe, load
from mon.catalog.plan import Kind
from mon.errors import PluginBroken


@pytest.fixture
def write(tmp_path):
    def write(text, name="x.monitor"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


GOOD = '"""Say yes.\n\nMore."""\nasync def check(host): return "yes"\n'


def test_a_file_says_what_it_is(write):
    about = describe(load(write(GOOD), "mon._plugins.test"), Kind.MONITOR)
    assert (about.summary, about.text, about.verb, about.waits) == (
        "Say yes.",
        "Say yes.\n\nMore.",
        "check",
        True,
    )


def test_a_plugin_may_have_a_name_of_the_standard_library(write):
    load(write("import http.client\n" + GOOD, "http.py"), "mon._plugins.monitors.http")
    import http.client

    assert http.client.HTTPConnection
    assert "http" in sys.modules
    assert sys.modules["http"].__name__ == "http"


def test_a_dataclass_under_postponed_annotations_works(write):
    text = "from __future__ import annotations\nimport dataclasses as d\n@d.dataclass\nclass A:\n    b: int\n"
    load(write(text + GOOD), "mon._plugins.test")


def test_postponed_annotations_give_options_too(write):
    text = (
        "from __future__ import annotations\nfrom typing import Annotated\nfrom mon.plugin import Option\n"
        "def check(host, *, port: Annotated[int, Option('-p')] = 1): ...\n"
    )
    assert describe(load(write(text), "mon._plugins.test"), Kind.MONITOR).options[0].flags == ("-p", "--port")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def check(:\n", "x.monitor:1: SyntaxError"),
        ("\n\nimport no_such_module\n", "x.monitor:3: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\nx / 0\n", "x.monitor:2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "x.monitor:1: SystemExit: 3"),
        ("\0", "x.monitor"),
    ],
)
def test_a_broken_file_is_told_with_line_and_reason(write, text, reason):
    with pytest.raises(PluginBroken) as error:
        load(write(text), "mon._plugins.broken")
    assert reason in str(error.value)
    assert "mon._plugins.broken" not in sys.modules


def test_a_file_without_its_function_is_no_plugin(write):
    with pytest.raises(PluginBroken, match=r"has no follow\(\) or sweep\(\) or check\(\)"):
        describe(load(write("x = 1\n"), "mon._plugins.test"), Kind.MONITOR)


def test_a_file_is_read_each_time_and_leaves_no_bytecode(write, tmp_path):
    load(write("x = 1\n" + GOOD), "mon._plugins.test")
    assert load(write("x = 2\n" + GOOD), "mon._plugins.test").x == 2
    assert [path.name for path in tmp_path.iterdir()] == ["x.monitor"]
