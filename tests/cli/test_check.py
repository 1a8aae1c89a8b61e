"""``mon check`` as a sysadmin runs it."""

from pathlib import Path

import pytest

from mon.cli import main
from mon.daemon.loading import load
from mon.daemon.options import Options
from mon.errors import ConfigError

GOOD = """hostgroup web 127.0.0.1

watch web
    service http
        interval 5s
        monitor http.monitor
"""


@pytest.fixture
def check(tmp_path: Path, capsys):
    def run(text: str, *words: str) -> tuple[int, list[str]]:
        file = tmp_path / "mon.cf"
        file.write_text(text)
        status = main(["check", "-c", str(file), *words])
        return status, [line.removeprefix(f"{file}:") for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_good_file_is_0_and_silent(check) -> None:
    assert check(GOOD) == (0, [])


def test_every_error_has_its_line_and_the_status_is_1(check) -> None:
    status, lines = check(GOOD.replace("interval", "intervall") + "bogus = 1\n")
    assert status == 1
    assert any(
        line.startswith("5: unknown directive 'intervall': did you mean 'interval'?") for line in lines
    )


def test_warnings_count_only_when_strict(check) -> None:
    text = GOOD + "\nhostgroup unused x\n"
    assert check(text)[0] == 0
    status, lines = check(text, "--strict")
    assert status == 3
    assert lines[0].startswith("8: warning: hostgroup 'unused' has no watch")


def test_what_the_classic_mon_refuses_is_said_only_when_asked(check) -> None:
    text = GOOD.replace("5s", "500ms")
    assert check(text) == (0, [])
    assert "classic" in check(text, "--classic")[1][0]


def test_a_monitor_that_is_not_there_is_an_error_with_the_name_that_was_meant(check) -> None:
    status, lines = check(GOOD.replace("http.monitor", "htp.monitor"))
    assert status == 1
    assert "htp" in lines[0] and "http" in lines[0]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\r# but comments\r", "hostgroup web h1\n", "keep = 1d\n"]
)
def test_a_file_that_says_nothing_is_an_error(check, text: str) -> None:
    status, lines = check(text)
    assert status == 1
    assert "nothing is watched: write 'watch GROUP'" in lines[0]


def test_the_classic_command_line_is_warned_only(tmp_path: Path) -> None:
    file = tmp_path / "mon.cf"
    file.write_text("")
    loaded = load(Options(config=file, classic=True))
    assert [problem.what for problem in loaded.problems] == ["nothing is watched"]
    with pytest.raises(ConfigError):
        load(Options(config=file), starting=True)


def test_a_site_that_names_its_plugins_on_the_command_line_checks_with_them(check, tmp_path: Path) -> None:
    (tmp_path / "mon.d").mkdir()
    (tmp_path / "mon.d" / "mine.monitor").write_text("#!/bin/sh\n")
    (tmp_path / "mon.d" / "mine.monitor").chmod(0o755)
    text = GOOD.replace("http.monitor", "mine.monitor")
    assert check(text)[0] == 1
    assert check(text, "-s", f"/nowhere:{tmp_path}/mon.d") == (0, [])
