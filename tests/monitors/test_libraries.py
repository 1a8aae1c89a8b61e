"""A library that is not installed is an error of the line that needs it, and of no other."""

import subprocess
import sys

import pytest

CONFIG = """\
hostgroup db 127.0.0.1

watch db
    service one
        interval 1m
        monitor mon:{name}.monitor
        period wd {{Sun-Sat}}
            alert file.alert /dev/null
    service two
        interval 1m
        monitor mon:tcp.monitor
        period wd {{Sun-Sat}}
            alert file.alert /dev/null
"""
WITHOUT = "import sys; sys.modules[{library!r}] = None; from mon.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("name", "library"), [("mysql", "pymysql"), ("postgresql", "pg8000"), ("snmp", "puresnmp")]
)
def test_it_is_said_with_the_line_and_the_remedy(tmp_path, name, library):
    config = tmp_path / "mon.cf"
    config.write_text(CONFIG.format(name=name))
    words = [sys.executable, "-c", WITHOUT.format(library=library), "check", "-c", str(config)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        f"{config}:6: mon:{name}.monitor: it needs the Python library {library}, which is not installed: "
        f"pip install mon[{name}]"
    ]


@pytest.mark.parametrize("name", ["mysql", "postgresql", "snmp"])
def test_it_is_looked_for_only_when_a_line_needs_it(load, name):
    code = f"import sys; sys.path.insert(0, '.'); import runpy; runpy.run_path({load(name).__file__!r}); " \
           "sys.exit(bool({'pymysql', 'pg8000', 'puresnmp'} & set(sys.modules)))"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
