"""Our own commands on a Unix socket: one JSON object per line, and one in return.

    {"command": "test", "watch": "web", "service": "http"}
    {"value": ...}     or     {"error": "..."}

The kernel says who is asking (SO_PEERCRED).  Root and the daemon's own user may do everything; anybody
else whom the mode of the socket lets in may only look.
"""

import json
import logging
import os
import pwd
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from mon.codec import encode
from mon.control.asking import connected, short
from mon.control.commands import COMMANDS
from mon.control.connections import LineServer
from mon.control.operations import Operations
from mon.errors import ControlError

_log = logging.getLogger(__name__)


class AnotherDaemon(ControlError):
    """Somebody listens there already."""


class UnixServer:
    """Answers on the socket ``path``, which has the permission bits ``mode`` while it is there."""

    def __init__(self, operations: Operations, path: Path, *, mode: int = 0o660, idle: float = 60.0) -> None:
        self._operations = operations
        self._path = path
        self._mode = mode
        self._lines = LineServer(self._opened, idle=idle)
        self._ours = False
        self._number: tuple[int, int] | None = None  # of the socket at the path that is ours

    async def start(self) -> None:
        """Listen.

        Raises ControlError when another daemon does already, or the socket cannot be made.
        """
        await self._begin()
        self._ours = True

    async def look(self) -> bool:
        """Listen, and anew when the socket was removed or replaced by something else; True if so.

        Conversations go on.  Raises ControlError.
        """
        begun = self._ours
        if begun and _number(self._path) == self._number:
            return False
        await self._begin()
        self._ours = True
        return begun

    async def _begin(self) -> None:
        listener = _listener(self._path, self._mode)
        self._number = _number(self._path)
        await self._lines.listen_instead(listener)

    async def close(self, grace: float = 0.5) -> None:
        """End all conversations, after the replies under way, and remove the socket."""
        await self._lines.close(grace)
        if self._ours and _number(self._path) == self._number:
            self._path.unlink(missing_ok=True)
        self._ours = False

    def _opened(self, connected: socket.socket) -> "_Requests":
        uid = peer_uid(connected)
        return _Requests(self._operations, uid, trusted=uid in (0, os.geteuid()))


class _Requests:
    """One client's requests, answered in turn."""

    over = False

    def __init__(self, operations: Operations, uid: int, *, trusted: bool) -> None:
        self._operations = operations
        self._uid = uid
        self._trusted = trusted

    async def answer(self, line: bytes) -> bytes:
        """One request; a mistake in it is an ``error``, never the end of the connection."""
        try:
            return encode({"value": await self._carry_out(_request(line))}) + b"\n"
        except ControlError as error:
            return self.refuse(str(error))
        except Exception:  # noqa: BLE001 - a fault of ours in one command: the client is told, nobody else notices
            _log.exception("a command failed: %.200r", line)
            return self.refuse("internal error; the daemon's log has the details")

    def refuse(self, why: str) -> bytes:
        """An answer that says no."""
        return encode({"error": why}) + b"\n"

    async def _carry_out(self, request: Mapping[str, object]) -> object:
        name = request.get("command")
        command = COMMANDS.get(name) if isinstance(name, str) else None
        if command is None:
            raise ControlError(f"no such command: {name!r:.100} (there are {', '.join(COMMANDS)})")
        if command.writes and not self._trusted:
            raise ControlError(f"{name}: only root and the daemon's own user may do that")
        return await command.run(self._operations, {**request, "who": _who(self._uid, request.get("sudo"))})


def peer_uid(connected: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    form = struct.Struct("3i")  # struct ucred: pid, uid, gid
    _, uid, _ = form.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, form.size))
    return int(uid)


def _who(uid: int, sudo: object) -> str:
    """The name of who is asking; root may say for whom it asks."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return f"{sudo:.40} ({name})" if uid == 0 and isinstance(sudo, str) and sudo.isprintable() else name


def _request(line: bytes) -> Mapping[str, object]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ControlError(f"not JSON: {error}") from error
    if not isinstance(request, dict):
        raise ControlError("not a JSON object")
    return request


def _listener(path: Path, mode: int) -> socket.socket:
    _clear(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listener.fileno(), 0o600)  # bind takes it over: nobody gets in before the mode is set
        with short(path) as name:
            listener.bind(name)
        path.chmod(mode)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ControlError(f"cannot listen at {path}: {error.strerror or error}") from error
    return listener


def _number(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _clear(path: Path) -> None:
    """Remove the socket that a daemon left when it was killed."""
    if not path.is_socket():
        if os.path.lexists(path):
            raise ControlError(f"cannot listen at {path}: what lies there is no socket: remove it")
        return
    try:
        with connected(path):
            raise AnotherDaemon(f"another daemon is running: it listens at {path}")
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ControlError(f"cannot tell whether a daemon listens at {path}: {error}") from error
