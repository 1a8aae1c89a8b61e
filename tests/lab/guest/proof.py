"""The network itself, with nothing but ipvsadm: what the other tests of the lab stand on."""

import pytest
from netlab import VIP, VIP6, endpoint, get, in_ns, nsrun, table

from mon.balancer.ipvs import advice
from mon.model.pool import Forward, Member, Pool, ServerId, VirtualId


@pytest.fixture(scope="module", params=[False, True], ids=["v4", "v6"])
def service(net, request):
    net.service("lb1", v6=request.param)
    return (VIP6, net.rs6) if request.param else (VIP, net.rs)


def url(address):
    return f"http://{endpoint(address)}/"


def test_each_real_server_answers_in_turn(service):
    vip, _ = service
    assert sorted(get("client", url(vip)) for _ in range(3)) == ["rs1 200", "rs2 200", "rs3 200"]


def test_the_table_is_read_as_ipvsadm_shows_it(service):
    vip, servers = service
    assert table("lb1")[endpoint(vip)] == {endpoint(address): 1 for address in servers.values()}


def test_a_server_of_weight_zero_takes_no_new_connections(net, service):
    vip, servers = service
    words = ["ipvsadm", "-e", "-t", endpoint(vip), "-r", endpoint(servers["rs2"])]
    words += ["-m" if net.mode == "nat" else "-g", "-w"]
    nsrun("lb1", [*words, "0"])
    answers = [get("client", url(vip)) for _ in range(4)]
    nsrun("lb1", [*words, "1"])
    assert "rs2 200" not in answers


def test_a_dead_server_is_still_scheduled_when_nobody_checks(net, service):
    vip, _ = service
    net.rs_kill("rs1")
    answers = [get("client", url(vip)) for _ in range(3)]
    net.rs_start("rs1")
    assert sum(answer.endswith("000") for answer in answers) == 1


def test_mon_check_warns_where_ipv6_checks_would_leave_from_the_virtual_address(net):
    """The trap of direct routing, and the kernel's own word on it, with and without ``preferred_lft 0``."""
    pool = Pool(
        "web6",
        VirtualId("tcp", VIP6, 80),
        ("ipvs",),
        members=tuple(
            Member(ServerId(address, 80), name, address, forward=Forward.GATE)
            for name, address in net.rs6.items()
        ),
    )

    def warned():
        return [problem.what for problem in in_ns("lb1", advice, [pool]) if "its own address" in problem.what]

    assert warned() == []
    change = ["ip", "address", "change", f"{VIP6}/128", "dev", "eth0", "preferred_lft"]
    nsrun("lb1", [*change, "forever"])
    there = warned()
    nsrun("lb1", [*change, "0"])
    assert len(there) == (net.mode == "dr")
