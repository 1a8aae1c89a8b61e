"""Every command ends with the status that the one table has for what happened."""

from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

from mon.cli import exits
from tests.cli.test_exits import OURS

Start = Callable[..., Daemon]

SITE = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2

virtual web 192.0.2.80:80
    balancer {balancer}
    real web1:80 weight 10
    real web2:80 weight 10

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert lvs.alert web
            alert file.alert {log}
"""


def asked(daemon: Daemon, port: int, log: Path) -> dict[str, int]:
    """The exit status of each command now."""
    words = {name: [word.format(port=port, log=log) for word in line] for name, line in OURS.items()}
    return {name: daemon.ask(*line).returncode for name, line in words.items()}


def test_all_is_well(start: Start, farm: list[Site], tmp_path: Path) -> None:
    port, log = farm[0].port, tmp_path / "log"
    daemon = start(SITE.format(balancer="memory", port=port, log=log))
    until(lambda: daemon.ask("status").returncode == exits.DONE, daemon)
    statuses = asked(daemon, port, log)
    # Nothing fails, so nothing can be acknowledged; traps are never answered.
    assert {name for name, status in statuses.items() if status} <= {"ack", "trap"}
    assert statuses["ack"] == exits.FAILED


def test_a_service_that_fails_is_trouble(start: Start, farm: list[Site], tmp_path: Path) -> None:
    port, log = farm[0].port, tmp_path / "no" / "log"
    daemon = start(SITE.format(balancer="memory", port=port, log=log))
    farm[0].down()
    until(lambda: daemon.ask("status").returncode == exits.TROUBLE, daemon)
    statuses = asked(daemon, port, log)
    assert (statuses["test"], statuses["pool"], statuses["ack"]) == (exits.TROUBLE, exits.DONE, exits.DONE)
    assert statuses["alert"] == exits.FAILED and statuses["monitor"] == 1


def test_a_balancer_that_is_dead_is_trouble_though_every_server_is_well(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    port, log = farm[0].port, tmp_path / "log"
    daemon = start(SITE.format(balancer=f"haproxy {tmp_path}/no.sock web", port=port, log=log))
    until(lambda: "web/http  ok" in daemon.ask("status").stdout, daemon)
    shown = daemon.ask("status")
    assert shown.returncode == exits.TROUBLE and "no.sock" in shown.stdout
    assert asked(daemon, port, log)["pool"] == exits.TROUBLE
