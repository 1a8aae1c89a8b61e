"""What docs/alerts.md shows can be written into mon.cf."""

import re
import shlex
from pathlib import Path

import pytest

from mon.catalog import Catalog, Kind, bind
from mon.catalog.plan import Bound
from mon.model.config import CommandLine
from mon.render import Render

TEXT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
CHANNELS = TEXT.partition("\n## Channels\n")[2].replace("\\\n", " ")
BLOCKS = re.findall(r"^    alert (\S+\.alert[^#\n]*)", CHANNELS, re.MULTILINE)
CELLS = re.findall(r"^\|[^|]*\| `([^`]+\.alert [^`]+)`", CHANNELS, re.MULTILINE)


def bound(line: str) -> Bound:
    words = tuple(shlex.split(line))
    return bind(Catalog().find(Kind.ALERT, words[0]), CommandLine(line, words, hosts=False))


def test_there_are_examples() -> None:
    assert len(BLOCKS) >= 10 and len(CELLS) == 12


@pytest.mark.parametrize("line", BLOCKS + CELLS)
def test_an_alert_line_is_accepted(line: str) -> None:
    made = bound(line)
    assert [warning for warning in made.warnings if "looks like" in warning] == []
    template = made.value("template")
    if made.plugin.name == "webhook":
        assert Render().has(f"{template}.json.j2")
