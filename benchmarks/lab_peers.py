"""Real servers fail under a real director: mon, keepalived and ldirectord, each in the lab's kernel.

    make lab-bench          or: python benchmarks/lab_peers.py [--json FILE] [ROUNDS] [PEER...]

Each round boots a guest for each peer (tests/lab: user-mode Linux, LVS-NAT, three nginx), one after another,
so that what else the machine does falls on all of them.  A client makes 50 requests a second; every check has
an interval of 1 s and a time-out of 2 s.  A fault comes at a random moment and is mended 3 to 4 s after the
removal; the phase of the check decides most of an HTTP 500's time, so that one comes three times a round.
Removal and return are read from the kernel's table, each 10 ms.

keepalived and ldirectord act on the first failure; ``keepalived-2`` on the second, 200 ms after the first:
what mon does by its defaults (fall 2, rise 2, confirm 200ms).
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LAB = Path(__file__).resolve().parents[1] / "tests/lab"
sys.path.insert(0, str(LAB))

import lab  # noqa: E402
import netlab  # noqa: E402

ROUNDS, RATE, VICTIM = 5, 50, "rs2"
SERVERS = ("192.168.2.21", "192.168.2.22", "192.168.2.23")
FAULTS = {"kill": "nginx SIGKILL", "cable": "cable pulled", "500": "HTTP 500"}
TIMES = {"kill": 1, "cable": 1, "500": 3}
"""How often each comes in a round."""

Row = dict[str, Any]

MON = """\
statedir = /run/lab/mon
hostgroup web {hosts}

virtual web 192.168.1.100:80
    balancer  ipvs
    scheduler rr
{reals}

watch web
    service idle
        interval 10s
        monitor idle.monitor -p 80
        period
            alert   lvs.alert web
            upalert lvs.alert web
    service ping
        interval 100ms
        monitor fping.monitor -t 90 -r 1
        period
            alert   lvs.alert web
            upalert lvs.alert web
    service http
        interval 1s
        monitor http.monitor -t 2
        period
            alert   lvs.alert web
            upalert lvs.alert web
"""

KEEPALIVED = """\
virtual_server 192.168.1.100 80 {{
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
{reals}
}}
"""

KEEPALIVED_REAL = """\
  real_server {host} 80 {{
    weight 1
    HTTP_GET {{
      url {{
        path /
        status_code 200
      }}
      connect_timeout 2
      retry {retry}
      delay_before_retry 0.2
      warmup 0
    }}
  }}"""

LDIRECTORD = """\
checktimeout=2
negotiatetimeout=2
checkinterval=1
failurecount=1
autoreload=no
quiescent=no
logfile="/run/lab/ldirectord.log"
virtual=192.168.1.100:80
{reals}
	service=http
	request="/"
	receive="rs"
	scheduler=rr
	protocol=tcp
	checktype=negotiate
"""

DAEMON = ["keepalived", "-n", "-l", "-D", "-C", "-f", "{}", "-p", "/run/lab/ka.pid", "-c", "/run/lab/kac.pid"]

PEERS: dict[str, tuple[str, str, list[str]]] = {
    # the configuration, a real server's lines in it, the command with {} for the configuration's file
    "mon": (MON, "    real {host}", [sys.executable, "-m", "mon", "run", "-c", "{}"]),
    "keepalived": (KEEPALIVED, KEEPALIVED_REAL.replace("{retry}", "0"), DAEMON),
    "keepalived-2": (KEEPALIVED, KEEPALIVED_REAL.replace("{retry}", "1"), DAEMON),
    "ldirectord": (LDIRECTORD, "\treal={host}:80 masq", ["ldirectord", "{}", "start"]),
}


# -- on the host ----------------------------------------------------------------------------------


def main(rounds: int, peers: list[str], file: str) -> int:
    """All guests, then the table."""
    trouble = lab.why_not()
    missing = {
        peer.partition("-")[0]
        for peer in peers
        if peer != "mon" and shutil.which(PEERS[peer][2][0], path="/usr/sbin:/usr/bin") is None
    }
    if trouble or missing:
        print(trouble or f"not installed: apt-get install {' '.join(sorted(missing))}", file=sys.stderr)
        return 77
    rows: dict[str, list[Row]] = {peer: [] for peer in peers}
    for number in range(rounds):
        for peer in peers:
            found = played(peer)
            if found is None:
                return 1
            rows[peer] += found
            if file:
                Path(file).write_text(json.dumps(rows))
            print(f"round {number + 1} of {rounds}: {peer}", file=sys.stderr, flush=True)
    print(f"{'director':<13} {'fault':<14} {'removed, s':>15} {'returned, s':>15} {'failed':>9}  n")
    for fault in FAULTS:
        for peer in peers:
            show(peer, fault, rows[peer])
    print("median / maximum; failed: requests that failed, per fault")
    return 0


def played(peer: str) -> list[Row] | None:
    """One guest; None when something went wrong, which is said."""
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as out:
        with open(f"{out}/console", "wb") as console:
            words = [sys.executable, str(Path(__file__).resolve()), "--guest", peer]
            status, _ = lab.run(words, 300, out=out, cwd=str(LAB.parents[1]), stdout=console)
        if status == 0:
            rows: list[Row] = json.loads(Path(out, "rows.json").read_text())
            return rows
        for name in ("console", "director.log"):
            print(Path(out, name).read_text(errors="replace")[-3000:], file=sys.stderr)
        return None


def show(peer: str, fault: str, rows: list[Row]) -> None:
    """One line of the table."""
    those = [row for row in rows if row["fault"] == fault]
    cells = [spread([row[column] for row in those]) for column in ("removed", "returned")]
    failed = [row["failed"] for row in those]
    counts, head = f"{statistics.median(failed):g} / {max(failed)}", f"{peer:<13} {FAULTS[fault]:<14}"
    print(f"{head} {cells[0]:>15} {cells[1]:>15} {counts:>9}  {len(those)}", flush=True)


def spread(values: list[float | None]) -> str:
    """Median and maximum; ``never`` if it was not seen."""
    if None in values:
        return f"never ({values.count(None)}x)"
    seen = [value for value in values if value is not None]
    return f"{statistics.median(seen):.2f} / {max(seen):.2f}"


# -- in the guest ---------------------------------------------------------------------------------


class Watching(threading.Thread):
    """Every change of the director's table with its time."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.now: dict[str, int] = {}
        self.history: list[tuple[float, dict[str, int]]] = []

    def run(self) -> None:
        netlab.setns("/run/netns/lb1")
        while True:
            at = time.monotonic()
            with open("/proc/thread-self/net/ip_vs") as file:
                table = netlab.tables(file.read()).get("192.168.1.100:80", {})
            if table != self.now:
                self.history.append((at, table))
                self.now = table
            time.sleep(0.01)

    def serves(self, server: str) -> bool:
        return self.now.get(server, 0) > 0

    def changed(self, since: float, server: str, *, serves: bool) -> float | None:
        """Seconds until the server was in, or out; None if it never was."""
        for at, table in self.history:
            if at >= since and (table.get(server, 0) > 0) is serves:
                return at - since
        return None


