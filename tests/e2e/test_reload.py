"""What a reload refuses, what it says, and what it leaves as it is."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

POOL = """\
hostgroup web  web1=127.0.1.1 web2=127.0.1.2

virtual shop 192.0.2.80:80
    balancer memory
    floor 1
    real web1 weight 10
    real web2 weight 10

watch web
    service http
        interval 300ms
        monitor http.monitor -p {port} -t 15
        period
            alert lvs.alert shop
"""

EMPTYING = {
    "all weights 0": ("weight 10", "weight 0"),
    "no real servers": ("    real web1 weight 10\n    real web2 weight 10\n", ""),
    "another address": ("192.0.2.80:80", "192.0.2.81:80"),
    "another port": ("192.0.2.80:80", "192.0.2.80:81"),
    "no pool at all": (POOL[POOL.index("virtual") : POOL.index("watch")], ""),
}


def serving(daemon: Daemon) -> list[tuple[str, int]]:
    pools = (daemon.status() or {"pools": ()})["pools"]
    return [(server["name"], server["weight"]) for pool in pools for server in pool["servers"]]


@pytest.fixture
def daemon(start: Start, farm: list[Site]) -> Daemon:
    running = start(POOL.format(port=farm[0].port))
    until(lambda: serving(running) == [("web1", 10), ("web2", 10)], running)
    return running


def change(daemon: Daemon, old: str, new: str) -> None:
    text = daemon.config.read_text()
    assert old in text
    text = text.replace(old, new)
    if "virtual" not in text:
        text = text.replace("lvs.alert shop", "file.alert /dev/null")
    daemon.config.write_text(text)


@pytest.mark.parametrize("what", EMPTYING)
def test_a_reload_that_empties_a_pool_is_refused_and_changes_nothing(what: str, daemon: Daemon) -> None:
    change(daemon, *EMPTYING[what])
    answer = daemon.ask("reload")
    assert answer.returncode == 1
    assert "pool shop" in answer.stderr and "mon reload --force" in answer.stderr
    assert serving(daemon) == [("web1", 10), ("web2", 10)]


def test_with_force_it_goes_through_and_is_said(daemon: Daemon) -> None:
    change(daemon, "weight 10", "weight 0")
    answer = daemon.ask("reload", "--force")
    assert answer.returncode == 0
    assert re.search(r"forced: pool shop: .*\n(.*\n)*pool shop: real web1:80: weight 10 -> 0", answer.stdout)
    until(lambda: serving(daemon) == [("web1", 0), ("web2", 0)], daemon)


def test_sighup_is_refused_loudly(daemon: Daemon) -> None:
    change(daemon, "weight 10", "weight 0")
    daemon.process.send_signal(signal.SIGHUP)
    event = daemon.wait_for("reload", level="error")
    assert "refused, nothing changed: pool shop" in event["message"]
    assert serving(daemon) == [("web1", 10), ("web2", 10)]


def test_one_server_less_is_borne(daemon: Daemon) -> None:
    change(daemon, "    real web2 weight 10\n", "")
    assert daemon.ask("reload").stdout.splitlines()[0] == "pool shop: removed real web2:80"
    until(lambda: serving(daemon) == [("web1", 10)], daemon)


def test_an_empty_line_before_real_is_an_error(daemon: Daemon) -> None:
    change(daemon, "    real web1", "\n    real web1")
    answer = daemon.ask("reload")
    assert answer.returncode == 1
    assert "'real web1 weight 10' stands outside of any record" in answer.stderr
    assert serving(daemon) == [("web1", 10), ("web2", 10)]


def test_what_needs_a_restart_is_named_and_not_half_applied(daemon: Daemon, tmp_path: Path) -> None:
    change(daemon, f"statedir = {tmp_path}/state\n", f"statedir = {tmp_path}/other\npluginuser = nobody\n")
    answer = daemon.ask("reload", "--statedir", f"{tmp_path}/state")
    assert answer.stdout.splitlines()[0] == "needs a restart: statedir, pluginuser"
    daemon.stop()
    assert not (tmp_path / "other").exists()
