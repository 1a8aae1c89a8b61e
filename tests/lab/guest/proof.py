"""The network itself, with nothing but ipvsadm: what the other tests of the lab stand on."""

import pytest
from netlab import VIP, VIP6, endpoint, get, nsrun, table


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
