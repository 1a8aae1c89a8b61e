"""What everybody may write is told of before root believes it."""

from pathlib import Path

import pytest

from mon.daemon.exposed import exposed
from mon.daemon.loading import Loaded, examine
from mon.daemon.options import Options
from mon.model.source import Severity

CONFIG = """\
mondir = {dir}/mon.d
alertdir = {dir}/alert.d
templatedir = {dir}/templates
statedir = {dir}/state

include conf.d/*.cf
"""
WATCH = "hostgroup g h\n\nwatch g\n    service s\n        interval 1m\n        monitor mine.monitor\n"
FILES = {
    "mon.cf": CONFIG,
    "conf.d/a.cf": WATCH,
    "mon.d/mine.monitor": "#!/bin/sh\n",
    "templates/t": "",
}
PLACES = (*FILES, "conf.d", "mon.d", "alert.d", "state", ".")


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    for name in ("conf.d", "mon.d", "alert.d", "templates", "state"):
        (tmp_path / name).mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.format(dir=tmp_path))
    (tmp_path / "mon.d/mine.monitor").chmod(0o755)
    found = examine(Options(config=tmp_path / "mon.cf"))
    assert not any(problem.severity is Severity.ERROR for problem in found.problems)
    return found


def test_what_only_its_owner_may_write_is_fine(loaded: Loaded) -> None:
    assert exposed(loaded, 0) == []


@pytest.mark.parametrize("name", PLACES)
def test_each_place_that_everybody_may_write_is_a_warning(name: str, loaded: Loaded, tmp_path: Path) -> None:
    path = tmp_path / name
    path.chmod(path.stat().st_mode | 0o002)
    (problem,) = exposed(loaded, 0)
    assert str(problem) == f"{path}: everybody may write it, and mon runs as root: chmod o-w {path}"


def test_a_user_without_privileges_is_not_warned(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "mon.cf").chmod(0o666)
    assert exposed(loaded, 1000) == []


def test_a_file_below_a_directory_with_the_sticky_bit_is_fine_but_a_plugin_directory_is_not(
    loaded: Loaded, tmp_path: Path
) -> None:
    tmp_path.chmod(0o1777)
    assert exposed(loaded, 0) == []
    (tmp_path / "mon.d").chmod(0o1777)
    (problem,) = exposed(loaded, 0)
    assert problem.remedy == "name a directory of mon's own instead"
