"""One scripted outage of a real daemon that is killed (-9) at random, and what must hold at its end."""

import http.server
import json
import os
import random
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from forkserver import ForkServer, Life

SERVICES = ("one", "two", "three")
PATIENCE = 30.0
"""Seconds for something that must happen; a busy machine is slow."""

CONFIG = """\
statedir = {top}/state
alertdir = {top}
alertretry = 50ms..200ms for 1h

hostgroup web {address}

watch web
"""

SERVICE = """\
    service {name}
        interval 100ms
        monitor tcp.monitor -p {port} -t 10
        period
            numalerts 1
            alert webhook.alert http://127.0.0.1:{hook}/
            upalert webhook.alert http://127.0.0.1:{hook}/
            alert act.alert down
            upalert act.alert up
"""

ACTION = """\
#!/bin/sh
echo "$MON_SERVICE $MON_ALERTTYPE" >> {top}/acted
"""

NOTED_LATE = 0.5
"""Seconds that a message may wait in the receiver's socket until its arrival is noted."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the receiver got it."""

    at: float
    id: str
    service: str
    type: str
    report: bool


@dataclass(slots=True)
class Result:
    """What is wrong with a run, and what was counted.

    ``messages`` arrived of the ``expected``; ``duplicates`` came twice because they were under way when the
    daemon was killed, ``duplicates_otherwise`` for no such reason; ``disorder`` are services that were told
    in another order.
    """

    seed: int
    wrong: list[str] = field(default_factory=list)
    outages: int = 1
    kills: int = 0
    expected: int = 2 * len(SERVICES)
    messages: int = 0
    lost: int = 0
    duplicates: int = 0
    duplicates_otherwise: int = 0
    disorder: int = 0
    actions: int = 0
    actions_expired: int = 0
    actions_repeated: int = 0


