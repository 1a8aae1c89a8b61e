"""``mon trap``: tell a mon how one of its services is doing, as a classic trap."""

import argparse
import contextlib
import socket
import sys
import time
from pathlib import Path

from mon.control.datagrams import Trap, datagram
from mon.errors import ControlError

REFUSAL = 0.2
"""Seconds in which the other machine may say that nobody listens there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[options] GROUP SERVICE STATUS [SUMMARY...]``."""
    parser.add_argument("group", metavar="GROUP", help="the watch")
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("status", metavar="STATUS", type=int, help="like an exit status: 0 is ok")
    parser.add_argument("summary", metavar="SUMMARY", nargs="*", help="the first line")
    parser.add_argument("--detail", default="", metavar="TEXT", help="the other lines; - is standard input")
    parser.add_argument("--host", default="localhost", help="where mon runs (default: %(default)s)")
    parser.add_argument("--port", type=int, default=2583, help="its UDP port (default: %(default)s)")
    parser.add_argument(
        "--user", default="", metavar="NAME", help="a user of the trap section of its auth.cf"
    )
    parser.add_argument(
        "--password-file", metavar="FILE", help="its first line is the password; - is standard input"
    )


def run(arguments: argparse.Namespace) -> int:
    """Send it; 0 once it is on its way (traps are never answered)."""
    trap = Trap(
        arguments.group,
        arguments.service,
        arguments.status,
        " ".join(arguments.summary),
        sys.stdin.read() if arguments.detail == "-" else arguments.detail,
        arguments.user,
        _password(arguments.password_file),
    )
    if not 0 < arguments.port < 65536:
        raise ControlError(f"{arguments.port} is no port: write a number from 1 to 65535")
    if trap.status < 0:
        raise ControlError(f"{trap.status} is no status: write 0 for ok, 1 to 255 for a failure")
    send(datagram(trap, time.time()), arguments.host, arguments.port)
    return 0


def send(data: bytes, host: str, port: int) -> None:
    """Send a datagram.  Raises ControlError if it cannot be, or if the machine says that nobody wants it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        found.sort(key=lambda one: one[0] != socket.AF_INET)  # the classic mon hears IPv4 only
        with socket.socket(found[0][0], socket.SOCK_DGRAM) as line:
            line.settimeout(REFUSAL)
            line.connect(found[0][4])
            line.send(data)
            with contextlib.suppress(TimeoutError):
                line.recv(1)
    except ConnectionRefusedError as error:
        raise ControlError(f"nobody listens for traps at {host} port {port}") from error
    except (OSError, OverflowError) as error:
        raise ControlError(f"cannot send to {host} port {port}: {error}") from error


def _password(file: str | None) -> str:
    if file is None:
        return ""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise ControlError(f"cannot read the password from {file}: {error}") from error
    return text.partition("\n")[0]
