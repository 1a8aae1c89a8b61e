"""Files that people run, under the daemon started as the classic one, with plugins that only take notes."""

import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from real_things import PATIENCE, free_port, until

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = ("002-debian-very-simple", "003-debian-example", "043-yyuu-capistrano-mon-rendered")

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of configuration files is not here")

AUTH = "command section\nlist: all\ntest: all\nservertime: all\n"


class Classic:
    """The daemon on a file of the corpus; every plugin the file names is a program that fails and says so."""

    def __init__(self, file: Path, home: Path) -> None:
        for folder in ("plugins", "state"):
            (home / folder).mkdir()
        for name in {word for word in file.read_text().split() if word.endswith((".monitor", ".alert"))}:
            program = home / "plugins" / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> {home}/called\necho "$1"\nexit 1\n')
            program.chmod(0o755)
        (home / "auth.cf").write_text(AUTH)
        self.home, self.port = home, free_port()
        self.process = subprocess.Popen(self.command(file), stderr=subprocess.DEVNULL)

    def command(self, file: Path) -> list[str]:
        plugins, state = str(self.home / "plugins"), str(self.home / "state")
        places = ["-a", plugins, "-s", plugins, "-D", state, "-L", state, "-b", str(self.home)]
        ports = ["-p", str(self.port), "-t", str(free_port()), "-P", "", "-A", str(self.home / "auth.cf")]
        return [sys.executable, "-m", "mon", "-c", str(file), *places, *ports]

    def ask(self, line: str) -> list[str]:
        """A command's reply, without its final line."""
        with until(self._connection, "the daemon to listen") as connection:
            connection.sendall(f"{line}\nquit\n".encode())
            return connection.makefile().read().splitlines()[:-2]

    def _connection(self) -> socket.socket | None:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        return None

    def called(self) -> str:
        try:
            return (self.home / "called").read_text()
        except FileNotFoundError:
            return ""

    def close(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.mark.parametrize("name", FILES)
def test_a_file_from_the_field_runs_with_the_services_the_real_mon_has(name: str, tmp_path: Path) -> None:
    file = CORPUS / "mon.cf" / f"{name}.cf"
    theirs = json.loads((CORPUS / "mon-accepts-parsed.json").read_text())[f"mon.cf/{name}.cf"]
    services = sorted(f"{one['group']} {one['service']}" for one in theirs["services"])
    daemon = Classic(file, tmp_path)
    try:
        assert sorted(daemon.ask("list watch")) == services
        monitor = next(one for one in theirs["services"] if one["monitor"].strip("'"))
        daemon.ask(f"test monitor {monitor['group']} {monitor['service']}")
        program = monitor["monitor"].strip("'").split()[0]
        until(lambda: program in daemon.called(), program)
        assert daemon.process.poll() is None
    finally:
        assert daemon.close() == 1  # as the classic mon ends (PROTOCOL §12)
