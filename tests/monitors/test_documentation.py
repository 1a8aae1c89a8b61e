"""docs/monitors.md says what the monitors say about themselves, and its examples work.

``python tests/monitors/test_documentation.py`` writes the second half of the page anew.
"""

import re
import shlex
from pathlib import Path

import pytest

from mon.catalog import Catalog, Kind, bind
from mon.catalog.plan import OptionSpec, Plugin, ValueType
from mon.model.config import CommandLine

PAGE = Path(__file__).parents[2] / "docs" / "monitors.md"
MARK = (
    "<!-- From here on written by tests/monitors/test_documentation.py; edit the monitors' docstrings. -->\n"
)
OURS = [plugin for plugin in Catalog().monitors() if plugin.ours]


def generated() -> str:
    """The half of the page that is made of the monitors."""
    return MARK + "".join(section(plugin) for plugin in OURS)


def section(plugin: Plugin) -> str:
    """One monitor: what its file says, and its options."""
    rows = "".join(row(spec) for spec in plugin.options)
    table = f"\n| option | | default |\n|---|---|---|\n{rows}" if rows else ""
    text = plugin.about.text.replace("``", "`")
    return f"\n### {plugin.name.replace('_', '-')}\n\n{text}\n{table}"


def row(spec: OptionSpec) -> str:
    takes = "" if spec.type is ValueType.SWITCH or spec.positional else f" {spec.metavar}"
    notes = spec.help + (" (may be repeated)" if spec.type is ValueType.LIST else "")
    default = "" if spec.default in (None, "", False) or spec.default == [] else f"`{spec.default}`"
    cells = f"`{', '.join(spec.flags)}{takes}`", notes, default
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def hand_written() -> str:
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0]


def examples() -> list[str]:
    text = hand_written().replace("\\\n", " ")
    return re.findall(r"^    monitor (\S+\.monitor[^#\n]*)", text, re.MULTILINE)


def test_the_page_is_as_the_monitors_are():
    page = PAGE.read_text(encoding="utf-8")
    assert MARK + page.partition(MARK)[2] == generated(), f"run python {Path(__file__).name}"


@pytest.mark.parametrize("line", examples())
def test_an_example_is_accepted(line):
    words = tuple(shlex.split(line.replace(";;", "")))
    made = bind(Catalog().find(Kind.MONITOR, words[0]), CommandLine(line, words, hosts=False))
    assert made.plugin.ours


def test_every_monitor_has_an_example():
    shown = {line.split()[0].removesuffix(".monitor").replace("-", "_") for line in examples()}
    assert {plugin.name for plugin in OURS} - shown == set()


if __name__ == "__main__":
    PAGE.write_text(hand_written() + generated(), encoding="utf-8")
