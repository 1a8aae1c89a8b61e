"""Names of real servers without a resolver: in a mount namespace with an /etc/hosts of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_things import Daemon, Site, until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"
)

CONFIG = """\
statedir = {directory}/state

hostgroup farm real1.invalid

hostgroup other o1=127.0.0.1

virtual shop 192.0.2.10:80
    balancer memory
    real real1.invalid:{port} weight 10

watch farm
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert lvs.alert shop
            alert file.alert {directory}/alerts
            upalert file.alert {directory}/alerts

watch other
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert file.alert {directory}/alerts
"""
LOCAL = "127.0.0.1 localhost\n"


class Alone:
    """A daemon that has names from the file ``hosts`` only."""

    def __init__(self, directory: Path, site: Site) -> None:
        self.directory, self.hosts = directory, directory / "hosts"
        self.config = directory / "mon.cf"
        self.config.write_text(CONFIG.format(directory=directory, port=site.port))
        (directory / "state").mkdir()
        for name in ("resolv.conf", "alerts"):
            (directory / name).write_text("")
        self.hosts.write_text(LOCAL)
        mounts = (
            f"mount --bind {self.hosts} /etc/hosts && mount --bind {directory}/resolv.conf /etc/resolv.conf"
        )
        self.before = ("unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh")
        self.daemons: list[Daemon] = []

    def start(self) -> Daemon:
        self.daemons.append(Daemon(self.config, before=self.before))
        self.daemons[-1].wait_for("started")
        return self.daemons[-1]

    def mon(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*self.before, sys.executable, "-m", "mon", words[0], "-c", str(self.config), *words[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def know(self, address: str) -> None:
        """Give the name this address, in place: the file is mounted."""
        self.hosts.write_text(LOCAL + f"{address} real1.invalid\n")


@pytest.fixture
def alone(tmp_path: Path, site: Site) -> Iterator[Alone]:
    one = Alone(tmp_path, site)
    yield one
    for daemon in one.daemons:
        if daemon.process.poll() is None:
            daemon.kill()


def test_without_a_resolver_mon_starts_tells_of_the_server_and_takes_it_in_when_it_has_an_address(
    alone: Alone,
) -> None:
    daemon = alone.start()
    daemon.wait_for("transition", watch="other", host="", new="ok")
    said = "real1.invalid has no address: it is unknown, and not in the table"
    until(lambda: said in (alone.directory / "alerts").read_text(), daemon)
    assert said in daemon.ask("pool").stdout
    assert (
        "'real1.invalid' has no address" in alone.mon("check").stdout and alone.mon("check").returncode == 1
    )
    assert "has no address" in daemon.ask("reload").stdout + daemon.ask("reload").stderr
    alone.know("127.0.0.1")
    daemon.wait_for("pool", pool="shop", new=10, seconds=60)
    assert said not in daemon.ask("pool").stdout


@pytest.mark.parametrize("workers", [0, 1])
def test_an_address_that_was_known_is_known_at_the_next_start(alone: Alone, workers: int) -> None:
    alone.config.write_text(f"workers = {workers}\n" + alone.config.read_text())
    alone.know("127.0.0.1")
    daemon = alone.start()
    daemon.wait_for("pool", pool="shop", new=10)
    until((alone.directory / "state/addresses.json").exists, daemon)
    daemon.stop()
    alone.hosts.write_text(LOCAL)
    again = alone.start()
    assert any("'real1.invalid' has no address now: 127.0.0.1 is used" in line for line in again.said)
    event = again.wait_for("pool", pool="shop", new=10)
    assert event["why"] == "in: farm/http ok"  # its checks went there too, in a worker as well