def guest(peer: str) -> None:
    """All faults under one director; writes /out/rows.json."""
    net = netlab.Lab("nat")
    net.start_all()
    watching = Watching()
    watching.start()
    director = start(peer)
    servers = [f"{address}:80" for address in SERVERS]
    wait(lambda: all(map(watching.serves, servers)), 60, "all servers to be in")
    time.sleep(4)
    words = [sys.executable, str(LAB / "client.py"), "/out/client.log", str(RATE), netlab.VIP, "2"]
    client = netlab.spawn("client", words)
    time.sleep(4)
    rows = [one(net, watching, fault) for fault in FAULTS for _ in range(TIMES[fault])]
    client.terminate()
    client.wait()
    director.terminate()
    requests = [line.split(None, 3) for line in Path("/out/client.log").read_text().splitlines()]
    for row in rows:
        bad = [r for r in requests if row["began"] <= float(r[0]) < row["ended"] and r[2] != "200"]
        row["failed"] = len(bad)
    Path("/out/rows.json").write_text(json.dumps(rows))


def start(peer: str) -> "subprocess.Popen[bytes]":
    """The director, in its namespace, with its configuration."""
    text, real, words = PEERS[peer]
    os.makedirs("/run/lab/mon", exist_ok=True)
    reals = "\n".join(real.format(host=host) for host in SERVERS)
    path = Path(f"/run/lab/{peer}.conf")
    path.write_text(text.format(hosts=" ".join(SERVERS), reals=reals))
    command = [word.format(path) for word in words]
    with open("/out/director.log", "wb") as log:
        process: subprocess.Popen[bytes] = netlab.spawn(
            "lb1", command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    return process


def one(net: netlab.Lab, watching: Watching, fault: str) -> Row:
    """One fault, from all well to all well."""
    server = f"{net.rs[VICTIM]}:80"
    wait(lambda: watching.serves(server), 30, "the server to be in")
    time.sleep(random.random())
    began = time.monotonic()
    strike(net, fault, True)
    wait(lambda: not watching.serves(server), 20)
    time.sleep(3 + random.random())
    mended = time.monotonic()
    strike(net, fault, False)
    wait(lambda: watching.serves(server), 40)
    time.sleep(2)
    return {
        "fault": fault,
        "began": began,
        "ended": time.monotonic(),
        "removed": watching.changed(began, server, serves=False),
        "returned": watching.changed(mended, server, serves=True),
    }


def strike(net: netlab.Lab, fault: str, on: bool) -> None:
    """Break the victim, or mend it."""
    if fault == "500":
        net.rs_fail(VICTIM, on)
    elif fault == "cable":
        net.cable(net.rs_port(VICTIM), not on)
    elif on:
        net.rs_kill(VICTIM)
    else:
        net.rs_start(VICTIM)


def wait(true: Callable[[], bool], seconds: float, what: str = "") -> None:
    """Until it is true; after ``seconds`` an error if there is a word for it."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            if what:
                raise SystemExit(f"waited {seconds} s for {what}")
            return
        time.sleep(0.02)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="ROUNDS PEER")
    parser.add_argument("--json", default="", metavar="FILE", help="keep what was measured")
    parser.add_argument("--guest", metavar="PEER", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    if given.guest:
        guest(given.guest)
        sys.exit(0)
    number = int(given.words.pop(0)) if given.words and given.words[0].isdigit() else ROUNDS
    sys.exit(main(number, given.words or list(PEERS), given.json))
