"""Where mon.cf has us write, and should not, or cannot."""

from pathlib import Path

import pytest

from mon.daemon.loading import examine
from mon.daemon.options import Options
from mon.daemon.written import SHARED
from mon.model.source import Severity

WATCH = (
    "\n\nhostgroup g h\n\nwatch g\n    service s\n        interval 10m\n        monitor tcp.monitor -p 80\n"
)


@pytest.fixture
def said(tmp_path: Path):
    def read(settings: str, *, starting: bool = False) -> list[tuple[Severity, str]]:
        file = tmp_path / "mon.cf"
        file.write_text(settings.format(dir=tmp_path) + WATCH)
        problems = examine(Options(config=file), starting=starting).problems
        words = tuple(line.split()[0] for line in settings.splitlines())
        lines = [(each.severity, str(each).replace(str(tmp_path), "")) for each in problems]
        return [(severity, line) for severity, line in lines if line.split(": ")[1] in words]

    return read


@pytest.mark.parametrize(
    "shared", ["/", "/tmp", "/var", "/etc", "/var/lib", "/var/run", "/tmp/../var/log/", *SHARED]
)
def test_a_state_directory_that_others_share_is_an_error_but_refuses_no_start(said, shared: str) -> None:
    ((severity, line),) = said(f"statedir = {shared}")
    assert (
        severity is Severity.ERROR and "is shared with other programs: write a directory of mon's own" in line
    )
    assert said(f"statedir = {shared}", starting=True)[0][0] is Severity.WARNING


def test_a_directory_like_tmp_and_a_file_are_no_state_directories(said, tmp_path: Path) -> None:
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    assert "it has the sticky bit" in said("statedir = {dir}/sticky")[0][1]
    assert "is no directory" in said("statedir = {dir}/mon.cf")[0][1]


def test_a_state_directory_of_its_own_is_fine_there_or_not(said) -> None:
    assert said("statedir = {dir}") == said("statedir = {dir}/new/state") == []
    assert said("statedir = {dir}/new\npidfile = {dir}/new/mon.pid\nlogdir = {dir}/new") == []


FILES = {
    "pidfile": "pidfile = {dir}/%s",
    "historicfile": "historicfile = {dir}/%s",
    "dtlogfile": "dtlogfile = {dir}/%s\ndtlogging = yes",
    "monerrfile": "monerrfile = {dir}/%s",
}


@pytest.mark.parametrize("word", FILES)
def test_a_file_in_a_directory_that_is_not_there_is_a_warning(said, word: str, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    ((severity, line),) = said(FILES[word] % "no/file")
    assert (severity, line) == (
        Severity.WARNING,
        f"/mon.cf:1: {word}: there is no directory /no to write file in: make it, or correct its name",
    )
    assert said(FILES[word] % "made/file") == []
    assert "/made is a directory" in said(FILES[word] % "made")[0][1]


@pytest.mark.parametrize("word", ["logdir", "cfbasedir", "mondir", "alertdir", "templatedir"])
def test_a_directory_that_is_not_there_is_a_warning(said, word: str) -> None:
    ((severity, line),) = said(word + " = {dir}/no")
    assert severity is Severity.WARNING and f"{word}: there is no directory /no" in line
    assert said(word + " = {dir}") == []
