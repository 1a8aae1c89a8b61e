"""Debian's own monitors, unmodified, say the same under our runner and the real mon as by themselves."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from classic_daemons import Daemon, Site, of_both
from classic_servers import GOOD, NAMES, REFUSED, SILENT, WRONG, ZONE, Servers, running

from mon.catalog import Bound, Check, Form, Plugin
from mon.catalog.plan import Description, Kind
from mon.model.config import CommandLine, Host, Service
from mon.model.moment import Moment
from mon.model.result import RunResult
from mon.runner import Runner, Spawner

MONITORS = Path("/usr/lib/mon/mon.d")

pytestmark = pytest.mark.skipif(not MONITORS.is_dir(), reason="Debian's mon is not installed")

ALL = (GOOD, REFUSED, WRONG, SILENT)
NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A monitor with its arguments, the hosts, and those that it must find down.

    ``prose``: it fails without a word about any host.
    """

    name: str
    arguments: str
    hosts: tuple[str, ...]
    down: tuple[str, ...]
    prose: bool = False

    @property
    def monitor(self) -> str:
        """The file."""
        return f"{self.name.partition('-bad')[0]}.monitor"


def zone(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{ZONE}" for name in names)


LDAP = "--port {ldap} --basedn o=test --filter cn=check --attribute cn --value"
DNS = f"-master {GOOD} -zone {ZONE} -retry 2 -retransmit 1 -timeout 1"
CASES = (
    Case("http", "-p {http} -t 3", (GOOD,), NOBODY),
    Case("http-bad", "-p {http} -t 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("http-bad-page", "-p {http} -u /nothing -t 3", (GOOD,), (GOOD,)),
    Case("ftp", "-p {ftp} -t 3", (GOOD,), NOBODY),
    Case("ftp-bad", "-p {ftp} -t 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("tcp", "-p {http}", (GOOD, WRONG, SILENT), NOBODY),
    Case("tcp-bad", "-p {http}", ALL, (REFUSED,)),
    Case("smtp", "-p {smtp} -t 3", (GOOD,), NOBODY),
    Case("smtp-bad", "-p {smtp} -t 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("smtp3", "--port {smtp} --timeout 3", (GOOD,), NOBODY),
    Case("smtp3-bad", "--port {smtp} --timeout 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("fping", "", (GOOD, REFUSED), NOBODY),
    Case("fping-bad", "-s 0.000001", (GOOD,), (GOOD,)),
    Case("fping-bad-name", "", (GOOD, "no..host"), ("no..host",)),
    Case("telnet", "-p {telnet} -t 5", (GOOD,), NOBODY),
    Case("telnet-bad", "-p {telnet} -t 5", ALL, (REFUSED, WRONG, SILENT)),
    Case("dns", DNS, (GOOD,), NOBODY),
    Case("dns-bad", DNS, ALL, (REFUSED, WRONG, SILENT)),
    Case("pop3", "-p {pop3} -t 3", (GOOD,), NOBODY),
    Case("pop3-bad", "-p {pop3} -t 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("imap", "-p {imap} -t 3", (GOOD,), NOBODY),
    Case("imap-bad", "-p {imap} -t 3", ALL, (REFUSED, WRONG, SILENT)),
    Case("ldap", f"{LDAP} check", (GOOD,), NOBODY),
    Case("ldap-bad", f"{LDAP} check", (GOOD, REFUSED), (REFUSED,)),
    Case("ldap-bad-value", f"{LDAP} other", (GOOD,), NOBODY, prose=True),
    Case("sslcert", "-4 -p {tls}", zone("www"), NOBODY),
    Case("sslcert-bad", "-4 -p {tls}", zone(*NAMES, "gone"), zone("old", "soon", "other", "closed", "gone")),
)

VARYING = re.compile(r"\d\d:\d\d:\d\d|(?<=: )\d+ seconds|-?\b\d+\.\d+(?= ?ms)|-?\b\d+\.\d{4,}")
"""Times of day, and how long something took."""

OLD_HOSTNAME = """\
package Sys::Hostname;
use parent 'Exporter';
our @EXPORT = ('hostname');
sub hostname { return 'localhost' }
1;
"""
"""Sys::Hostname of an older Perl: smtp, pop3 and imap.monitor call it with arguments; today's refuses."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running() as servers:
        yield servers


@pytest.fixture(scope="module")
def variables(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mon.cf would say before the monitor's line."""
    perl = tmp_path_factory.mktemp("perl")
    (perl / "Sys").mkdir()
    (perl / "Sys" / "Hostname.pm").write_text(OLD_HOSTNAME)
    return {**servers.environment, "PERL5LIB": str(perl)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_it_says_the_same_under_our_runner(
    case: Case, servers: Servers, variables: dict[str, str], tmp_path: Path
) -> None:
    result = await same(case, servers, variables, tmp_path)
    assert (result.status != 0) == (case.prose or bool(case.down)), result.output
    assert {host.host for host in result.hosts if host.verdict.value == "down"} == set(case.down)
    assert result.trouble == ""


@pytest.mark.parametrize("name", ["smtp", "pop3", "imap"])
async def test_it_says_the_same_with_the_perl_of_today(name: str, servers: Servers, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    await same(case, servers, {}, tmp_path)


def test_both_daemons_hold_the_same_opinions(
    servers: Servers, variables: dict[str, str], tmp_path: Path
) -> None:
    config = "\n".join(record(case, servers, variables) for case in CASES)

    def opinions(daemon: Daemon) -> dict[str, dict[str, list[str]]]:
        daemon.run(*(f"{case.name}/check" for case in CASES))
        return {key: seen(fields) for key, fields in daemon.status().items()}

    found = of_both(lambda name: Site(tmp_path / name, config), opinions)
    assert found["ours"] == found["real"]
    assert {
        key.partition("/")[0] for key, fields in found["ours"].items() if fields["opstatus"] == ["0"]
    } == {case.name for case in CASES if case.down or case.prose}


def record(case: Case, servers: Servers, variables: dict[str, str]) -> str:
    """The case in mon.cf."""
    words = [case.monitor, *case.arguments.format(**servers.ports).split()]
    lines = "".join(f"{name}={value}\n" for name, value in variables.items())
    return (
        f"hostgroup {case.name} {' '.join(case.hosts)}\n\n"
        f"watch {case.name}\n    service check\n{lines}        interval 1h\n"
        f"        monitor {' '.join(words)}\n        period wd {{Sun-Sat}}\n"
    )


def seen(fields: dict[str, str]) -> dict[str, list[str]]:
    """Of a status line what both must agree in."""
    same = ("opstatus", "last_opstatus", "exitval", "alerts_sent", "monitor", "last_summary", "last_detail")
    return {name: steady(unescaped(fields[name])) for name in same}


def unescaped(text: str) -> str:
    return re.sub(r"\\([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), text)


async def same(case: Case, servers: Servers, variables: dict[str, str], directory: Path) -> RunResult:
    """Our runner's result, after it was found to be what the program says by itself."""
    alone = asyncio.to_thread(by_itself, case, servers, variables, directory)
    result, (status, output) = await asyncio.gather(ours(case, servers, variables, directory), alone)
    assert (result.status, steady(result.output)) == (status, steady(output))
    return result


async def ours(case: Case, servers: Servers, variables: dict[str, str], directory: Path) -> RunResult:
    """A round of our runner."""
    words = tuple(case.arguments.format(**servers.ports).split())
    plugin = Plugin(
        case.monitor, Kind.MONITOR, MONITORS / case.monitor, Form.EXECUTABLE, False, Description("", "", "")
    )
    line = CommandLine(" ".join((case.monitor, *words)), (case.monitor, *words))
    check = Check(Service("farm", "check"), Bound(plugin, {}, line), tuple(map(Host, case.hosts)), 60.0)
    runner = Runner(None, None, None, clock=lambda: Moment(0, 0), spawner=Spawner(directory=str(directory)))
    result = await runner.round(check, check.hosts, variables, lambda _: None)
    await runner.close(1)
    assert result is not None
    return result


def by_itself(case: Case, servers: Servers, variables: dict[str, str], directory: Path) -> tuple[int, str]:
    """As the classic mon starts it: arguments, then the hosts; no stdin; stderr with stdout."""
    words = [str(MONITORS / case.monitor), *case.arguments.format(**servers.ports).split(), *case.hosts]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **variables}, cwd=directory, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode()


def steady(output: str) -> list[str]:
    """Without times, and in order: the monitors take their hosts out of hashes."""
    return sorted(VARYING.sub("<T>", line) for line in output.split("\n"))
