"""Users and directories that mon.cf names and this machine does not have."""

from pathlib import Path

import pytest

from mon.daemon.loading import examine
from mon.daemon.options import Options
from mon.model.source import Severity

CONFIG = """\
{settings}

hostgroup g h

watch g
    service s
        interval 10m
        monitor {runas}tcp.monitor -p 80
        period
            alert {runas}file.alert /tmp/x
"""


@pytest.fixture
def said(tmp_path: Path):
    def read(
        settings: str = "# nothing", runas: str = "", *, starting: bool = False
    ) -> list[tuple[str, str]]:
        file = tmp_path / "mon.cf"
        file.write_text(CONFIG.format(settings=settings.format(dir=tmp_path), runas=runas))
        problems = examine(Options(config=file), starting=starting).problems
        return [(p.severity, p.what) for p in problems if "there is no" in p.what]

    return read


def test_a_user_that_is_not_there_is_one_error_but_refuses_no_start(said) -> None:
    for words in ({"settings": "pluginuser = nosuch"}, {"runas": "runas=nosuch "}):
        ((severity, what),) = said(**words)
        assert (severity, what.partition(": ")[2]) == (Severity.ERROR, "there is no user 'nosuch'")
        assert said(**words, starting=True)[0][0] is Severity.WARNING


def test_a_user_that_is_there_is_fine(said) -> None:
    assert said("pluginuser = nobody", "runas=daemon ") == []


def test_directories_of_which_none_is_there_are_a_warning(said) -> None:
    assert said("mondir = {dir}/no:{dir}") == []
    ((severity, what),) = said("alertdir = {dir}/no")
    assert severity is Severity.WARNING
    assert what.startswith("alertdir: there is no directory /")
