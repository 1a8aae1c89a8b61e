"""Plugins found in public, unmodified: each one gives a verdict under our runner, and delays nobody.

They are no part of this repository; where they are not there, the tests are skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "plugins"
FILES = {
    f"{path.parent.name}-{path.name}": path
    for path in sorted(CORPUS.rglob("*"))
    if path.suffix in (".monitor", ".alert", ".pl") or path.parent.name == "ldirectord-checks"
}
MONITORS = [name for name in FILES if not name.endswith(".alert")]
ALERTS = [name for name in FILES if name.endswith(".alert")]

pytestmark = [
    pytest.mark.skipif(not FILES, reason="the corpus of plugins is not here"),
    pytest.mark.skipif(
        os.geteuid() != 0, reason="the corpus of plugins runs as nobody, for which root is needed"
    ),
]

NEEDS = {
    "ldirectord-checks-graylog2-ldirectord": "Config/General.pm",
    "mon-contrib-aim.alert": "AOL/TOC.pm",
    "mon-contrib-bgp.monitor": "SNMP_Session.pm",
    "mon-contrib-dhcp.monitor": "Net/DHCP/Watch.pm",
    "mon-contrib-http_integrity.monitor": "LWP/Parallel/UserAgent.pm",
    "mon-contrib-informix.monitor": "DBD/Informix.pm",
    "mon-contrib-informixdbspace.monitor": "DBD/Informix.pm",
    "mon-contrib-krb5.monitor": "Authen/Krb5.pm",
    "mon-contrib-mailloop.monitor": "Mail/Sendmail.pm",
    "mon-contrib-ospf.monitor": "SNMP_Session.pm",
    "mon-contrib-sqlconn.monitor": "Local/Env.pm",
    "mon-contrib-tftp.monitor": "Net/TFTP.pm",
    "temper232-t232.pl": "Device/SerialPort.pm",  # and a thermometer
    "temper232-temper.monitor": "Device/SerialPort.pm",
}
"""Perl libraries that Debian does not have, or that are of a site's own."""

TOO_OLD = {
    "mon-contrib-netsnmp-exec.monitor": "defined(@array)",  # an error since Perl 5.22
    "mon-contrib-imap-ptp.monitor": "hostname() does not accept",
    "mon-contrib-imap-starttls.monitor": "hostname() does not accept",
    "mon-contrib-mupdate.monitor": "hostname() does not accept",
}
"""What today's Perl refuses; ours says so as their verdict."""

ENDLESS = {"mon-contrib-rbl.monitor"}  # asks public name servers, and waits for them
"""Never end by themselves here."""


@pytest.fixture(scope="module")
def run() -> Iterator[dict[str, Any]]:
    """What came of all of them, started side by side, as nobody, where there is no network but loopback."""
    folder = Path(tempfile.mkdtemp(prefix="corpus-"))
    folder.chmod(0o755)
    for name, path in FILES.items():
        shutil.copy(path, folder / name)
        (folder / name).chmod(0o755)
    script = str(Path(__file__).with_name("corpus_run.py"))
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    done = subprocess.run(
        [*alone, sys.executable, script, str(folder)], capture_output=True, text=True, timeout=120
    )
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout)


@pytest.mark.parametrize("name", MONITORS)
def test_a_monitor_gives_the_verdict_that_it_gives_by_itself(run: dict[str, Any], name: str) -> None:
    found = run["found"][name]
    if name in ENDLESS:
        assert found["trouble"].startswith("stopped after ")
        return
    assert found["trouble"] == ""
    assert found["status"] == found["alone"]
    assert missing(found["output"]) == NEEDS.get(name, "")
    if name in TOO_OLD:
        assert TOO_OLD[name] in found["output"]


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_called_and_its_end_is_known(run: dict[str, Any], name: str) -> None:
    found = run["found"][name]
    assert found["fate"] in ("sent", "failed", "retry")
    assert missing(found["output"]) == NEEDS.get(name, "")


def test_none_of_them_held_up_the_others(run: dict[str, Any]) -> None:
    assert run["held up"] < 2.0
    assert set(run["found"]) == set(FILES)


def missing(output: str) -> str:
    """The Perl library that is not there."""
    match = re.search(r"Can't locate (\S+) in @INC", output)
    return match[1] if match else ""
