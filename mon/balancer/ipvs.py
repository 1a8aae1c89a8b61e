"""Linux IPVS over generic netlink, by pyroute2.  ``balancer ipvs``

What pyroute2 0.9 leaves to its callers is done here: IPv6 and fwmark services carry their netmask, for
IPv6 a prefix length in host order that travels as an IPv4 address; ``update`` is never used (it is
mapped to the kernel's *delete*); a ``set`` carries the whole record, what is left out would be reset.
Each call has a socket of its own: it may then come from any thread, and survives ip_vs being reloaded,
which renumbers the netlink family.
"""

import errno
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mon.balancer import each_applied, ipvsadm
from mon.balancer.direct import misdirected
from mon.errors import BalancerError, BalancerRefused, BalancerUnreachable
from mon.model.pool import (
    Change,
    Forward,
    Pool,
    ServerEntry,
    ServerId,
    ServiceEntry,
    Table,
    Verb,
    VirtualId,
)
from mon.model.source import Problem, Severity
from mon.pool.changes import describe

_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "sctp": 132}
_METHODS = {Forward.MASQ: 0, Forward.IPIP: 2, Forward.GATE: 3}
_FORWARDS = {number: forward for forward, number in _METHODS.items()}
_PERSISTENT = 0x0001  # IP_VS_SVC_F_PERSISTENT, linux/ip_vs.h
_COMMANDS = {
    Verb.ADD_SERVICE: "add", Verb.SET_SERVICE: "set", Verb.DELETE_SERVICE: "del",
    Verb.ADD_SERVER: "add", Verb.SET_SERVER: "set", Verb.DELETE_SERVER: "del",
}  # fmt: skip
_REFUSALS = {
    errno.EEXIST: "it is there already",
    errno.ENOENT: "it is not there, or the kernel lacks its scheduler (modprobe ip_vs_SCHEDULER)",
    errno.ESRCH: "there is no such virtual service",
    errno.EINVAL: "the kernel takes no such record",
    errno.ERANGE: "a weight, limit or port is out of range, or lower is above upper",
    errno.EAFNOSUPPORT: "the kernel lacks this address family",
    errno.EPROTONOSUPPORT: "the kernel lacks this protocol",
    errno.ENOMEM: "the kernel is out of memory",
}
_PRIVILEGE = "not permitted: IPVS wants CAP_NET_ADMIN (run as root, or by the systemd unit)"
_TABLE = Path("/proc/thread-self/net/ip_vs")
_SYSCTLS = Path("/proc/sys/net/ipv4/vs")


commands = ipvsadm.commands


