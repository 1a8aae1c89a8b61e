"""ipvsadm as a back-end: what it is called with, what its output means, and that it sees what netlink sees.

The texts are those of ipvsadm 1.31.  Where the kernel has no ip_vs a script stands in for the program; the
contract, and the comparison with netlink, run in tests/lab.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from mon.balancer import open_balancer
from mon.balancer.ipvs import Ipvs
from mon.balancer.ipvsadm import Ipvsadm, connect
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, Forward, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, changes

WEB = VirtualId("tcp", "192.0.2.10", 80)
WEB6 = VirtualId("tcp", "2001:db8::10", 80, family6=True)
MARK = VirtualId(fwmark=7)
MARK6 = VirtualId(fwmark=8, family6=True)
SERVICE = ServiceEntry(WEB, "wlc", 60, 24)
LISTED = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.0.2.10:80 wlc persistent 60 mask 255.255.255.0
  -> 192.0.2.2:80                 Route   0      0          0
  -> 192.0.2.1:80                 Masq    10     3          1200
TCP  [2001:db8::10]:80 rr persistent 300 mask 64
  -> [2001:db8::1]:80             Tunnel  1      0          0
UDP  192.0.2.10:53 rr ops
FWM  7 sh (flag-1)
FWM  8 IPv6 rr
"""
LIMITS = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn
  -> RemoteAddress:Port
TCP  192.0.2.10:80 wlc persistent 60 mask 255.255.255.0
  -> 192.0.2.2:80                 0          0          0          0
  -> 192.0.2.1:80                 100        80         3          1200
"""
SCRIPT = """\
#!/bin/sh
case "$*" in
-Ln) cat {0}/listed;;
"-Ln --thresholds") cat {0}/limits;;
-R) cat > {0}/restored; cat {0}/errors >&2; exit 0;;
*) echo "$*" >> {0}/calls; . {0}/answer;;
esac
"""


@pytest.fixture
def adm(tmp_path: Path) -> Ipvsadm:
    for name, text in (("listed", LISTED), ("limits", LIMITS), ("errors", ""), ("answer", "exit 0\n")):
        (tmp_path / name).write_text(text)
    script = tmp_path / "ipvsadm"
    script.write_text(SCRIPT.format(tmp_path))
    script.chmod(0o755)
    return connect(str(script))


def server(n: int, weight: int, forward: Forward = Forward.MASQ, **more: int) -> ServerEntry:
    return ServerEntry(ServerId(f"192.0.2.{n}", 80), weight, forward, **more)


def test_what_it_lists_is_read(adm: Ipvsadm) -> None:
    six = ServerEntry(ServerId("2001:db8::1", 80), 1, Forward.IPIP)
    found = adm.read([WEB, WEB6, MARK, MARK6, VirtualId("tcp", "192.0.2.99", 80)])
    assert list(found.values()) == [
        Table(SERVICE, (server(1, 10, lower=80, upper=100), server(2, 0, Forward.GATE))),
        Table(ServiceEntry(WEB6, "rr", 300, 64), (six,)),
        Table(ServiceEntry(MARK, "sh")),
        Table(ServiceEntry(MARK6, "rr")),
        Table(None),
    ]
    assert found[WEB].servers[0].active == 3


def test_a_change_or_two_are_calls_of_their_own(adm: Ipvsadm, tmp_path: Path) -> None:
    adm.apply([Change(Verb.SET_SERVER, SERVICE, server(1, 0, Forward.GATE))])
    adm.apply([Change(Verb.SET_SERVICE, SERVICE), Change(Verb.DELETE_SERVER, SERVICE, server(2, 0))])
    assert (tmp_path / "calls").read_text().splitlines() == [
        "-e -t 192.0.2.10:80 -r 192.0.2.1:80 -g -w 0 -x 0 -y 0",
        "-E -t 192.0.2.10:80 -s wlc -p 60 -M 255.255.255.0",
        "-d -t 192.0.2.10:80 -r 192.0.2.2:80",
    ]
    assert not (tmp_path / "restored").exists()


def test_many_are_restored_at_once(adm: Ipvsadm, tmp_path: Path) -> None:
    mark = ServiceEntry(VirtualId(fwmark=9, family6=True), "rr")
    six = ServerEntry(ServerId("2001:db8::1", 0), 5, Forward.IPIP, lower=1, upper=2)
    adm.apply(
        [
            Change(Verb.ADD_SERVICE, mark),
            Change(Verb.ADD_SERVER, mark, six),
            Change(Verb.DELETE_SERVICE, SERVICE),
        ]
    )
    assert (tmp_path / "restored").read_text().splitlines() == [
        "-A -f 9 -6 -s rr",
        "-a -f 9 -6 -r [2001:db8::1]:0 -i -w 5 -x 2 -y 1",
        "-D -t 192.0.2.10:80",
    ]
    assert not (tmp_path / "calls").exists()


def test_of_many_the_one_without_effect_is_asked_for_its_error(adm: Ipvsadm, tmp_path: Path) -> None:
    (tmp_path / "errors").write_text("No such destination\n")
    (tmp_path / "answer").write_text("echo 'Invalid weight' >&2; exit 255\n")
    edits = [
        Change(Verb.ADD_SERVER, SERVICE, server(1, 1)),  # is there
        Change(Verb.SET_SERVER, SERVICE, server(2, 0, Forward.GATE)),  # is so
        Change(Verb.SET_SERVER, SERVICE, server(1, 10, lower=80, upper=100)),  # is so
        Change(Verb.ADD_SERVER, SERVICE, server(3, 70000)),  # is not
    ]
    with pytest.raises(BalancerRefused) as caught:
        adm.apply(edits)
    assert str(caught.value).split("; ") == [
        "add server 192.0.2.1:80 weight 1 of tcp 192.0.2.10:80: it is already there",
        "add server 192.0.2.3:80 weight 70000 of tcp 192.0.2.10:80: Invalid weight",
    ]
    assert len((tmp_path / "restored").read_text().splitlines()) == 3
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_a_kernel_without_ip_vs_has_a_remedy(adm: Ipvsadm, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text('echo "Can\'t initialize ipvs: Protocol not available" >&2; exit 255\n')
    with pytest.raises(BalancerUnreachable, match=r"initialize ipvs.*modprobe ip_vs"):
        adm.apply([Change(Verb.DELETE_SERVICE, SERVICE)])


def test_it_sees_what_netlink_sees(words: Callable[[str], tuple[str, ...]]) -> None:
    program, netlink = open_balancer(words("ipvsadm")), Ipvs()
    servers = (server(1, 3, Forward.GATE), server(2, 0, lower=5, upper=9), server(3, 7, Forward.IPIP))
    table = Table(SERVICE, servers)
    program.apply(changes(table, Table(None)))
    try:
        assert netlink.read([WEB]) == program.read([WEB]) == {WEB: table}
    finally:
        mine = Owned(True, frozenset(one.id for one in servers))
        netlink.apply(changes(Table(None), table, owned=mine))
    assert program.read([WEB]) == {WEB: Table(None)}
