"""Asking the daemon over its Unix socket (``unix`` answers): no loop, and little to import."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mon.errors import ControlError

_LONGEST_PATH = 107  # bytes of a Unix socket's name, unix(7)
_CONNECT = 5.0  # seconds


def ask(path: Path, command: str, **arguments: object) -> Any:
    """Send one command to the daemon and wait for its value; for programs without a loop.

    Raises ControlError when there is no daemon, or it says no.
    """
    request = json.dumps({"command": command} | arguments).encode() + b"\n"
    try:
        with connected(path) as connection, connection.makefile("rb") as replies:
            connection.sendall(request)
            reply = replies.readline()
    except PermissionError as error:
        raise ControlError(f"no permission for {path}: ask as root or as the daemon's user") from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise ControlError(f"the daemon is not running: nobody listens at {path}") from error
    except OSError as error:
        raise ControlError(f"the daemon does not answer at {path}: {error}") from error
    return _value(reply, path)


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """A connection to the socket ``path``."""
    with socket.socket(socket.AF_UNIX) as connection, short(path) as name:
        connection.settimeout(_CONNECT)
        connection.connect(name)
        connection.settimeout(None)  # a reload may resolve many names; a dead daemon closes the connection
        yield connection


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of the path that fits into a socket address, by way of its directory if it is too long."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _value(reply: bytes, path: Path) -> Any:
    try:
        answer = json.loads(reply)
    except ValueError as error:
        raise ControlError(f"the daemon at {path} hung up without an answer") from error
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer["value"]
