"""``mon pool`` against the daemon as a process."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

POOL = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2 web3=127.0.1.3

virtual web 192.0.2.80:80
    balancer memory
    floor 2
    drain 5s
    real web1:80 weight 10
    real web2:80 weight 10
    real web3:80 weight 10

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert lvs.alert web
"""


def on_stage(start: Start, farm: list[Site]) -> Daemon:
    daemon = start(POOL.format(port=farm[0].port))
    for number in (1, 2, 3):
        daemon.wait_for("pool", server=f"web{number} 127.0.1.{number}:80", new=10)
    return daemon


def test_an_operator_takes_a_server_out_and_puts_it_back(start: Start, farm: list[Site]) -> None:
    daemon = on_stage(start, farm)
    done = daemon.ask("pool", "web", "disable", "web1", "--reason", "new kernel", "--for", "1h")
    assert done.returncode == 0 and "out: disabled by " in done.stdout and "new kernel" in done.stdout
    daemon.wait_for("pool", server="web1 127.0.1.1:80", old=10, new=0)
    daemon.wait_for("pool", server="web1 127.0.1.1:80", old=0, new=None)
    refused = daemon.ask("pool", "web", "disable", "web2")
    assert refused.returncode == 1 and "its floor is 2: say --force if you mean it" in refused.stderr
    shown = daemon.ask("pool", "web")
    assert "web1 127.0.1.1:80" in shown.stdout and "new kernel, removed" in shown.stdout
    assert daemon.ask("pool", "web", "enable", "web1").returncode == 0
    daemon.wait_for("pool", server="web1 127.0.1.1:80", old=None, new=10)


