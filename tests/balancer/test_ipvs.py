"""The kernel's own table, with ``ipvsadm -Sn`` as the oracle.

Runs where the kernel has an ip_vs table with nothing in it (tests/lab has such a guest); a table that is
in use is somebody's, and left alone.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mon.balancer.ipvs import Ipvs, connect
from mon.errors import BalancerRefused
from mon.model.pool import Change, Forward, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, changes


def _why_not() -> str:
    table = Path("/proc/net/ip_vs")
    if not table.exists():
        return "the kernel here has no ip_vs (tests/lab runs this file where it has)"
    if shutil.which("ipvsadm") is None:
        return "ipvsadm is not installed"
    return "this kernel's IPVS table is in use" if len(table.read_text().splitlines()) > 3 else ""


if _why_not():
    pytest.skip(_why_not(), allow_module_level=True)

WEB = VirtualId("tcp", "192.0.2.10", 80)
WEB6 = VirtualId("tcp", "2001:db8::10", 80, family6=True)
DNS = VirtualId("udp", "192.0.2.10", 53)
PHONE = VirtualId("sctp", "192.0.2.10", 2905)
MARK = VirtualId(fwmark=7)
MARK6 = VirtualId(fwmark=7, family6=True)
ONE, TWO = ServerId("192.0.2.1", 80), ServerId("192.0.2.2", 80)


def ipvsadm(*words: str) -> list[str]:
    done = subprocess.run(["ipvsadm", *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def kernel() -> Iterator[Ipvs]:
    yield connect()
    ipvsadm("-C")  # it was empty before us


def put(kernel: Ipvs, table: Table) -> Table:
    """Make the kernel's table this one, and read it back."""
    assert table.service is not None
    id_ = table.service.id
    actual = kernel.read([id_])[id_]
    kernel.apply(changes(table, actual, owned=Owned(True, frozenset(one.id for one in actual.servers))))
    return kernel.read([id_])[id_]


def pool(id_: VirtualId, *servers: ServerEntry, scheduler: str = "wlc", **more: int) -> Table:
    return Table(ServiceEntry(id_, scheduler, **more), servers)


def test_an_absent_service_reads_as_the_empty_table(kernel: Ipvs) -> None:
    assert kernel.read([WEB, MARK6]) == {WEB: Table(None), MARK6: Table(None)}


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (
            pool(WEB, ServerEntry(ONE, 3), ServerEntry(TWO, 0, Forward.GATE)),
            [
                "-A -t 192.0.2.10:80 -s wlc",
                "-a -t 192.0.2.10:80 -r 192.0.2.1:80 -m -w 3",
                "-a -t 192.0.2.10:80 -r 192.0.2.2:80 -g -w 0",
            ],
        ),
        (
            pool(WEB6, ServerEntry(ServerId("2001:db8::1", 80), 5, Forward.IPIP), scheduler="rr"),
            [
                "-A -t [2001:db8::10]:80 -s rr",
                "-a -t [2001:db8::10]:80 -r [2001:db8::1]:80 -i -w 5 --tun-type ipip",
            ],
        ),
        (
            pool(DNS, ServerEntry(ServerId("192.0.2.1", 53), 1), scheduler="rr"),
            ["-A -u 192.0.2.10:53 -s rr", "-a -u 192.0.2.10:53 -r 192.0.2.1:53 -m -w 1"],
        ),
        (pool(PHONE, scheduler="rr"), ["-A --sctp-service 192.0.2.10:2905 -s rr"]),
        (
            pool(MARK, ServerEntry(ServerId("192.0.2.1", 0), 1, Forward.GATE), scheduler="sh"),
            ["-A -f 7 -s sh", "-a -f 7 -r 192.0.2.1:0 -g -w 1"],
        ),
        (
            pool(MARK6, ServerEntry(ServerId("2001:db8::1", 0), 1, Forward.GATE), scheduler="rr"),
            ["-A -f 7 -6 -s rr", "-a -f 7 -6 -r [2001:db8::1]:0 -g -w 1"],
        ),
        (pool(WEB, persistent=300), ["-A -t 192.0.2.10:80 -s wlc -p 300"]),
        (pool(WEB, persistent=60, netmask=24), ["-A -t 192.0.2.10:80 -s wlc -p 60 -M 255.255.255.0"]),
        (pool(WEB6, persistent=60, netmask=64), ["-A -t [2001:db8::10]:80 -s wlc -p 60 -M 64"]),
    ],
    ids=lambda value: " ".join(value[0].split()[1:3]) if isinstance(value, list) else "table",
)
def test_what_is_put_is_what_ipvsadm_shows_and_what_is_read(
    kernel: Ipvs, table: Table, lines: list[str]
) -> None:
    assert put(kernel, table) == table
    assert sorted(line.strip() for line in ipvsadm("-Sn")) == sorted(lines)
    assert changes(table, put(kernel, table)) == ()


