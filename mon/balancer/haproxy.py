"""HAProxy by its runtime API.  ``balancer haproxy SOCKET BACKEND``

SOCKET is the path of a stats socket of ``level admin``, or HOST:PORT.  A real server is the server line of
the backend with its address and port.  Weight 0 gets no new clients; one in maintenance counts as not
there, so *delete* is ``state maint`` and *add* is ``state ready``.  A real server that no line has takes a
free slot (a server ``mon1``, ``mon2`` ... in maintenance, see ``server-template``), else it is added (HAProxy
2.6 and newer, with a dynamic balancing algorithm), and deleted again when it leaves.
"""

import csv
import re
import socket
import time
from collections.abc import Sequence

from mon.balancer import each_applied
from mon.balancer.proxied import Told, check_service, no_forwarding, shared
from mon.balancer.reading import number, place, understood
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, Pool, ServerEntry, ServerId, Table, Verb, VirtualId, endpoint
from mon.model.source import Problem
from mon.pool.changes import describe
from mon.structs import Struct

LIMIT = 2.0
"""Seconds for one question and its answer."""

MOST, LINES = 4 << 20, 20_000
"""Bytes and lines of an answer: a server is a line of some 150."""

MAINTENANCE, DRAIN = 0x01 | 0x02 | 0x20, 0x08 | 0x10
"""Bits of srv_admin_state (HAProxy's management guide, "show servers state"): set here or by what it tracks,
or its name does not resolve."""

SLOT = re.compile(r"mon\d+")
OWN = "mon-"
"""Names of slots, and how the names of servers begin that we added ourselves."""

DONE = ("IP changed", "port changed", "no need to change", "New server registered", "Server deleted")
"""How answers begin that say what was done; of any other command the answer to success is empty."""


class _Server(Struct, frozen=True):
    """One server line of the backend as HAProxy has it now; ``base`` is the weight that the line gives."""

    name: str
    id: ServerId
    weight: int
    base: int
    maintenance: bool
    drained: bool
    active: int


