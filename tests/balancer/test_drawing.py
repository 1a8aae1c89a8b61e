"""Tables drawn as ``ipvsadm -Ln`` draws them (the texts are its own)."""

from mon.balancer.drawing import draw
from mon.model.pool import Forward, ServerEntry, ServerId, ServiceEntry, Table, VirtualId

HEAD = """\
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
"""


def drawn(*tables: Table) -> str:
    text = draw(tables)
    assert text.startswith(HEAD)
    return "".join(line.rstrip() + "\n" for line in text.removeprefix(HEAD).splitlines())


def test_a_service_with_its_servers() -> None:
    entry = ServiceEntry(VirtualId("tcp", "10.0.0.1", 80), "wlc", 60, 24)
    servers = (
        ServerEntry(ServerId("127.0.0.1", 80), 0),
        ServerEntry(ServerId("192.168.100.200", 8080), 10, Forward.GATE, active=3, inactive=1200),
    )
    assert drawn(Table(entry, servers)) == (
        "TCP  10.0.0.1:80 wlc persistent 60 mask 255.255.255.0\n"
        "  -> 127.0.0.1:80                 Masq    0      0          0\n"
        "  -> 192.168.100.200:8080         Route   10     3          1200\n"
    )


def test_ipv6_and_marks() -> None:
    six = ServiceEntry(VirtualId("tcp", "fd00::2", 80, family6=True), "rr", 300, 64)
    mark = ServiceEntry(VirtualId(fwmark=7), "sh")
    mark6 = ServiceEntry(VirtualId(fwmark=7, family6=True), "rr")
    tunnel = ServerEntry(ServerId("fd00::3", 80), 1, Forward.IPIP)
    assert drawn(Table(six, (tunnel,)), Table(mark), Table(None), Table(mark6)) == (
        "TCP  [fd00::2]:80 rr persistent 300 mask 64\n"
        "  -> [fd00::3]:80                 Tunnel  1      0          0\n"
        "FWM  7 sh\n"
        "FWM  7 IPv6 rr\n"
    )