def test_limits_of_connections_are_kept(kernel: Ipvs) -> None:
    table = pool(WEB, ServerEntry(ONE, 1, lower=80, upper=100))
    assert put(kernel, table) == table
    assert ipvsadm("-Ln", "--thresholds")[-1].split()[1:4] == ["192.0.2.1:80", "100", "80"]


def test_each_setting_can_be_edited_and_no_other_moves(kernel: Ipvs) -> None:
    put(kernel, pool(WEB, ServerEntry(ONE, 1, Forward.MASQ, 5, 10), ServerEntry(TWO, 7), scheduler="rr"))
    after = pool(
        WEB, ServerEntry(ONE, 0, Forward.MASQ, 5, 10), ServerEntry(TWO, 7, Forward.GATE), persistent=60
    )
    assert put(kernel, after) == after
    assert ipvsadm("-Sn")[0].strip() == "-A -t 192.0.2.10:80 -s wlc -p 60"
    assert put(kernel, pool(WEB)) == pool(WEB)


def test_flags_that_others_set_on_our_service_stay(kernel: Ipvs) -> None:
    ipvsadm("-A", "-u", "192.0.2.10:53", "-s", "rr", "-o")
    put(kernel, pool(DNS, scheduler="wlc", persistent=60))
    assert "ops" in "".join(ipvsadm("-Ln"))


def test_what_others_installed_is_left_alone(kernel: Ipvs) -> None:
    ipvsadm("-A", "-t", "192.0.2.99:80", "-s", "rr")
    ipvsadm("-a", "-t", "192.0.2.99:80", "-r", "192.0.2.9", "-m")
    put(kernel, pool(WEB, ServerEntry(ONE, 1)))
    kernel.apply(changes(Table(None), kernel.read([WEB])[WEB], owned=Owned(True, frozenset({ONE}))))
    assert [line.split()[2] for line in ipvsadm("-Sn")] == ["192.0.2.99:80"] * 2


def test_a_refusal_has_words_and_does_not_stop_the_others(kernel: Ipvs) -> None:
    service = ServiceEntry(WEB, "wlc")
    with pytest.raises(BalancerRefused) as caught:
        kernel.apply(
            [
                Change(Verb.ADD_SERVICE, service),
                Change(Verb.ADD_SERVICE, service),
                Change(Verb.SET_SERVER, service, ServerEntry(TWO, 1)),
                Change(Verb.ADD_SERVER, service, ServerEntry(ONE, 1, lower=9, upper=3)),
                Change(Verb.ADD_SERVER, service, ServerEntry(ONE, 4)),
            ]
        )
    assert str(caught.value).split("; ")[:2] == [
        "add service tcp 192.0.2.10:80 wlc: it is there already",
        "set server 192.0.2.2:80 weight 1 of tcp 192.0.2.10:80: it is not there, or the kernel lacks its "
        "scheduler (modprobe ip_vs_SCHEDULER)",
    ]
    assert kernel.read([WEB])[WEB].servers == (ServerEntry(ONE, 4),)


def test_a_scheduler_that_is_no_module_is_refused_by_name(kernel: Ipvs) -> None:
    with pytest.raises(BalancerRefused, match=r"add service tcp 192\.0\.2\.10:80 best: .*scheduler"):
        put(kernel, pool(WEB, scheduler="best"))


def test_without_the_privilege_it_says_which_one() -> None:
    program = (
        "from mon.balancer.ipvs import *\n"
        "try: connect().read([VirtualId(fwmark=7)])\n"
        "except BalancerUnreachable as error: print(error)"
    )
    bare = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", program]
    done = subprocess.run(bare, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "CAP_NET_ADMIN" in done.stdout


def test_a_call_may_come_from_any_thread(kernel: Ipvs) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as threads:
        read = list(threads.map(lambda _: kernel.read([WEB]), range(4)))
    assert read == [{WEB: Table(None)}] * 4
