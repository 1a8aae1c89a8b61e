"""The port of the classic clients: TCP 2583, lines in, lines out (PROTOCOL §1).

Where the classic mon answered one command per packet, each command is answered as it is read.
"""

import logging
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from mon.control.classic import authfile, commands
from mon.control.classic.session import Gate, Session
from mon.control.connections import LineServer
from mon.control.operations import Operations
from mon.errors import ControlError

_log = logging.getLogger(__name__)

PORT = 2583


class ClassicServer:
    """Serves the protocol.  ``auth_file`` None lets everybody do everything; ``gate`` is what it says.

    ``idle`` is cltimeout in seconds, ``allow`` are the patterns of clientallow (none: everybody).
    Raises ControlError when the file cannot be used.
    """

    def __init__(
        self,
        operations: Operations,
        *,
        auth_file: Path | None = None,
        idle: float = 30.0,
        allow: Sequence[str] = (),
    ) -> None:
        self._operations = operations
        self.gate = Gate(authfile.load(auth_file) if auth_file else None, auth_file)
        self._lines = LineServer(self._opened, idle=idle)
        self.allow = tuple(allow)

    async def start(self, address: str = "", port: int = PORT) -> int:
        """Listen on an address ("" is all of them); returns the port, which 0 lets the system choose.

        Raises ControlError when that cannot be done.
        """
        listener = _listener(address, port)
        await self._lines.listen(listener)
        return int(listener.getsockname()[1])

    async def close(self, grace: float = 0.5) -> None:
        """End all connections, after the replies under way."""
        await self._lines.close(grace)
        self.gate.logins.close()

    def configure(self, *, idle: float, allow: Sequence[str]) -> None:
        """Take over what a reload says, for connections to come."""
        self._lines.idle = idle
        self.allow = tuple(allow)

    def _opened(self, connected: socket.socket) -> "_Client | None":
        peer = connected.getpeername()[0].removeprefix("::ffff:")
        if not permitted(peer, self.allow):
            _log.warning("a client at %s is not in clientallow", peer)
            return None
        return _Client(Session(self._operations, self.gate, address=peer))


class _Client:
    """One connection."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def over(self) -> bool:
        """Has the client quit?"""
        return self._session.over

    async def answer(self, line: bytes) -> bytes:
        """All lines of the reply."""
        try:
            reply = await commands.answer(self._session, line.decode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001 - a fault of ours in one command: the client is told, nobody else notices
            _log.exception("a command failed: %.200r", line)
            return self.refuse("command could not be executed")
        return "".join(f"{text}\n" for text in reply).encode("utf-8", "surrogateescape")

    def refuse(self, why: str) -> bytes:
        """A final line of failure."""
        return f"520 {why}\n".encode()


def permitted(address: str, patterns: Sequence[str]) -> bool:
    """Does one of the patterns match the whole address?  A plain dot in them stands for itself."""
    return not patterns or any(
        re.fullmatch(re.sub(r"(?<!\\)\.(?![*+?{])", r"\\.", pattern), address) for pattern in patterns
    )


def _listener(address: str, port: int) -> socket.socket:
    try:
        if address and ":" not in address:
            return socket.create_server((address, port), backlog=128)
        both = not address and socket.has_dualstack_ipv6()
        if both or address:
            return socket.create_server(
                (address, port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=both
            )
        return socket.create_server(("", port), backlog=128)
    except OSError as error:
        raise ControlError(f"cannot listen at {address or '*'} port {port}: {error.strerror}") from error