class Receiver:
    """Takes messages by HTTP, now and then slowly, so that kills find some under way."""

    def __init__(self, chance: random.Random) -> None:
        self.arrivals: list[Arrival] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                report = body["summary"].startswith("not delivered")
                arrival = Arrival(
                    time.monotonic(), self.headers["Idempotency-Key"], body["service"], body["type"], report
                )
                receiver.arrivals.append(arrival)
                time.sleep(chance.choice((0.0, 0.0, 0.02, 0.1)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Silent."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def has(self, type: str) -> bool:
        """Was every service told of?"""
        return set(SERVICES) <= {a.service for a in self.arrivals if a.type == type and not a.report}


ADDRESS = f"127.{100 + os.getpid() // 65025 % 100}.{os.getpid() // 255 % 255}.{1 + os.getpid() % 254}"
"""Of this process alone: while a port of ours refuses, nobody else may be given it."""

BACKLOG = 4096
"""Connections that nobody accepts: minutes of checks."""


class Port:
    """A TCP port that answers or refuses."""

    def __init__(self) -> None:
        self._socket = socket.create_server((ADDRESS, 0), backlog=BACKLOG)
        self.number = int(self._socket.getsockname()[1])

    def down(self) -> None:
        self._socket.close()

    def up(self) -> None:
        self._socket = socket.create_server((ADDRESS, self.number), backlog=BACKLOG)


class Outage:
    """The script: all is well, services fail one after another, come back; kills in between."""

    def __init__(self, forkserver: ForkServer, seed: int) -> None:
        self.chance = random.Random(seed)
        self.result = Result(seed)
        self.top = Path(tempfile.mkdtemp(prefix="mon-crash-"))
        self.receiver = Receiver(self.chance)
        self.ports = {name: Port() for name in SERVICES}
        self.recorded: list[tuple[float, frozenset[str]]] = []  # at each kill: what was noted as sent
        self._forkserver = forkserver
        self._configure()

    def _configure(self) -> None:
        (self.top / "state").mkdir()
        services = "".join(
            SERVICE.format(name=name, port=port.number, hook=self.receiver.port)
            for name, port in self.ports.items()
        )
        (self.top / "mon.cf").write_text(CONFIG.format(top=self.top, address=ADDRESS) + services)
        action = self.top / "act.alert"
        action.write_text(ACTION.format(top=self.top))
        action.chmod(0o755)

    def play(self) -> Result:
        """Run it; the result says what is wrong."""
        self.life = self._start()
        try:
            self._pause(0.6)
            for port in self._staggered():
                port.down()
            self._kills()
            self._wait(lambda: self.receiver.has("failure"), "every failure was told")
            self._kills()
            for port in self._staggered():
                port.up()
            self._kills()
            self._wait(lambda: self.receiver.has("up"), "every recovery was told")
            self._wait(self._drained, "the outbox is empty")
        finally:
            self.life.kill()
            self.receiver.close()
        self._judge()
        if not self.result.wrong:
            shutil.rmtree(self.top)
        return self.result

    def _start(self) -> Life:
        return self._forkserver.start(self.top / "mon.cf", self.top / "log")

    def _pause(self, longest: float) -> None:
        time.sleep(self.chance.uniform(0.0, longest))

    def _staggered(self) -> list[Port]:
        ports = list(self.ports.values())
        self.chance.shuffle(ports)
        return ports

    def _kills(self) -> None:
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            self._pause(0.7)
            if self.life.ended:
                self.result.wrong.append("the daemon ended by itself")
            self.life.kill()
            self.result.kills += 1
            self.recorded.append((time.monotonic(), frozenset(self._rows("sent"))))
            self.life = self._start()

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end or self.life.ended:
                ended = " (the daemon has ended)" if self.life.ended else ""
                self.result.wrong.append(f"waited in vain until {what}{ended}")
                return
            time.sleep(0.02)

    def _drained(self) -> bool:
        stages = Counter(stage for _, stage, _ in self._table())
        return bool(stages) and not {"waiting", "retry", "in flight"} & set(stages)

    def _rows(self, *stages: str) -> list[str]:
        return [alert for alert, stage, _ in self._table() if stage in stages]

    def _table(self) -> list[tuple[str, str, str]]:
        """(id, stage, why) of all that was ever decided, from a copy: the file is the daemon's."""
        with tempfile.TemporaryDirectory() as aside:
            for name in ("state.db", "state.db-wal"):
                if (self.top / "state" / name).exists():
                    shutil.copy(self.top / "state" / name, aside)
            try:
                with closing(sqlite3.connect(os.path.join(aside, "state.db"))) as db:
                    return db.execute("SELECT id, stage, why FROM outbox ORDER BY seq").fetchall()
            except sqlite3.Error:  # not there yet, or copied while it was being written
                return []

    # What must hold.

    def _judge(self) -> None:
        table = self._table()
        arrivals = sorted(self.receiver.arrivals, key=lambda arrival: arrival.at)
        told = [arrival for arrival in arrivals if not arrival.report]
        self.result.messages = len({arrival.id for arrival in told})
        self.result.lost = self.result.expected - len({(arrival.service, arrival.type) for arrival in told})
        self._nothing_is_lost(table, {arrival.id for arrival in arrivals})
        self._nothing_is_told_twice(arrivals)
        self._each_once_and_in_order(told)
        self._no_action_is_repeated(table)

    def _nothing_is_lost(self, table: list[tuple[str, str, str]], arrived: set[str]) -> None:
        for alert, stage, why in table:
            # Only an action may expire; every message has to arrive.
            if stage == "expired" and ("actions are not" in why or "its opposite" in why):
                self.result.actions_expired += 1
            elif stage != "sent":
                self.result.wrong.append(f"alert {alert} ended as {stage}: {why}")
        known = {alert for alert, _, _ in table}
        self.result.wrong += [f"message {one} was never decided" for one in arrived - known]

    def _nothing_is_told_twice(self, arrivals: list[Arrival]) -> None:
        """Only what was under way when the daemon was killed, and not noted as sent, comes again."""
        last: dict[str, float] = {}
        for arrival in arrivals:
            if arrival.id in last and self._was_under_way(arrival.id, last[arrival.id], arrival.at):
                self.result.duplicates += 1
            elif arrival.id in last:
                self.result.duplicates_otherwise += 1
                self.result.wrong.append(f"message {arrival.id} came again without need")
            last[arrival.id] = arrival.at

    def _was_under_way(self, id: str, first: float, again: float) -> bool:
        """Was the daemon killed between the two arrivals, with the first not noted as sent?

        On a busy machine the receiver notes an arrival after the end of who sent it.
        """
        return any(first - NOTED_LATE <= at <= again and id not in sent for at, sent in self.recorded)

    def _each_once_and_in_order(self, told: list[Arrival]) -> None:
        kinds: dict[str, list[str]] = defaultdict(list)
        ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        for arrival in told:
            kinds[arrival.service].append(arrival.type)
            ids[arrival.service, arrival.type].add(arrival.id)
        for service in SERVICES:
            if sorted(kinds[service]) != kinds[service]:  # failure comes before up in the alphabet too
                self.result.disorder += 1
                self.result.wrong.append(f"{service} was told in another order: {kinds[service]}")
        for (service, type_), which in ids.items():
            if len(which) > 1:
                self.result.wrong.append(f"{service}: {type_} was decided {len(which)} times")

    def _no_action_is_repeated(self, table: list[tuple[str, str, str]]) -> None:
        file = self.top / "acted"
        acted = Counter(file.read_text().splitlines()) if file.exists() else Counter[str]()
        self.result.actions = acted.total()
        self.result.actions_repeated = sum(times - 1 for times in acted.values())
        self.result.wrong += [f"action {what!r} was done {n} times" for what, n in acted.items() if n > 1]
        done, known = acted.total(), len(table)
        if done > known:
            self.result.wrong.append(f"{done} actions of {known} alerts")
