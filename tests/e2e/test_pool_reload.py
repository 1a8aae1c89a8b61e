"""Pools of a running daemon over a reload, with the scheduler stopped, and what is no held alert."""

import json
from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

POOL = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2

{virtual}watch web
    service http
        interval 200ms
        {more}monitor http.monitor -p {port} -t 15
        period
            alertevery 1h
            alert file.alert {log}
            {votes}
"""
VIRTUAL = """\
virtual shop 192.0.2.80:80
    balancer memory
    real web1:80 weight 10
{web2}    fallback 127.0.0.1:8080

"""
WEB2 = "    real web2:80 weight 10\n"
VOTES = "alert lvs.alert shop"


def rows(daemon: Daemon) -> dict[str, int]:
    pools = json.loads(daemon.ask("pool", "--json").stdout)
    return {row["address"]: row["weight"] for pool in pools for row in pool["servers"]}


def test_a_pool_that_comes_by_a_reload_begins_though_one_of_it_is_never_checked(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    for site in farm:
        site.status = 500
    common = {"port": farm[0].port, "log": tmp_path / "log", "more": "exclude_hosts web2\n        "}
    daemon = start(POOL.format(virtual="", votes="", **common))
    daemon.wait_for("started")
    (tmp_path / "mon.cf").write_text(
        (tmp_path / "mon.cf").read_text().split("hostgroup")[0]
        + POOL.format(virtual=VIRTUAL.format(web2=WEB2), votes=VOTES, **common)
    )
    assert daemon.ask("reload").returncode == 0
    until(lambda: rows(daemon).get("127.0.0.1:8080") == 1, daemon)


def test_a_server_that_was_disabled_leaves_mon_cf_and_comes_back_disabled(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    def text(web2: str) -> str:
        virtual = VIRTUAL.format(web2=web2)
        return POOL.format(virtual=virtual, votes=VOTES, port=farm[0].port, log=tmp_path / "log", more="")

    daemon = start(text(WEB2))
    daemon.wait_for("pool", server="web2 127.0.1.2:80", new=10)
    assert daemon.ask("pool", "shop", "disable", "web2", "--reason", "disk").returncode == 0
    head = (tmp_path / "mon.cf").read_text().split("hostgroup")[0]
    (tmp_path / "mon.cf").write_text(head + text(""))
    assert daemon.ask("reload").returncode == 0
    assert "not in mon.cf; kept until it is enabled: disabled by" in daemon.ask("pool", "shop").stdout
    daemon.kill()
    (tmp_path / "mon.cf").write_text(head + text(WEB2))
    again = start()
    until(lambda: "out: disabled by" in again.ask("pool", "shop").stdout, again)
    assert rows(again)["127.0.1.2:80"] == 0


def test_a_vote_is_no_held_alert(start: Start, farm: list[Site], tmp_path: Path) -> None:
    text = POOL.format(
        virtual=VIRTUAL.format(web2=WEB2), votes=VOTES, port=farm[0].port, log=tmp_path / "log", more=""
    )
    daemon = start(text)
    daemon.wait_for("pool", server="web2 127.0.1.2:80", new=10)
    farm[1].status = 500
    daemon.wait_for("pool", server="web2 127.0.1.2:80", new=0)
    until(lambda: "file.alert" in daemon.ask("alerts", "held").stdout, daemon)
    said = daemon.ask("alerts", "held").stdout + daemon.ask("why", "web", "http").stdout
    assert "lvs.alert" not in said
    tried = daemon.ask("test", "web", "http").stdout
    assert "votes on pool shop" in tried and "lvs.alert" not in tried
