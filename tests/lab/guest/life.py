"""One life between two power cuts: the real daemon through an outage, its state on the disk /dev/ubda.

    life.py NUMBER SEED MODE        MODE: on (until the power fails), last (until all is told), ``careless``
                                    beside it: SQLite does not wait for the disk

The world outlives the power: it is in /out, and each line of it is synced before it counts.

``flips``     services that went down and came back, in order     ``arrivals`` messages, as they were received
``acted``     actions that were carried out                        ``words``    operator's words that were taken
``found``     what stood in state.db at each power-on              ``wrong``    what this script saw go wrong
"""

import contextlib
import http.server
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

OUT, DISK, PORT = Path("/out"), Path("/run/disk"), 8025
SERVICES = {"one": 7001, "two": 7002, "three": 7003}
PATIENCE = 60.0
"""Seconds for something that must happen."""

CONFIG = f"""\
statedir = {DISK}
alertdir = /run/life
alertretry = 200ms..500ms for 1h

hostgroup web 127.0.0.1

virtual pool 127.0.0.1:80
    balancer memory
    real 127.0.0.1 weight 1

watch web
"""

SERVICE = f"""\
    service {{name}}
        interval 200ms
        monitor tcp.monitor -p {{port}} -t 10
        period
            numalerts 1
            alert webhook.alert http://127.0.0.1:{PORT}/
            upalert webhook.alert http://127.0.0.1:{PORT}/
            alert act.alert down
            upalert act.alert up
"""

ACTION = """\
#!/bin/sh
echo "$MON_SERVICE $MON_ALERTTYPE $MON_LAST_FAILURE" >> /out/acted
exec sync /out/acted
"""


def note(name, line):
    """A line of the world, on the host's disk when this returns."""
    with open(OUT / name, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def noted(name):
    file = OUT / name
    return file.read_text().splitlines() if file.exists() else []


def mount():
    """The disk, so that only what is synced outlives a power cut: nothing else is ever written to it."""
    Path("/proc/sys/vm/dirty_writeback_centisecs").write_text("0")
    Path("/proc/sys/vm/dirty_expire_centisecs").write_text("360000")
    DISK.mkdir()
    subprocess.run(["mount", "-t", "ext4", "-o", "commit=3600", "/dev/ubda", DISK], check=True)


def table():
    """(id, stage, why) of all that was ever decided, and whether the file is whole; read from a copy."""
    with tempfile.TemporaryDirectory() as aside:
        for name in ("state.db", "state.db-wal"):
            if (DISK / name).exists():
                shutil.copy(DISK / name, aside)
        if not Path(aside, "state.db").exists():
            return [], "ok"
        with contextlib.closing(sqlite3.connect(f"{aside}/state.db")) as db:
            whole = db.execute("PRAGMA integrity_check").fetchone()[0]
            rows = "SELECT id, stage, why FROM outbox ORDER BY seq"
            there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone()
            return (db.execute(rows).fetchall() if there else []), whole


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes messages, now and then slowly, so that cuts find some under way."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        arrival = {
            "life": LIFE,
            "id": self.headers["Idempotency-Key"],
            "service": body["service"],
            "type": body["type"],
            "report": body["summary"].startswith("not delivered"),
        }
        note("arrivals", json.dumps(arrival))
        time.sleep(random.choice((0.0, 0.0, 0.1, 0.4)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


class World:
    """The services that are checked: each is up or down as the flips say."""

    def __init__(self):
        self.sockets = {}
        for name in SERVICES:
            self.shape(name)

    def flips(self, name):
        return noted("flips").count(name)

    def shape(self, name):
        up = self.flips(name) % 2 == 0
        if up and name not in self.sockets:
            self.sockets[name] = socket.create_server(("127.0.0.1", SERVICES[name]), backlog=4096)
        elif not up and name in self.sockets:
            self.sockets.pop(name).close()

    def flip(self, name):
        note("flips", name)
        self.shape(name)

    def told(self, name):
        """How many of its changes were told."""
        lines = map(json.loads, noted("arrivals"))
        return len({each["id"] for each in lines if each["service"] == name and not each["report"]})

    def ready(self, name):
        """Was the last change told, so that another can be told from it?"""
        return self.told(name) >= self.flips(name)


class Operator:
    """Says words; what was taken must be there for ever."""

    def __init__(self, path):
        from mon.control.asking import ask

        self.ask = lambda *words, **more: ask(path, *words, **more)
        said = [each["why"] for each in self.ask("pool-words")]
        last = int(noted("words")[-1]) if noted("words") else 0
        if max((int(why) for why in said), default=0) < last:
            note("wrong", f"life {LIFE}: word {last} of the operator is lost, there is {said}")
        self.next = max([last, *map(int, said)]) + 1

    def speak(self):
        words = {"pool": "pool", "verb": "weight", "server": "127.0.0.1", "weight": self.next}
        self.ask("pool-word", **words, why=str(self.next))
        note("words", str(self.next))
        self.next += 1


def daemon(careless, may_start):
    """In a process of its own: ``mon run``."""
    from mon.cli import main
    from mon.store import state

    if careless:
        opened = state.open_database
        state.open_database = lambda *them, **_: opened(*them, synchronous="OFF")
    os.read(may_start, 1)
    log = os.open("/out/mon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    status = 1
    try:
        status = main(["run", "-c", "/run/life/mon.cf"])
    finally:
        os._exit(status)


def files():
    top = Path("/run/life")
    top.mkdir()
    services = "".join(SERVICE.format(name=name, port=port) for name, port in SERVICES.items())
    (top / "mon.cf").write_text(CONFIG + services)
    (top / "act.alert").write_text(ACTION)
    (top / "act.alert").chmod(0o755)


def wait(true, what):
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            note("wrong", f"life {LIFE}: waited in vain until {what}")
            return
        time.sleep(0.05)


def listens():
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(DISK / "mon.sock"))
        return True
    return False


def drained():
    stages = {stage for _, stage, _ in table()[0]}
    return not stages & {"waiting", "retry", "in flight"}


def outage(world, operator, chance):
    """One thing after another, until the power fails."""
    while True:
        time.sleep(chance.uniform(0.1, 0.5))
        name = chance.choice(list(SERVICES))
        if world.ready(name):
            world.flip(name)
        if chance.random() < 0.4:
            operator.speak()


def end(world, pid):
    """All up, all told, all sent; the daemon ends, and what it knew is written down."""
    for name in SERVICES:
        wait(lambda name=name: world.ready(name), f"{name} is told")
        if world.flips(name) % 2:
            world.flip(name)
    for name in SERVICES:
        wait(lambda name=name: world.ready(name), f"{name} is told")
    wait(drained, "the outbox is empty")
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    rows, whole = table()
    (OUT / "table").write_text(json.dumps({"rows": rows, "whole": whole}))


def main(seed, mode, careless):
    mount()
    rows, whole = table()
    stages = Counter(stage for _, stage, _ in rows)
    sent = [id_ for id_, stage, _ in rows if stage == "sent"]
    note("found", json.dumps({"life": LIFE, "sent": sent, "whole": whole, "stages": stages}))
    files()
    may_start, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        daemon(careless, may_start)
    world = World()
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    os.write(go, b"!")
    wait(listens, "the daemon listens")
    operator = Operator(DISK / "mon.sock")
    note("up", str(LIFE))
    if mode == "last":
        end(world, pid)
    else:
        outage(world, operator, random.Random(f"{seed}/{LIFE}"))


if __name__ == "__main__":
    LIFE = int(sys.argv[1])
    main(sys.argv[2], sys.argv[3], "careless" in sys.argv)
