"""Guest side: a daemon in lb1 on a configuration of a test's own, and everything to be seen and done there."""

import contextlib
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import netlab
from netlab import RS, VIP, VIP6, bare, endpoint
from watching import Client, Sampler, wait

from mon.control.asking import ask
from mon.errors import ControlError

PATIENCE = 20  # seconds; a busy machine's guest is slow
TOP = Path("/run/lab/stage")

HEAD = """\
statedir = {top}/state
alertdir = {top}
resync = {resync}

"""

POOL = """\
virtual {name} {vip}
    balancer   {balancer}
    scheduler  rr
    forward    {forward}
{lines}

"""

WATCH = """\
hostgroup {watch} {hosts}

watch {watch}
    service check
        interval {interval}
        monitor {monitor}
        period
            numalerts 1
            alert   file.alert {top}/told
            upalert file.alert {top}/told{lines}
{votes}

"""

VOTE = """\
            alert   lvs.alert {pool}{words}
            upalert lvs.alert {pool}{words}
"""


class ForkServer:
    """``lives.py`` in lb1."""

    def __init__(self) -> None:
        words = [sys.executable, f"{netlab.HERE}/lives.py"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = netlab.spawn("lb1", words, cwd=os.getcwd(), **pipes)

    def start(self, *words: object) -> int:
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class Stage:
    """The daemon of one test, the table it keeps and what it told."""

    def __init__(self, net: netlab.Lab, forkserver: ForkServer, sampler: Sampler) -> None:
        self.net, self.forkserver, self.sampler = net, forkserver, sampler
        self.top, self.log = TOP, Path(f"/out/{net.mode}-stage.log")
        shutil.rmtree(TOP, ignore_errors=True)
        (TOP / "state").mkdir(parents=True)
        self.handle = -1
        self.clients: list[Client] = []

    def client(self) -> Client:
        """Load from the client's namespace on the IPv4 address."""
        self.clients.append(Client(VIP))
        return self.clients[-1]

    # What mon.cf says.

    def head(self, resync: str = "500ms") -> str:
        return HEAD.format(top=self.top, resync=resync)

    def pool(
        self,
        name: str,
        port: int = 80,
        *lines: str,
        v6: bool = False,
        udp: bool = False,
        weight: int = 10,
        names: tuple[str, ...] = tuple(RS),
        balancer: str = "ipvs",
    ) -> str:
        """A virtual block; nginx listens on 80 and 8080 only, checks ask on 80."""
        servers = self.net.rs6 if v6 else self.net.rs
        reals = [f"real {bare(servers[each])} weight {weight}" for each in names]
        return POOL.format(
            name=name,
            vip=self.virtual(port, v6=v6) + (" udp" if udp else ""),
            balancer=balancer,
            forward="masq" if self.net.mode == "nat" else "gate",
            lines="\n".join(f"    {line}" for line in (*reals, *lines)),
        )

    def watch(
        self,
        name: str,
        *votes: str,
        monitor: str = "http.monitor -t 1 --status 200",
        interval: str = "300ms",
        lines: str = "",
        v6: bool = False,
    ) -> str:
        """A watch over the real servers; a vote is the name of a pool, and words behind it."""
        return WATCH.format(
            watch=name,
            hosts=" ".join((self.net.rs6 if v6 else self.net.rs).values()),
            interval=interval,
            monitor=monitor,
            top=self.top,
            lines=f"\n            {lines}" if lines else "",
            votes="".join(
                VOTE.format(pool=pool, words=f" {words}" if words else "")
                for pool, _, words in (vote.partition(" ") for vote in votes)
            ).rstrip(),
        )

    def virtual(self, port: int = 80, *, v6: bool = False) -> str:
        return endpoint(VIP6 if v6 else VIP, port)

    def real(self, name: str, port: int = 80, *, v6: bool = False) -> str:
        return endpoint((self.net.rs6 if v6 else self.net.rs)[name], port)

    # The daemon.

    def play(self, text: str, *words: str, fuse: str = "") -> None:
        """Write mon.cf and start."""
        self.write(text)
        self.start(*words, fuse=fuse)

    def write(self, text: str) -> None:
        (self.top / "mon.cf").write_text(text)

    def start(self, *words: str, fuse: str = "") -> None:
        pid = self.forkserver.start(self.top / "mon.cf", self.log, fuse, " ".join(words))
        self.pid, self.handle = pid, os.pidfd_open(pid)
        wait(lambda: self.ended(0) or self.answers(), PATIENCE, "the daemon to answer")
        assert not self.ended(0), "the daemon has ended"

    def answers(self) -> bool:
        with contextlib.suppress(ControlError):
            return bool(self.ask("pids"))
        return False

    def ended(self, seconds: float) -> bool:
        return bool(select.select([self.handle], [], [], seconds)[0])

    def end(self, number: int = signal.SIGTERM) -> None:
        """SIGTERM is an orderly stop, SIGKILL is none."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)
        self.gone()

    def gone(self) -> None:
        """Wait for its end."""
        assert self.ended(PATIENCE), "the daemon does not end"
        os.close(self.handle)
        self.handle = -1

    def ask(self, command: str, **words: object) -> Any:
        return ask(self.top / "state/mon.sock", command, **words)

    def try_to(self, command: str) -> None:
        """Ask for something that the daemon may die of."""
        with contextlib.suppress(ControlError, OSError):
            self.ask(command)

    def word(self, pool: str, verb: str, server: str, **words: object) -> str:
        """An operator's word: ``disable``, ``weight`` ... as `mon pool` passes it on."""
        return str(self.ask("pool-word", pool=pool, verb=verb, server=self.net.rs[server], **words)["said"])

    def reload(self, text: str) -> None:
        self.write(text)
        assert self.ask("reload")["ok"]

    # What is to be seen.

    def told(self, *words: str, by: str = "told") -> list[str]:
        """The alerts that have all these words (a subject begins with a capital)."""
        file = self.top / by
        lines = file.read_text().replace("POOL ", "pool ").splitlines() if file.exists() else []
        return [line for line in lines if all(word in line for word in words)]

    def logged(self, *words: str) -> list[str]:
        """The lines of this daemon's log that have all these words."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if all(word in line for word in words)]

    def view(self, pool: str) -> dict[str, Any]:
        """What `mon pool` shows of a pool."""
        return next(each for each in self.ask("pools") if each["name"] == pool)

    def kept(self, pool: str) -> dict[str, Any]:
        """What is on disk of a pool."""
        with contextlib.closing(sqlite3.connect(self.top / "state/state.db")) as db:
            found = db.execute("SELECT body FROM pool WHERE name = ?", (pool,)).fetchone()
        return {"drains": [], "servers": [], **json.loads(found[0] if found else "{}")}

    def owned(self, pool: str) -> set[str]:
        """The names of the servers that are known on disk to be ours."""
        addresses = {each["address"] for each in self.kept(pool)["servers"]}
        return {name for name, address in self.net.rs.items() if address in addresses}

    def now(self, port: int = 80, *, v6: bool = False) -> dict[str, int]:
        """The kernel's table of a virtual service, by the names of its servers."""
        return self.named(self.sampler.now, port, v6=v6)

    def named(self, tables: netlab.Tables, port: int = 80, *, v6: bool = False) -> dict[str, int]:
        names = {address: name for name, address in (self.net.rs6 if v6 else self.net.rs).items()}
        servers = tables.get(self.virtual(port, v6=v6), {})
        return {names.get(each.rpartition(":")[0].strip("[]"), each): w for each, w in servers.items()}

    def seen(self, port: int = 80, since: float = 0.0, *, v6: bool = False) -> list[dict[str, int]]:
        """Every state of a virtual service's table since a moment, without repetition."""
        states: list[dict[str, int]] = []
        before = [table for at, table in self.sampler.history if at < since][-1:]
        for table in before + [table for at, table in self.sampler.history if at >= since]:
            state = self.named(table, port, v6=v6)
            if [state] != states[-1:]:
                states.append(state)
        return states

    def until(self, wanted: dict[str, int], port: int = 80, *, v6: bool = False) -> float:
        """Wait until the table is this."""
        return wait(
            lambda: self.now(port, v6=v6) == wanted, PATIENCE, f"{wanted}, not {self.now(port, v6=v6)}"
        )

    def by_hand(self, *words: str) -> None:
        """ipvsadm, as somebody in a hurry would use it."""
        netlab.nsrun("lb1", ["ipvsadm", *words])

    def close(self) -> None:
        if self.handle >= 0:
            self.end(signal.SIGKILL)
        for client in self.clients:
            client.stop()
        with self.log.open("a") as log:
            log.writelines(f"told: {line}\n" for line in self.told())
        self.by_hand("-C")
        for name in RS:
            self.net.mend(name)
            self.net.rs_signal(name, signal.SIGCONT)


ALL = dict.fromkeys(RS, 10)
