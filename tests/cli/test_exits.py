"""One table of exit statuses for all commands (tests/e2e/test_exits.py asks a daemon)."""

from pathlib import Path

import pytest

from mon.cli import exits, main
from mon.cli.commands import COMMANDS

OURS = {
    "status": ("status",),
    "pool": ("pool",),
    "test": ("test", "web", "http"),
    "alerts": ("alerts",),
    "check": ("check",),
    "reload": ("reload",),
    "why": ("why", "web", "http"),
    "ack": ("ack", "web", "http"),
    "silence": ("silence",),
    "plan": ("plan",),
    "plugins": ("plugins", "http"),
    "monitor": ("monitor", "tcp", "-p", "{port}", "127.0.1.1"),
    "alert": ("alert", "file", "{log}"),
    "trap": ("trap", "--port", "{port}", "web", "http", "0"),
}
"""A line for each command that ends; run and demo have tests of their own."""


ALL = [row.name for row in COMMANDS]
ALONE = {"check", "plugins", "monitor", "alert", "trap", "plan"}
"""Those that need no daemon, or may be asked for a file."""


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "mon.cf"
    file.write_text(f"statedir = {tmp_path}\n\nhostgroup web web1\n\nwatch web\n    service http\n")
    return str(file)


def test_every_command_has_its_line_here() -> None:
    assert set(ALL) == {*OURS, "run", "demo"}
    assert set(exits.NOT_WELL) | set(exits.OWN) <= set(ALL)


@pytest.mark.parametrize("name", sorted(set(OURS) - ALONE))
def test_without_a_daemon_it_could_not_be_done(
    config: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "-c", config, *OURS[name][1:]]) == exits.FAILED
    assert "the daemon is not running" in capsys.readouterr().err


@pytest.mark.parametrize("name", ALL)
def test_wrong_usage_is_2(name: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--no-such-option"])
    assert ended.value.code == exits.WRONG_USAGE


@pytest.mark.parametrize("name", ALL)
def test_the_help_says_what_the_statuses_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == exits.DONE and exits.epilog(name) in capsys.readouterr().out


def test_without_a_command_it_is_wrong_usage_and_the_table_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == exits.WRONG_USAGE
    assert exits.table() in capsys.readouterr().out


def test_the_documentation_has_the_same_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
    for status, meaning in exits.MEANINGS.items():
        assert f"| {status} | {meaning} |" in text
    for name, meaning in exits.NOT_WELL.items():
        assert f"| `mon {name}` | {meaning} |" in text


POOL = {"trouble": "", "outlook": "", "quorum": None}


@pytest.mark.parametrize(
    ("news", "bad"),
    [
        ({}, False),
        ({"trouble": "no answer"}, True),
        ({"outlook": "the floor keeps web1 in"}, True),
        ({"quorum": {"up": False}}, True),
        ({"quorum": {"up": True}}, False),
        ({"quorum": {"up": None}}, False),
    ],
)
def test_a_pool_is_in_trouble(news: dict[str, object], bad: bool) -> None:
    assert exits.pool_trouble({**POOL, **news}) is bad
