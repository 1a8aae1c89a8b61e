"""HAProxy itself: its server lines, slots and algorithms, over both kinds of socket."""

import csv
import socket
from pathlib import Path
from threading import Thread

import pytest

from mon.balancer.haproxy import Haproxy, connect
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId

WEB = VirtualId("tcp", "192.0.2.10", 80)
SERVICE = ServiceEntry(WEB, "wlc")
A, B, C = (ServerId(f"192.0.2.{n}", 80) for n in (1, 2, 3))


@pytest.fixture
def lines(haproxy: Path) -> Haproxy:
    """The static backend: server lines a and b, two free slots."""
    return connect(str(haproxy), "lines")


def ask(path: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode()


def status(path: Path, backend: str) -> dict[str, tuple[str, str]]:
    """What ``show stat`` says of each server: the oracle, which the balancer reads only sessions from."""
    rows = csv.DictReader(ask(path, "show stat").removeprefix("# ").splitlines())
    return {
        row["svname"]: (row["status"], row["weight"])
        for row in rows
        if row["pxname"] == backend and row["svname"] != "BACKEND"
    }


def weights(balancer: Haproxy) -> dict[str, int]:
    return {server.id.address: server.weight for server in balancer.read([WEB])[WEB].servers}


def change(balancer: Haproxy, verb: Verb, id_: ServerId, weight: int = 0) -> None:
    balancer.apply([Change(verb, SERVICE, ServerEntry(id_, weight))])


def test_the_lines_of_haproxy_cfg_are_found_by_address(lines: Haproxy) -> None:
    table = lines.read([WEB])[WEB]
    assert table == Table(ServiceEntry(WEB, ""), (ServerEntry(A, 10), ServerEntry(B, 10)))


def test_a_static_algorithm_knows_none_and_all(lines: Haproxy, haproxy: Path) -> None:
    change(lines, Verb.SET_SERVER, A, 0)
    assert weights(lines) == {"192.0.2.1": 0, "192.0.2.2": 10}
    change(lines, Verb.SET_SERVER, A, 10)
    assert weights(lines) == {"192.0.2.1": 10, "192.0.2.2": 10}
    with pytest.raises(BalancerRefused, match=r"set server 192\.0\.2\.1:80 weight 7 .*static LB algorithm"):
        change(lines, Verb.SET_SERVER, A, 7)


def test_deleted_is_in_maintenance_and_comes_back_into_its_line(lines: Haproxy, haproxy: Path) -> None:
    change(lines, Verb.DELETE_SERVER, A)
    assert weights(lines) == {"192.0.2.2": 10}
    assert status(haproxy, "lines")["a"] == ("MAINT", "10")
    change(lines, Verb.ADD_SERVER, A, 10)
    assert status(haproxy, "lines")["a"] == ("no check", "10")


def test_what_an_operator_drained_has_weight_0_and_is_raised_again(lines: Haproxy, haproxy: Path) -> None:
    ask(haproxy, "set server lines/b state drain")
    assert weights(lines) == {"192.0.2.1": 10, "192.0.2.2": 0}
    change(lines, Verb.SET_SERVER, B, 10)
    assert status(haproxy, "lines")["b"] == ("no check", "10")


def test_a_server_without_a_line_takes_a_slot_and_gives_it_back(lines: Haproxy, haproxy: Path) -> None:
    change(lines, Verb.ADD_SERVER, C, 1)
    assert weights(lines)["192.0.2.3"] == 1
    assert status(haproxy, "lines")["mon1"] == ("no check", "1")
    change(lines, Verb.DELETE_SERVER, C)
    change(lines, Verb.ADD_SERVER, ServerId("192.0.2.4", 80), 1)
    change(lines, Verb.ADD_SERVER, ServerId("192.0.2.5", 80), 1)
    with pytest.raises(BalancerRefused, match=r"add server 192\.0\.2\.6:80 .*dynamic"):
        change(lines, Verb.ADD_SERVER, ServerId("192.0.2.6", 80), 1)


def test_a_line_of_our_own_is_deleted_again(haproxy: Path) -> None:
    web = connect(str(haproxy), "web")
    change(web, Verb.ADD_SERVER, C, 256)
    assert status(haproxy, "web") == {"mon-192.0.2.3-80": ("no check", "256")}
    change(web, Verb.DELETE_SERVER, C)
    assert status(haproxy, "web") == {}


def test_a_weight_above_256_is_refused_by_name(haproxy: Path) -> None:
    web = connect(str(haproxy), "web")
    change(web, Verb.ADD_SERVER, C, 1)
    with pytest.raises(BalancerRefused, match=r"set server 192\.0\.2\.3:80 weight 257 .*between 0 and 256"):
        change(web, Verb.SET_SERVER, C, 257)
    assert weights(web) == {"192.0.2.3": 1}


def test_a_backend_that_is_not_there_is_named(haproxy: Path) -> None:
    with pytest.raises(BalancerRefused, match="backend nope: Can't find backend"):
        connect(str(haproxy), "nope").read([WEB])


def test_over_tcp_it_is_the_same(haproxy: Path, tmp_path: Path) -> None:
    web = connect(f"127.0.0.1:{(tmp_path / 'port').read_text()}", "web")
    change(web, Verb.ADD_SERVER, C, 5)
    assert weights(web) == weights(connect(str(haproxy), "web")) == {"192.0.2.3": 5}


def test_a_socket_without_haproxy_is_named(tmp_path: Path) -> None:
    with pytest.raises(BalancerUnreachable, match=rf"haproxy {tmp_path}/none: No such file"):
        connect(f"{tmp_path}/none", "web").read([WEB])
    with pytest.raises(BalancerUnreachable, match="Connection refused"):
        connect("127.0.0.1:9", "web").read([WEB])


def test_a_socket_that_says_nothing_is_told_so(tmp_path: Path) -> None:
    def silent(listener: socket.socket) -> None:
        connected, _ = listener.accept()
        connected.recv(1000)
        connected.close()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        Thread(target=silent, args=(listener,), daemon=True).start()
        with pytest.raises(BalancerRefused, match="backend web: it closed without an answer"):
            connect(str(tmp_path / "s"), "web").read([WEB])


def test_what_was_told_and_cannot_be_asked_is_remembered(lines: Haproxy) -> None:
    lines.apply([Change(Verb.SET_SERVICE, SERVICE)])
    assert lines.read([WEB])[WEB].service == SERVICE
