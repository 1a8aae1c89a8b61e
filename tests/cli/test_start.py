"""How much is loaded before a command does its work: counted, because a time depends on the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

SMALL = """\
statedir = {directory}

hostgroup web 127.0.0.1

watch web
    service http
        interval 10s
        monitor http.monitor -p 80
        period
            alert mail.alert root
"""

HEAVY = frozenset(
    ("apscheduler", "aiosmtpd", "jinja2", "pycurl", "pyroute2", "requests", "sqlite3", "urllib3", "uvloop")
)
"""Libraries that cost from 5 to 150 ms of CPU each.  (msgspec's 25 ms come back with 20 structs.)"""

PROGRAM = """\
import json, sys
from mon.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)))
"""


def loaded(directory: Path, *words: str) -> frozenset[str]:
    """The modules that one command has imported at its end."""
    file = directory / "mon.cf"
    file.write_text(SMALL.format(directory=directory))
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words, "-c", str(file)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return frozenset(json.loads(said.stdout.splitlines()[-1]))


def tops(modules: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    ("command", "most", "never"),
    [
        ("status", 195, {"asyncio", "email", "logging", "ssl"}),
        ("check", 350, set[str]()),
    ],
)
def test_a_command_loads_little(command: str, most: int, never: set[str], tmp_path: Path) -> None:
    modules = loaded(tmp_path, command)
    assert tops(modules) & (HEAVY | never) == set()
    assert len(modules) <= most


def test_asking_the_daemon_needs_nothing_of_the_daemon(tmp_path: Path) -> None:
    ours = {name for name in loaded(tmp_path, "status") if name.startswith("mon.")}
    assert [
        name for name in ours if name.split(".")[1] in ("catalog", "engine", "probe", "runner", "store")
    ] == []


def test_a_balancers_library_is_loaded_for_a_virtual_service_only(tmp_path: Path) -> None:
    assert not any(name.startswith("mon.balancer.") for name in loaded(tmp_path, "check"))
