"""Tables drawn as ``ipvsadm -Ln`` draws them: what the demo and ``mon status`` show."""

from collections.abc import Iterable

from mon.model.pool import Forward, ServerEntry, ServiceEntry, Table

_HEAD = (
    "Prot LocalAddress:Port Scheduler Flags\n"
    "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
)
_FORWARD = {Forward.MASQ: "Masq", Forward.GATE: "Route", Forward.IPIP: "Tunnel"}


def draw(tables: Iterable[Table]) -> str:
    """The tables in their order, with the head line; each line ends with a newline."""
    drawn = [
        _service(table.service) + "".join(map(_server, table.servers)) for table in tables if table.service
    ]
    return _HEAD + "".join(drawn)


def _service(entry: ServiceEntry) -> str:
    if entry.id.fwmark:
        name = f"FWM  {entry.id.fwmark}" + (" IPv6" if entry.id.family6 else "")
    else:
        protocol, _, place = str(entry.id).partition(" ")
        name = f"{protocol.upper():<4} {place}"
    persistent = "" if entry.persistent is None else f" persistent {entry.persistent}"
    return f"{name} {entry.scheduler}{persistent}{_mask(entry)}\n"


def _mask(entry: ServiceEntry) -> str:
    """IPv4's netmask in dots, IPv6's as a length."""
    if entry.persistent is None or entry.netmask is None:
        return ""
    if entry.id.family6:
        return f" mask {entry.netmask}"
    bits = (0xFFFFFFFF << (32 - entry.netmask)) & 0xFFFFFFFF
    return " mask " + ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def _server(server: ServerEntry) -> str:
    return (
        f"  -> {server.id!s:<28} {_FORWARD[server.forward]:<7} {server.weight:<6} "
        f"{server.active:<10} {server.inactive:<10}\n"
    )
