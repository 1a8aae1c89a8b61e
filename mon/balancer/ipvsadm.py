"""Linux IPVS by the program ipvsadm, where netlink is not wanted.  ``balancer ipvsadm [COMMAND...]``

COMMAND is how the program is called, ``ipvsadm`` unless said otherwise (``ip netns exec lb1 ipvsadm``).
Many changes go to one ``ipvsadm -R``.  That exits 0 whatever happens and does not say which line was wrong,
so what had no effect is asked for once more by itself, for its error.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from mon.balancer.program import Ended, run
from mon.balancer.reading import number, place, understood
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import (
    Change,
    Forward,
    ServerEntry,
    ServerId,
    ServiceEntry,
    Table,
    Verb,
    VirtualId,
    endpoint,
)
from mon.pool.changes import applied, describe
from mon.structs import replace

LIMIT = 5.0
"""Seconds for one call."""

LONGEST = 1024
"""Characters of a line that are read."""

FEW = 2
"""So many changes are cheaper as calls of their own than as one -R and the looking that it needs."""

OPTIONS = {
    Verb.ADD_SERVICE: "-A", Verb.SET_SERVICE: "-E", Verb.DELETE_SERVICE: "-D",
    Verb.ADD_SERVER: "-a", Verb.SET_SERVER: "-e", Verb.DELETE_SERVER: "-d",
}  # fmt: skip
PROTOCOLS = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
METHODS = {Forward.MASQ: "-m", Forward.GATE: "-g", Forward.IPIP: "-i"}
FORWARDS = {"Masq": Forward.MASQ, "Route": Forward.GATE, "Tunnel": Forward.IPIP, "Local": Forward.GATE}
ABSENT = re.compile(r"Can't initialize ipvs|Permission denied|Operation not permitted|must be root", re.I)


class Ipvsadm:
    """The kernel's table.  ``limit`` is in seconds for each call of the program."""

    def __init__(self, command: Sequence[str] = ("ipvsadm",)) -> None:
        self.limit = LIMIT
        self._command = tuple(command)

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """Each of these virtual services as it is, servers by address."""
        with understood(self._command[0]):
            tables = _tables(self._good("-Ln").output)
            if any(table.servers for table in tables.values()):
                tables = _limited(tables, self._good("-Ln", "--thresholds").output)
        return {id_: tables.get(id_, Table(None)) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes in their order; see ``Balancer.apply``."""
        if not changes:
            return
        left: Sequence[Change] = changes
        refused: list[str] = []
        if len(changes) > FEW:
            known = self.read(list(dict.fromkeys(change.service.id for change in changes)))
            possible, refused = _possible(known, changes)
            lines = "".join(" ".join(_words(change)) + "\n" for change in possible)
            ended = self._run("-R", data=lines)
            left = self._without_effect(possible) if ended.status or ended.errors.strip() else ()
        refused += [fault for change in left if (fault := self._single(change))]
        if refused:
            raise BalancerRefused("; ".join(refused))

    def close(self) -> None:
        """Nothing is kept between calls."""

    def _without_effect(self, changes: Sequence[Change]) -> list[Change]:
        now = self.read(list(dict.fromkeys(change.service.id for change in changes)))
        return [change for change in changes if not _in_effect(change, now[change.service.id])]

    def _single(self, change: Change) -> str:
        """Make one change; how it was refused, or ""."""
        ended = self._run(*_words(change))
        return f"{describe(change)}: {ended.trouble}" if ended.status else ""

    def _good(self, *words: str) -> Ended:
        ended = self._run(*words)
        if ended.status:
            raise BalancerUnreachable(f"{self._command[0]}: {ended.trouble}")
        return ended

    def _run(self, *words: str, data: str = "") -> Ended:
        ended = run([*self._command, *words], data.encode(), limit=self.limit)
        if ended.status and ABSENT.search(ended.errors):
            remedy = "modprobe ip_vs, and run with CAP_NET_ADMIN"
            raise BalancerUnreachable(f"{self._command[0]}: {ended.trouble}: {remedy}")
        return ended


def connect(*command: str) -> Ipvsadm:
    """The kernel's table through this command; it is not called yet."""
    return Ipvsadm(command or ("ipvsadm",))


def commands(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes as lines for a shell."""
    return tuple(shlex.join(["ipvsadm", *_words(change)]) for change in changes)


def _words(change: Change) -> list[str]:
    """The arguments of ipvsadm that make a change; also a line for ``-R``."""
    words = [OPTIONS[change.verb], *_service(change.service.id)]
    if change.server is not None:
        words += ["-r", str(change.server.id)]
        if change.verb is not Verb.DELETE_SERVER:
            words += [METHODS[change.server.forward], "-w", str(change.server.weight)]
            words += ["-x", str(change.server.upper), "-y", str(change.server.lower)]
    elif change.verb is not Verb.DELETE_SERVICE:
        words += _settings(change.service)
    return words


def _service(id_: VirtualId) -> list[str]:
    if id_.fwmark:
        return ["-f", str(id_.fwmark), *(["-6"] if id_.family6 else [])]
    return [PROTOCOLS[id_.protocol], endpoint(id_.address, id_.port)]


def _settings(entry: ServiceEntry) -> list[str]:
    words = ["-s", entry.scheduler]
    if entry.persistent is not None:
        words += ["-p", str(entry.persistent)]
        if entry.netmask is not None:
            words += ["-M", str(entry.netmask) if entry.id.family6 else _dotted(entry.netmask)]
    return words


def _dotted(bits: int) -> str:
    mask = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
    return ".".join(str(mask >> shift & 255) for shift in (24, 16, 8, 0))


def _possible(known: Mapping[VirtualId, Table], changes: Sequence[Change]) -> tuple[list[Change], list[str]]:
    """The changes that a table such as this takes; those it does not, in words.

    -R is not asked for them: afterwards a second entry could not be told from one that was made.
    """
    tables, possible, refused = dict(known), [], []
    for change in changes:
        try:
            tables[change.service.id] = applied(tables[change.service.id], [change])
        except ValueError as error:
            refused.append(str(error))
        else:
            possible.append(change)
    return possible, refused


def _in_effect(change: Change, table: Table) -> bool:
    if change.server is None:
        return (table.service is None) is (change.verb is Verb.DELETE_SERVICE)
    there = next((server for server in table.servers if server.id == change.server.id), None)
    return there is None if change.verb is Verb.DELETE_SERVER else there == change.server


def _tables(text: str) -> dict[VirtualId, Table]:
    """The tables that ``ipvsadm -Ln`` prints."""
    found: list[tuple[ServiceEntry, list[ServerEntry]]] = []
    for words in _lines(text):
        if words[0] != "->":
            found.append((_service_entry(words), []))
        elif found:
            found[-1][1].append(_server_entry(words))
    return {
        service.id: Table(service, tuple(sorted(servers, key=lambda one: one.id)))
        for service, servers in found
    }


def _lines(text: str) -> Iterator[list[str]]:
    """The words of each line behind the head."""
    for line in text.splitlines():
        words = line[:LONGEST].split()
        if words and words[0] in ("TCP", "UDP", "SCTP", "FWM", "->") and words[1:2] != ["RemoteAddress:Port"]:
            yield words


def _service_entry(words: Sequence[str]) -> ServiceEntry:
    """``TCP 10.0.0.1:80 wlc persistent 60 mask 255.255.255.0``; ``FWM 7 IPv6 rr``."""
    rest = list(words[2:])
    if words[0] == "FWM":
        six = rest[0] == "IPv6"
        id_ = VirtualId(fwmark=number(words[1]), family6=six)
        rest = rest[1:] if six else rest
    else:
        address, port = place(words[1])
        id_ = VirtualId(words[0].lower(), address, port, family6=":" in address)
    after = dict(pairwise(rest))
    persistent = number(after["persistent"]) if "persistent" in after else None
    return ServiceEntry(id_, rest[0], persistent, _bits(after["mask"]) if "mask" in after else None)


def _bits(mask: str) -> int:
    if "." not in mask:
        return number(mask)
    return sum(number(part).bit_count() for part in mask.split("."))


def _server_entry(words: Sequence[str]) -> ServerEntry:
    """``-> 10.0.0.2:80 Route 10 3 1200``"""
    address, port = place(words[1])
    weight, active, inactive = map(number, words[3:6])
    return ServerEntry(
        ServerId(address, port),
        weight,
        FORWARDS.get(words[2], Forward.GATE),
        active=active,
        inactive=inactive,
    )


def _limited(tables: Mapping[VirtualId, Table], text: str) -> dict[VirtualId, Table]:
    """The tables with the limits that ``ipvsadm -Ln --thresholds`` prints: upper, then lower."""
    limits: dict[tuple[VirtualId, ServerId], tuple[int, int]] = {}
    service: VirtualId | None = None
    for words in _lines(text):
        if words[0] != "->":
            service = _service_entry(words).id
        elif service is not None:
            limits[service, ServerId(*place(words[1]))] = (number(words[3]), number(words[2]))
    return {
        id_: replace(
            table, servers=tuple(_with_limits(one, limits.get((id_, one.id))) for one in table.servers)
        )
        for id_, table in tables.items()
    }


def _with_limits(server: ServerEntry, limits: tuple[int, int] | None) -> ServerEntry:
    return server if limits is None else replace(server, lower=limits[0], upper=limits[1])
