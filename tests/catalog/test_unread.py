"""A block that could not be read is one mistake: nobody else complains that it is missing."""

from pathlib import Path

import pytest

from mon.daemon.loading import examine
from mon.daemon.options import Options
from mon.model.source import Problem, Severity

CONFIG = """\
hostgroup web a=192.0.2.1 b=192.0.2.2

{first}
    floor 1
    real a weight 10
    real b weight 10

watch web
    service http
        interval 5s
        monitor tcp.monitor -p 80
        period
            alert lvs.alert {name}
"""


def told(file: Path) -> list[Problem]:
    problems = examine(Options(config=file)).problems
    return [problem for problem in problems if problem.severity is not Severity.CLASSIC]


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("virtual shop 192.0.2.10", "shop"),
        ("virtual shop nowhere:80", "shop"),
        ("virtual shop 192.0.2.10:80000", "shop"),
        ("virtual shop 192.0.2.10:80 tpc", "shop"),
        ("virtual shop", "shop"),
        ("virtual shop fwmark x", "shop"),
        ("virtual sh+op 192.0.2.10:80", "sh+op"),
        ("virtual = shop 192.0.2.10:80", "shop"),
        ("virtal shop 192.0.2.10:80", "shop"),
        ("Virtual shop 192.0.2.10:80", "shop"),
    ],
)
def test_a_mistake_in_the_first_line_of_a_virtual_is_the_only_one(
    first: str, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "mon.cf"
    file.write_text(CONFIG.format(first=first, name=name))
    (problem,) = told(file)
    assert problem.source.line == 3


def test_a_misspelt_hostgroup_is_the_only_mistake(tmp_path: Path) -> None:
    file = tmp_path / "mon.cf"
    text = CONFIG.format(first="virtual shop 192.0.2.10:80", name="shop").replace("hostgroup", "hostgrup")
    file.write_text(text[: text.index("virtual")] + text[text.index("watch") : text.index("        period")])
    (problem,) = told(file)
    assert problem.remedy == "did you mean 'hostgroup'?"
