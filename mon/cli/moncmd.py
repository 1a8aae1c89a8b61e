"""``moncmd``: give commands to a mon that runs, over its classic port, and print what it answers.

The options and the output are those of the program that came with the classic mon, so scripts go on working.
"""

import getopt
import getpass
import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from mon.cli.output import guarded, say_bytes, say_text
from mon.errors import MonError

USAGE = """\
usage: moncmd [-a] [-l login] [-s host] [-p port] [-f file] [-e] [command...]

Without a command, or with -f, commands are read from standard input or the file ("-": standard input), a
line each.

  -a         log in first: the password is asked for; where there is no terminal, the lines user=NAME and
             pass=PASSWORD are read before the commands
  -l LOGIN   the name to log in with (default: yours)
  -s HOST    where mon runs (default: $MONHOST, or localhost)
  -p PORT    its port or the name of a service (default: the service mon, or 2583)
  -e         end with status 1 if mon refused one of the commands (else: only if it cannot be asked)

The commands are those of mon's protocol, as: list opstatus, disable host NAME, ack WATCH SERVICE TEXT."""

PORT = 2583
CONNECT_SECONDS = 10.0
REPLY_SECONDS = 120.0
FINAL = re.compile(rb"\d{3}\s")
CREDENTIAL = re.compile(rb"(user|pass)=(\S+)\s*", re.IGNORECASE)


class MoncmdError(MonError):
    """What ends the program: no server, no password, a refused login."""


@dataclass(slots=True)
class Wishes:
    """The command line, read."""

    command: Sequence[str] = ()
    authenticate: bool = False
    login: str = ""
    host: str = "localhost"
    port: str = ""
    file: str = ""
    strict: bool = False
    help: bool = False


@dataclass(slots=True)
class Connection:
    """One conversation with a mon."""

    socket: socket.socket
    stream: BinaryIO = field(init=False)

    def __post_init__(self) -> None:
        self.stream = self.socket.makefile("rb")

    def ask(self, command: bytes) -> list[bytes]:
        """The lines of the answer, the final one last.

        Raises MoncmdError when the answer is cut off.
        """
        try:
            self.socket.sendall(command + b"\n")
            lines: list[bytes] = []
            while line := self.stream.readline():
                lines.append(line.rstrip(b"\r\n"))
                if FINAL.match(line):
                    return lines
        except OSError as error:
            raise MoncmdError(f"no answer: {error.strerror or error}") from error
        raise MoncmdError("the server closed the connection")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    return guarded(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    try:
        wishes = read(sys.argv[1:] if arguments is None else arguments)
        if wishes.help:
            say_text(USAGE)
            return 0
        return carry_out(wishes)
    except getopt.GetoptError as error:
        say_text(f"moncmd: {error}\n{USAGE}", error=True)
        return 2
    except MoncmdError as error:
        say_text(f"moncmd: {error}", error=True)
        return 1
    except KeyboardInterrupt:
        return 130


def read(arguments: Sequence[str]) -> Wishes:
    """The options end at the first word that is none, as of old: a command may have dashes.

    Raises getopt.GetoptError.  -d and -r are known, and have never done anything.
    """
    options, command = getopt.getopt(list(arguments), "ahf:l:s:p:rde")
    given = dict(options)
    return Wishes(
        command,
        authenticate="-a" in given,
        login=given.get("-l", ""),
        host=given.get("-s") or os.environ.get("MONHOST") or "localhost",
        port=given.get("-p", ""),
        file=given.get("-f", ""),
        strict="-e" in given,
        help="-h" in given,
    )


def carry_out(wishes: Wishes) -> int:
    """Connect, log in, give the commands, print the answers."""
    lines = _commands(wishes)
    login = b""
    if wishes.authenticate:
        login, lines = _login(wishes, lines)
    refused = False
    with _connect(wishes.host, wishes.port) as connected:
        connection = Connection(connected)
        if login and not connection.ask(login)[-1].startswith(b"220"):
            raise MoncmdError("could not authenticate")
        for line in lines:
            if not line.strip():
                continue
            answer = connection.ask(line)
            say_bytes(b"".join(each + b"\n" for each in answer))
            refused |= not answer[-1].startswith(b"220")
            if line.split()[0].lower() in (b"quit", b"term"):
                break  # nobody is there any more
        else:
            connection.ask(b"quit")
    return int(refused and wishes.strict)


def _commands(wishes: Wishes) -> Iterator[bytes]:
    """The lines of the command line, of the file, or of standard input."""
    if wishes.file and wishes.file != "-":
        try:
            return _lines(open(wishes.file, "rb"))
        except OSError as error:
            raise MoncmdError(f"could not open input file: {error.strerror}") from error
    if wishes.command and not wishes.file:
        return iter([" ".join(wishes.command).encode(errors="surrogateescape")])
    if not wishes.file and sys.stdin.isatty():
        raise MoncmdError("no command given, and standard input is a terminal (-f - reads it even so)")
    return _lines(sys.stdin.buffer)


def _lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    return (line.rstrip(b"\r\n") for line in stream)


def _login(wishes: Wishes, lines: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The command that logs in, and what is left of the lines.

    Raises MoncmdError when the name or the password is missing.
    """
    user, password, rest = wishes.login.encode(), b"", lines
    if sys.stdin.isatty():
        user = user or getpass.getuser().encode()
        password = getpass.getpass().encode()
    else:
        found, first = _credentials(_lines(sys.stdin.buffer) if wishes.command else lines)
        user, password = user or found.get(b"user", b""), found.get(b"pass", b"")
        rest = lines if wishes.command else (line for part in ((first,), lines) for line in part)
    if not (user and password):
        raise MoncmdError("inadequate authentication information supplied")
    return b"login " + user + b" " + password, rest


def _credentials(lines: Iterator[bytes]) -> tuple[dict[bytes, bytes], bytes]:
    """What ``user=`` and ``pass=`` say in the first lines, and the line after them."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        match = CREDENTIAL.fullmatch(line)
        if match is None:
            return found, line
        found.setdefault(match[1].lower(), match[2])
    return found, b""


def _connect(host: str, port: str) -> socket.socket:
    try:
        connected = socket.create_connection((host, _port(port)), timeout=CONNECT_SECONDS)
    except OSError as error:
        raise MoncmdError(f"could not connect to {host}: {error.strerror or error}") from error
    connected.settimeout(REPLY_SECONDS)
    return connected


def _port(given: str) -> int:
    if given.isdigit():
        return int(given)
    try:
        return socket.getservbyname(given or "mon", "tcp")
    except OSError as error:
        if given:
            raise MoncmdError(f"there is no service {given}") from error
        return PORT


if __name__ == "__main__":
    sys.exit(main())