class Ipvs:
    """The kernel's table."""

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """Each of these virtual services as it is; other people's are not even asked for."""
        with _kernel() as (ipvs, records):
            return {id_: _table(ipvs, records, id_) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes in their order; see ``Balancer.apply``."""
        with _kernel() as (ipvs, records):
            each_applied(changes, lambda change: _apply(ipvs, records, change))

    def close(self) -> None:
        """No socket outlives its call."""


def connect() -> Ipvs:
    """The kernel's table; nothing is asked of the kernel yet."""
    return Ipvs()


def check(*arguments: str) -> str:
    """``ipvs`` takes no words."""
    return f"`balancer ipvs` takes no words: {' '.join(arguments)}" if arguments else ""


def advice(pools: Sequence[Pool], sysctls: Path = _SYSCTLS) -> list[Problem]:
    """What costs requests when a server dies, and checks that cannot be answered; a warning each."""
    if not pools:
        return []
    where = pools[0].source
    persistent = next((pool.source for pool in pools if pool.persistent is not None), None)
    found = []
    if _off(sysctls / "expire_nodest_conn"):
        what = "net.ipv4.vs.expire_nodest_conn is 0: connections to a deleted server hang until they time out"
        remedy = "sysctl -w net.ipv4.vs.expire_nodest_conn=1 (a pulled cable then lost 24 requests, not 44)"
        found.append(Problem(where, what, remedy, Severity.WARNING))
    if persistent is not None and _off(sysctls / "expire_quiescent_template"):
        what = (
            "net.ipv4.vs.expire_quiescent_template is 0: persistent clients still go to a server of weight 0"
        )
        remedy = "sysctl -w net.ipv4.vs.expire_quiescent_template=1"
        found.append(Problem(persistent, what, remedy, Severity.WARNING))
    return [*found, *misdirected(pools)]


class _Records:
    """pyroute2's records of our values.  They are made anew for each call: pyroute2 changes them."""

    def __init__(self, service: Callable[..., Any], dest: Callable[..., Any]) -> None:
        self._service = service
        self._dest = dest

    def service(self, id_: VirtualId, entry: ServiceEntry | None = None) -> Any:
        """The whole record of a virtual service; without ``entry`` only its name is meant."""
        persistent = entry.persistent if entry else None
        netmask = entry.netmask if entry else None
        # The mask leaves other people's flags (one-packet scheduling, scheduler flags) as they are.
        flags = {"flags": 0 if persistent is None else _PERSISTENT, "mask": _PERSISTENT}
        record: dict[str, Any] = {
            "af": socket.AF_INET6 if id_.family6 else socket.AF_INET,
            "sched_name": entry.scheduler if entry else "wlc",
            "timeout": persistent or 0,
            "flags": flags,
            "netmask": _mask(id_.family6, netmask),
        }
        if id_.fwmark:
            record["fwmark"] = id_.fwmark
        else:
            record |= {"protocol": _PROTOCOLS[id_.protocol], "addr": id_.address, "port": id_.port}
        return self._service(**record)

    def server(self, server: ServerEntry) -> Any:
        """The whole record of a real server."""
        return self._dest(
            addr_family=socket.AF_INET6 if ":" in server.id.address else socket.AF_INET,
            addr=server.id.address,
            port=server.id.port,
            fwd_method=_METHODS[server.forward],
            weight=server.weight,
            l_thresh=server.lower,
            u_thresh=server.upper,
        )


@contextmanager
def _kernel() -> Iterator[tuple[Any, _Records]]:
    """A socket to the kernel's IPVS for one call; its faults as ours."""
    try:
        # Here and not above: it costs 160 ms, which ``mon check`` need not pay.
        from pyroute2 import IPVS, IPVSDest, IPVSService
        from pyroute2.netlink.exceptions import NetlinkError
    except ImportError as error:
        raise BalancerUnreachable(f"pyroute2 cannot be imported ({error}): pip install pyroute2") from error
    # Asked first: an IPVS() that fails to find its family leaves four descriptors open.
    if not _TABLE.exists():
        raise BalancerUnreachable("IPVS: the kernel here has none: modprobe ip_vs")
    try:
        with IPVS() as ipvs:
            yield ipvs, _Records(IPVSService, IPVSDest)
    except NetlinkError as error:
        raise _translated(error.code, "IPVS") from error
    except OSError as error:
        raise BalancerUnreachable(f"IPVS: no netlink socket: {error.strerror or error}") from error


def _table(ipvs: Any, records: _Records, id_: VirtualId) -> Table:
    """One virtual service and its servers by address; the kernel's own order moves with each repair."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        (message,) = ipvs.service("get", service=records.service(id_))
        servers = list(ipvs.dest("dump", service=records.service(id_)))
    except NetlinkError as error:
        if error.code == errno.ESRCH:
            return Table(None)
        raise
    found = (_server_entry(server.get("IPVS_CMD_ATTR_DEST")) for server in servers)
    entry = _service_entry(id_, message.get("IPVS_CMD_ATTR_SERVICE"))
    return Table(entry, tuple(sorted(found, key=lambda server: server.id)))


def _apply(ipvs: Any, records: _Records, change: Change) -> None:
    """Make one change; NetlinkError becomes BalancerRefused or BalancerUnreachable with the change in it."""
    from pyroute2.netlink.exceptions import NetlinkError

    service = records.service(change.service.id, change.service)
    command = _COMMANDS[change.verb]
    try:
        if change.server is None:
            ipvs.service(command, service=service)
        else:
            ipvs.dest(command, service=service, dest=records.server(change.server))
    except NetlinkError as error:
        raise _translated(error.code, describe(change)) from error


def _translated(code: int, what: str) -> BalancerError:
    """An errno of the kernel as an exception of ours, with words and remedy."""
    if code in (errno.EPERM, errno.EACCES):
        return BalancerUnreachable(f"{what}: {_PRIVILEGE}")
    words = _REFUSALS.get(code, errno.errorcode.get(code, str(code)))
    return BalancerRefused(f"{what}: {words}")


def _service_entry(id_: VirtualId, record: Any) -> ServiceEntry:
    """A service that the kernel gave us; timeout and netmask mean something only with persistence."""
    if not record.get("flags")["flags"] & _PERSISTENT:
        return ServiceEntry(id_, record.get("sched_name"))
    netmask = _prefix(id_.family6, record.get("netmask"))
    return ServiceEntry(id_, record.get("sched_name"), record.get("timeout"), netmask)


def _server_entry(record: Any) -> ServerEntry:
    """A dumped server.  Local node and bypass, which only old kernels say, count as direct routing."""
    return ServerEntry(
        ServerId(record.get("addr"), record.get("port")),
        weight=record.get("weight"),
        forward=_FORWARDS.get(record.get("fwd_method") & 7, Forward.GATE),
        lower=record.get("l_thresh"),
        upper=record.get("u_thresh"),
        active=record.get("active_conns"),
        inactive=record.get("inact_conns"),
        templates=record.get("persist_conns") or 0,
    )


def _mask(family6: bool, bits: int | None) -> str:
    """The netmask attribute: a mask for IPv4; for IPv6 a length in host order, spelled as an address."""
    if family6:
        return socket.inet_ntoa(struct.pack("=I", 128 if bits is None else bits))
    return socket.inet_ntoa(
        struct.pack("!I", (0xFFFFFFFF << (32 - (32 if bits is None else bits))) & 0xFFFFFFFF)
    )


def _prefix(family6: bool, mask: str) -> int | None:
    """The length of a netmask attribute; None for a whole address."""
    if family6:
        bits: int = struct.unpack("=I", socket.inet_aton(mask))[0]
        return None if bits == 128 else bits
    bits = int.from_bytes(socket.inet_aton(mask), "big").bit_count()
    return None if bits == 32 else bits


def _off(sysctl: Path) -> bool:
    """Is the setting there, and 0?  Where ip_vs is not loaded nothing can be said."""
    try:
        return sysctl.read_text().strip() == "0"
    except OSError:
        return False