def test_a_word_survives_kill_9_and_can_be_carried_elsewhere(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    daemon = on_stage(start, farm)
    assert daemon.ask("pool", "web", "weight", "web2", "3", "--reason", "old disks").returncode == 0
    daemon.kill()
    again = start()
    again.wait_for("pool", server="web2 127.0.1.2:80", new=3)
    words = again.ask("pool", "export").stdout
    assert [(word["server"], word["weight"], word["why"]) for word in json.loads(words)] == [
        ("127.0.1.2:80", 3, "old disks")
    ]
    assert again.ask("pool", "web", "enable", "web2").returncode == 0
    again.wait_for("pool", server="web2 127.0.1.2:80", new=10)
    (tmp_path / "words.json").write_text(words)
    assert again.ask("pool", "import", str(tmp_path / "words.json")).returncode == 0
    again.wait_for("pool", server="web2 127.0.1.2:80", old=10, new=3)


def test_drain_waits_until_the_server_is_out(start: Start, farm: list[Site]) -> None:
    daemon = on_stage(start, farm)
    drained = daemon.ask("pool", "web", "drain", "web3")
    assert drained.returncode == 0 and drained.stdout.endswith("web3 is out\n")


def test_a_wrong_word_is_told_with_what_there_is(start: Start, farm: list[Site]) -> None:
    daemon = on_stage(start, farm)
    for words, said in (
        (("web", "kill", "web1"), "this is not understood: mon pool web kill web1"),
        (("web", "disable", "web9"), "no server 'web9' in pool web (there are web1, web2, web3)"),
        (("www",), "no pool 'www' (there are web)"),
        (("web", "weight", "web1", "many"), "'many' is no weight"),
        (("web", "disable", "web1", "--for", "long"), "'long' is no time"),
    ):
        answer = daemon.ask("pool", *words)
        assert answer.returncode == 1 and said in answer.stderr, answer


def test_a_plan_says_what_a_word_or_a_file_would_do_and_does_nothing(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    daemon = on_stage(start, farm)
    assert daemon.ask("plan").stdout == "pool web: no change\n"
    planned = daemon.ask("plan", "web", "disable", "web1", "--reason", "try")
    assert planned.returncode == 3
    assert "set server 127.0.1.1:80 weight 0 of tcp 192.0.2.80:80 (out: disabled by " in planned.stdout
    refused = daemon.ask("plan", "web", "weight", "web1", "0", "--force", "--drain", "1s")
    assert refused.returncode == 3
    (tmp_path / "mon.cf").write_text(
        (tmp_path / "mon.cf").read_text().replace("web3:80 weight 10", "web3:80 weight 7")
    )
    planned = daemon.ask("plan")
    assert "set server 127.0.1.3:80 weight 7 of tcp 192.0.2.80:80" in planned.stdout
    assert [server["weight"] for server in daemon.status()["pools"][0]["servers"]] == [10, 10, 10]


def test_why_tells_what_gave_a_server_its_weight(start: Start, farm: list[Site]) -> None:
    daemon = on_stage(start, farm)
    daemon.ask("pool", "web", "weight", "web1", "4", "--reason", "old disks")
    daemon.wait_for("pool", server="web1 127.0.1.1:80", new=4)
    told = daemon.ask("why", "web1")
    assert told.returncode == 0, told
    for words in (
        "web: web1 127.0.1.1:80: weight 4, wanted 4 of 10 since ",
        "in: web/http ok, weight 4 by ",
        "vote of web/http ok since ",
        "; fall 2, rise 2",
        "floor: 2; 3 of 3 are in",
        ": old disks, at ",
    ):
        assert words in told.stdout
    assert "no pool has a server 'web9'" in daemon.ask("why", "web9").stderr


def test_the_journal_tells_what_was_done_by_what_and_outlives_a_kill(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    daemon = on_stage(start, farm)
    farm[1].down()
    daemon.wait_for("pool", server="web2 127.0.1.2:80", old=10, new=0)
    deeds = json.loads(daemon.ask("pool", "web", "web2", "--journal", "--json").stdout)
    assert [deed["what"] for deed in deeds if "->" in deed["what"]][-1:] == ["weight 10 -> 0"]
    assert deeds[-1]["trigger"] == "web/http: web2 down" and deeds[-1]["said"] == ""
    assert deeds[-1]["why"].startswith("out: web/http down (")
    then = deeds[-1]["at"]
    daemon.kill()
    farm[1].up()
    time.sleep(max(0.0, then + 1.1 - time.time()))  # `--at` takes whole seconds
    again = start()
    again.wait_for("pool", server="web2 127.0.1.2:80", new=10)
    told = again.ask("why", "web2", "--at", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(then + 1)))
    assert "web: web2 127.0.1.2:80: weight 10 -> 0, " in told.stdout, told
    assert "vote of web/http down (" in told.stdout and "floor: 2; 2 of 3 are in" in told.stdout
    assert "now:" not in told.stdout
    now = again.ask("why", "web2").stdout
    # It joins at once, or, if another one has spoken first, from weight 0.
    assert re.search(r"(added with weight|weight 0 ->) 10", now) and "vote of web/http ok" in now
    assert "web: web2" in again.ask("pool", "--journal").stdout
    assert again.ask("pool", "www", "--journal").returncode == 1


def test_a_clean_stop_takes_the_virtual_service_away_and_nothing_else_does(
    start: Start, farm: list[Site], tmp_path: Path
) -> None:
    text = POOL.format(port=farm[0].port).replace("drain 5s", "cleanstop yes")
    daemon = start(text)
    daemon.wait_for("pool", server="web1 127.0.1.1:80", new=10)
    since = len(daemon.events)
    daemon.stop()
    daemon.wait_for("pool", server="web1 127.0.1.1:80", new=None, since=since)


COUNTING = """\
#!/bin/sh
echo "$MON_ALERTTYPE $MON_POOL $MON_HEALTHY/$MON_SERVERS $MON_QUORUM try ${MON_ATTEMPT:-1}: $*" >> DIR/called
"""


def test_the_quorum_calls_its_commands_once_for_each_turn_and_not_again_after_a_restart(
    start: Start, farm: list[Site], tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    command = program("tell", COUNTING.replace("DIR", str(tmp_path)))
    lines = f"quorum 3 hysteresis 1 up {command} 'a b' $HOME down '{command} ; down'"
    text = POOL.format(port=farm[0].port).replace("drain 5s", lines).replace("hysteresis 1 ", "")
    daemon = start(text)
    called = tmp_path / "called"

    def calls(*lines: str) -> bool:
        return called.exists() and called.read_text().splitlines() == list(lines)

    up = "up web 3/3 3 try 1: a b $HOME"
    until(lambda: calls(up), daemon)
    assert "quorum 3: there for " in daemon.ask("pool", "web").stdout
    farm[2].down()
    lost = "failure web 2/3 3 try 1: ; down"
    until(lambda: calls(up, lost), daemon)
    assert "quorum 3 is lost: 2 of 3 servers are healthy" in daemon.ask("pool", "web", "--journal").stdout
    daemon.wait_for("alert", fate="sent", type="failure")
    daemon.kill()
    again = start()
    again.wait_for("pool", server="web2 127.0.1.2:80", new=10)
    assert again.ask("reload").returncode == 0
    time.sleep(1)
    shown = again.ask("pool", "web")
    assert calls(up, lost) and "quorum 3: LOST for " in shown.stdout, (called.read_text(), str(again))
    farm[2].up()
    until(lambda: calls(up, lost, up), again)


def test_the_floor_is_told_by_its_own_alert_and_a_restart_tells_nothing_twice(
    start: Start, farm: list[Site], tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    script = '#!/bin/sh\n(echo "$MON_ALERTTYPE $MON_POOL $MON_FLOOR $MON_HELD"; cat) >> DIR/floor\n'
    script = script.replace("DIR", str(tmp_path))
    program("floor.alert", script)
    program("all.alert", f"#!/bin/sh\nhead -1 >> {tmp_path}/all\n")
    text = POOL.format(port=farm[0].port)
    text += "            alert all.alert\n            upalert all.alert\n            flooralert floor.alert\n"
    daemon = start(text)
    daemon.wait_for("pool", server="web3 127.0.1.3:80", new=10)
    for site in farm[1:]:
        site.down()
    floor = tmp_path / "floor"
    until(lambda: floor.exists() and floor.read_text().count("\n") >= 3, daemon)
    told = floor.read_text().splitlines()
    assert told[0].startswith("failure web 2 of 3 web") and told[1].startswith(
        "pool web: the floor keeps web"
    )
    assert ", held by the floor: web/http down (" in told[2], told
    daemon.kill()
    again = start()
    again.wait_for("pool", server="web1 127.0.1.1:80", new=10)
    time.sleep(1.5)
    assert floor.read_text().splitlines() == told
    for site in farm[1:]:
        site.up()
    until(lambda: "the floor keeps nobody in any more" in floor.read_text(), again)
    assert floor.read_text().splitlines()[3].startswith("up web")
    assert "floor" not in (tmp_path / "all").read_text()
