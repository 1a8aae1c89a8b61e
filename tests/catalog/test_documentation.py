"""The examples of docs/plugins.md are plugins."""

import re
from pathlib import Path

import pytest

from mon.catalog.loading import describe, load
from mon.catalog.plan import Kind

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def module(tmp_path):
    def module(text):
        (tmp_path / "example.py").write_text(text)
        return load(tmp_path / "example.py", "mon._plugins.example")

    return module


async def test_the_monitor_checks(module):
    example = module(EXAMPLES[0])
    assert [option.name for option in describe(example, Kind.MONITOR).options] == ["port", "timeout"]
    with pytest.raises(example.Down):
        await example.check("127.0.0.1", port=1)


def test_the_alert_sends(module):
    example = module(EXAMPLES[1])
    assert [option.name for option in describe(example, Kind.ALERT).options] == ["path"]
    with pytest.raises(example.Undeliverable):
        example.send(None, path="/no/such/directory/file")
