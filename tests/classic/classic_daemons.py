"""The classic mon and ours, each on its own ports in a directory of its own, asked as clients do."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from classic_servers import PATIENCE, free_port

REAL = "/usr/sbin/mon"
OURS = (sys.executable, "-m", "mon")
COMMANDS = """\
ack clear disable enable get list loadstate reload reset savestate servertime set start stop term test"""
AUTH = (
    "command section\n"
    + "".join(f"{word}: all\n" for word in COMMANDS.split())
    + """\
trap section
127.0.0.1 * *
"""
)
GLOBALS = "serverbind = 127.0.0.1\ntrapbind = 127.0.0.1\n"


class Site:
    """A directory as a site of the classic mon has it, and the ports of its daemon."""

    def __init__(self, top: Path, config: str, *, auth: str = AUTH) -> None:
        self.top, self.port, self.trapport = top, free_port(), free_port()
        for name in ("mon.d", "alert.d", "state", "log"):
            (top / name).mkdir(parents=True, exist_ok=True)
        self.config = top / "mon.cf"
        self.config.write_text(f"{GLOBALS}\n{config}")
        (top / "auth.cf").write_text(auth)

    def program(self, place: str, text: str) -> Path:
        """A plugin: a shell script, or whatever its first line says."""
        path = self.top / place
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def words(self, *more: str) -> list[str]:
        """The command line that both understand."""
        where = {"-c": "mon.cf", "-D": "state", "-L": "log", "-A": "auth.cf", "-P": "pid", "-b": "", "-B": ""}
        named = [word for letter, name in where.items() for word in (letter, str(self.top / name))]
        return [*named, *self.plugins(), "-p", str(self.port), "-t", str(self.trapport), *more]

    def plugins(self) -> tuple[str, ...]:
        """Where its plugins are, as ``mon check`` takes it too."""
        mondir, alertdir = f"{self.top}/mon.d:/usr/lib/mon/mon.d", f"{self.top}/alert.d:/usr/lib/mon/alert.d"
        return ("-s", mondir, "-a", alertdir)

    def settings(self) -> str:
        """The same as lines of mon.cf, for ``mon run``."""
        return (
            f"statedir = {self.top}/state\nlogdir = {self.top}/log\nauthfile = {self.top}/auth.cf\n"
            f"mondir = {self.top}/mon.d\nalertdir = {self.top}/alert.d\n"
            f"serverport = {self.port}\ntrapport = {self.trapport}\n"
        )


class Daemon:
    """A running daemon of a site, ``program`` being REAL's or OURS' words."""

    def __init__(
        self, site: Site, program: tuple[str, ...], *more: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.site = site
        with (site.top / "said").open("ab") as said:
            self.process = subprocess.Popen(
                [*program, "-c", str(site.config)] if "run" in program else [*program, *site.words(*more)],
                cwd=site.top, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, "TZ": "UTC", **(environment or {})}, start_new_session=True,
            )  # fmt: skip
        until(self._answers, self)

    def _answers(self) -> bool:
        assert self.process.poll() is None, str(self)
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.site.port)) == 0

    def ask(self, *commands: str) -> list[str]:
        """The lines of the last of these commands, the final one last."""
        return self.replies(*commands)[-1]

    def replies(self, *commands: str) -> list[list[str]]:
        """The lines of each of these commands, sent over one connection one after the other."""
        with socket.create_connection(("127.0.0.1", self.site.port), timeout=PATIENCE) as client:
            stream, replies = client.makefile("rb"), list[list[str]]()
            for command in commands:
                client.sendall(f"{command}\n".encode())
                replies.append([])
                while not (replies[-1] and re.match(r"\d{3} ", replies[-1][-1])):
                    line = stream.readline()
                    assert line, f"{command}: closed after {replies[-1]}\n{self}"
                    replies[-1].append(line.decode().rstrip("\n"))
        return replies

    def status(self, *words: str) -> dict[str, dict[str, str]]:
        """The status lines by ``watch/service``, as fields."""
        return fields_of(self.ask(" ".join(("list", "opstatus", *words))))

    def run(self, *services: str) -> None:
        """Have the monitors of ``watch/service`` run now, and wait for their results."""
        before = {name: one["last_check"] for name, one in self.status().items()}
        while int(time.time()) <= max(int(before[name] or 0) for name in services):
            time.sleep(0.05)  # else the new time would look like the old one
        self.ask(*(f"test monitor {name.replace('/', ' ')}" for name in services))
        until(
            lambda: all(
                one["last_check"] != before[name] and one["monitor_running"] == "0"
                for name, one in self.status().items()
                if name in services
            ),
            self,
        )

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Whatever it takes, children too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def __str__(self) -> str:
        return (self.site.top / "said").read_text(errors="replace")


def fields_of(reply: list[str]) -> dict[str, dict[str, str]]:
    """Status lines by ``watch/service``, as fields."""
    *lines, final = reply
    assert final.startswith("220 "), final
    found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
    return {f"{one['group']}/{one['service']}": one for one in found}


@contextlib.contextmanager
def serving(
    site: Site, program: tuple[str, ...], *more: str, environment: Mapping[str, str] | None = None
) -> Iterator[Daemon]:
    """The daemon, ended at the end."""
    daemon = Daemon(site, program, *more, environment=environment)
    try:
        yield daemon
    finally:
        daemon.kill()


def classic() -> tuple[str, ...]:
    """The words that start the real one; None of it here: the test is skipped."""
    import pytest

    if shutil.which(REAL) is None:
        pytest.skip("Debian's mon is not installed")
    return (REAL,)


def until(true: Callable[[], Any], what: object, seconds: float = PATIENCE) -> Any:
    """Wait until it is true; what it returned."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return value


def of_both(site: Callable[[str], Site], look: Callable[[Daemon], Any]) -> dict[str, Any]:
    """What ``look`` finds with the real mon and with ours, which run side by side at sites of their own."""

    def found(name: str, program: tuple[str, ...]) -> Any:
        with serving(site(name), program) as daemon:
            return look(daemon)

    programs = {"real": classic(), "ours": OURS}
    with ThreadPoolExecutor() as pool:
        return dict(zip(programs, pool.map(found, programs, programs.values()), strict=True))
