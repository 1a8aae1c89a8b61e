"""kill -9 between any two steps of an applying: the next start brings the table right.

The balancer is a program that makes one edit after the other in a file, and kills the daemon at a step.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from real_things import PATIENCE, Daemon, Site, until

BALANCER = """\
#!PYTHON
import json, os, signal, sys

FILE, ARMED = "DIR/table.json", "DIR/kill"


def kill_at(step):
    if os.path.exists(ARMED) and open(ARMED).read() == step:
        os.unlink(ARMED)
        os.kill(os.getppid(), signal.SIGKILL)
        sys.exit(1)


def same(one, other):
    return one["id"] == other["id"]


question = json.load(sys.stdin)
table = json.load(open(FILE)) if os.path.exists(FILE) else {"service": None, "servers": []}
if question["ask"] == "read":
    kill_at("read")
    ids = question["virtuals"]
    if os.path.exists("DIR/applied"):
        os.unlink("DIR/applied")
        kill_at("read back")
else:
    ids = [change["service"]["id"] for change in question["changes"]]
    for number, change in enumerate(question["changes"]):
        kill_at(f"edit {number}")
        what, server = change["verb"].split()[0], change["server"]
        if server is None:
            table["service"] = change["service"] if what != "delete" else None
        else:
            others = [one for one in table["servers"] if not same(one, server)]
            table["servers"] = others + ([server] if what != "delete" else [])
        with open(FILE + ".new", "w") as file:
            json.dump(table, file)
        os.rename(FILE + ".new", FILE)
    open("DIR/applied", "w")
    kill_at("all edits")
print(json.dumps({"tables": [{"id": id_, **table} for id_ in ids[:1]]}))
"""

CONFIG = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2 web3=127.0.1.3

virtual web 192.0.2.80:80
    balancer exec {program}
    floor 1
    quorum 1 up {tell} up
    real web1:80 weight {weight}
    real web2:80 weight {weight}
{third}
watch web
    service http
        interval 300ms
        monitor http.monitor -p {port} -t 15
        period
            alert lvs.alert web
"""

STEPS = ("read", "edit 0", "edit 1", "edit 2", "all edits", "read back")


def test_after_a_kill_at_any_step_the_next_start_brings_the_table_right(
    start: Callable[..., Daemon], farm: list[Site], program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    text = BALANCER.replace("PYTHON", sys.executable).replace("DIR", str(tmp_path))
    balancer = program("balancer", text)
    tell = program("tell", f'#!/bin/sh\necho "$*" >> {tmp_path}/told\n')

    def config(number: int) -> str:
        third = "    real web3:80 weight 9\n" if number % 2 else ""
        words = {"program": balancer, "tell": tell, "port": farm[0].port}
        return CONFIG.format(weight=10 + number, third=third, **words)

    def table() -> dict[str, int]:
        servers = json.loads((tmp_path / "table.json").read_text())["servers"]
        return {one["id"]["address"][-1]: one["weight"] for one in servers}

    def meant(number: int) -> dict[str, int]:
        both = {"1": 10 + number, "2": 10 + number}
        return {**both, "3": 9} if number % 2 else both

    daemon = start(config(1))
    until(lambda: (tmp_path / "table.json").exists() and table() == meant(1), daemon)
    daemon.wait_for("alert", fate="sent")  # the quorum's command
    written = daemon.config.read_text()
    for number, step in enumerate(STEPS, 2):
        daemon.config.write_text(written.replace(config(1), config(number)))
        (tmp_path / "kill").write_text(step)
        daemon.ask("reload")
        daemon.process.wait(PATIENCE)
        assert not (tmp_path / "kill").exists(), f"{step} never came: {daemon}"
        (tmp_path / "applied").unlink(missing_ok=True)
        daemon = start()
        daemon.wait_for("started")
        until(lambda number=number: table() == meant(number), f"{step}: {daemon}")
        assert not daemon.seen("drift"), str(daemon)
    assert (tmp_path / "told").read_text() == "up\n"
    daemon.stop()
    assert table() == meant(len(STEPS) + 1)