class Haproxy:
    """One backend of a running HAProxy.  ``limit`` is in seconds for each question."""

    def __init__(self, address: str, backend: str) -> None:
        self.limit = LIMIT
        self._address = address
        self._backend = backend
        self._told = Told()

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """The backend as each of these virtual services (a pool has a backend for itself)."""
        servers = [
            ServerEntry(one.id, 0 if one.drained else one.weight, active=one.active)
            for one in sorted(self._servers(), key=lambda one: one.id)
            if not one.maintenance
        ]
        return {id_: self._told.table(id_, servers) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes in their order; see ``Balancer.apply``."""
        each_applied(changes, self._apply)

    def close(self) -> None:
        """Each question has a connection of its own."""

    def _apply(self, change: Change) -> None:
        if change.server is None:
            there = self.read([change.service.id])[change.service.id].service is not None
            check_service(change, there=there)
        else:
            try:
                self._edit(change.verb, change.server)
            except BalancerRefused as error:
                raise BalancerRefused(f"{describe(change)}: {error}") from error
        self._told.tell(change)

    def _edit(self, verb: Verb, server: ServerEntry) -> None:
        servers = self._servers()
        found = [one for one in servers if one.id == server.id]
        there = [one for one in found if not one.maintenance]
        if verb is Verb.ADD_SERVER:
            if there:
                raise BalancerRefused("it is there already")
            self._add(
                server, found or [one for one in servers if one.maintenance and SLOT.fullmatch(one.name)]
            )
        elif not there:
            raise BalancerRefused("it is not there")
        for one in there:
            if verb is Verb.SET_SERVER:
                self._weigh(one, server.weight)
            else:
                self._remove(one)

    def _add(self, server: ServerEntry, places: Sequence[_Server]) -> None:
        """Bring a server in: into its own line or a free slot, else as a new line."""
        if not places:
            name = OWN + f"{server.id.address}-{server.id.port}"
            target = f"{endpoint(server.id.address, server.id.port)} weight {server.weight}"
            self._order(f"add server {self._backend}/{name} {target}")
            self._order(f"set server {self._backend}/{name} state ready")
            return
        place = places[0]
        if place.id != server.id:
            to = f"addr {server.id.address} port {server.id.port}"
            self._order(f"set server {self._backend}/{place.name} {to}")
        self._weigh(place, server.weight)

    def _weigh(self, one: _Server, weight: int) -> None:
        """Give it its weight, and only then clients.

        Algorithms that are static know only the line's own weight and none, as shares of it.
        """
        share = "0%" if weight == 0 else "100%" if weight == one.base else str(weight)
        self._order(f"set server {self._backend}/{one.name} weight {share}")
        if one.maintenance or (one.drained and weight):
            self._order(f"set server {self._backend}/{one.name} state ready")

    def _remove(self, one: _Server) -> None:
        self._order(f"set server {self._backend}/{one.name} state maint")
        if one.name.startswith(OWN):
            # Refused while it has connections; it then stays in maintenance, and is taken up again.
            self._ask(f"del server {self._backend}/{one.name}")

    def _servers(self) -> list[_Server]:
        """All server lines of the backend.  Raises BalancerRefused if there is no such backend."""
        state = self._ask(f"show servers state {self._backend}")
        lines = state.split("\n", LINES)
        if len(lines) < 2 or not lines[1].startswith("# "):
            said = state[:200].strip() or "it closed without an answer (is the socket of level admin?)"
            raise BalancerRefused(f"haproxy {self._address} backend {self._backend}: {said}")
        with understood(f"haproxy {self._address}"):
            if len(lines) > LINES:
                raise ValueError(f"more than {LINES} lines")
            rows = csv.DictReader((lines[1].removeprefix("# "), *filter(None, lines[2:])), delimiter=" ")
            sessions = self._sessions()
            return [_server(row, sessions) for row in rows]

    def _sessions(self) -> dict[str, int]:
        """Sessions of each server by its name: for show, so an HAProxy that does not say is none."""
        text = self._ask(f"show stat {self._backend} 4 -1")
        rows = csv.DictReader(text.removeprefix("# ").split("\n", LINES)[:LINES])
        return {row.get("svname", ""): number(row.get("scur") or "0") for row in rows}

    def _order(self, command: str) -> None:
        answer = self._ask(command)[:200].strip()
        if answer and not answer.startswith(DONE):
            raise BalancerRefused(f"HAProxy says {answer!r} to `{command}`")

    def _ask(self, command: str) -> str:
        """One command and its whole answer; the time limit is for both together."""
        end = time.monotonic() + self.limit
        try:
            with _connected(self._address, self.limit) as sock:
                sock.sendall(command.encode() + b"\n")
                return _all(sock, end).decode(errors="backslashreplace")
        except TimeoutError as error:
            what = f"haproxy {self._address}: no answer within {self.limit:g} s"
            raise BalancerUnreachable(what) from error
        except OSError as error:
            raise BalancerUnreachable(f"haproxy {self._address}: {error.strerror or error}") from error


def connect(address: str, backend: str) -> Haproxy:
    """A backend of the HAProxy behind this socket; nothing is asked of it yet."""
    return Haproxy(address, backend)


def check(*arguments: str) -> str:
    """A socket and a backend are wanted."""
    if len(arguments) != 2:
        return "`balancer haproxy` takes a socket (its path, or HOST:PORT) and a backend"
    address, backend = arguments
    if not address.startswith("/") and not _is_place(address):
        return f"`balancer haproxy`: {address} is neither a path nor HOST:PORT"
    if not re.fullmatch(r"[\w.:-]+", backend):
        return f"`balancer haproxy`: {backend} is no name of a backend"
    return ""


def advice(pools: Sequence[Pool]) -> list[Problem]:
    """Pools in one backend, and what means nothing to a proxy."""
    return [*shared(pools), *no_forwarding(pools)]


def _server(row: dict[str, str | None], sessions: dict[str, int]) -> _Server:
    state = number(row["srv_admin_state"])
    if row["srv_name"] is None or row["srv_addr"] is None:
        raise ValueError("a line is cut short")
    return _Server(
        name=row["srv_name"],
        id=ServerId(row["srv_addr"], number(row["srv_port"])),
        weight=number(row["srv_uweight"]),
        base=number(row["srv_iweight"]),
        maintenance=bool(state & MAINTENANCE),
        drained=bool(state & DRAIN),
        active=sessions.get(row["srv_name"], 0),
    )


def _connected(address: str, limit: float) -> socket.socket:
    if not address.startswith("/"):
        return socket.create_connection(place(address), limit)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(limit)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _is_place(address: str) -> bool:
    try:
        return bool(place(address))
    except ValueError:
        return False


def _all(sock: socket.socket, end: float) -> bytes:
    """Everything until it hangs up."""
    data = bytearray()
    while True:
        left = end - time.monotonic()
        if left <= 0 or len(data) > MOST:
            raise TimeoutError
        sock.settimeout(left)
        chunk = sock.recv(65536)
        if not chunk:
            return bytes(data)
        data += chunk
