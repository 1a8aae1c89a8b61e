"""The daemon as a director: real servers fail, the kernel's table and a steady client tell what it did.

One daemon keeps four pools of the same three servers: IPv4 and IPv6, a failed server quiesced
(weight 0) or removed.  Every fault hits both families at once.
"""

import os
import signal
import subprocess
import sys
import time

import pytest
from netlab import RS, VIP, VIP6, bare, endpoint, spawn
from watching import Client, wait

PATIENCE = 20  # seconds; a busy machine's guest is slow
DIRECTORY = "/run/lab/director"

GLOBALS = f"""\
statedir = {DIRECTORY}/state
mondir = {DIRECTORY}/mon.d
"""

GROUP = "hostgroup {watch} {hosts}\n\n"

POOL = """\
virtual {name} {vip}
    balancer   ipvs
    scheduler  rr
    forward    {forward}
{reals}

"""

WATCH = """\
watch {watch}
    service http
        interval 1s
        monitor http.monitor -t 1
        period
            alert   lvs.alert {watch}
            upalert lvs.alert {watch}
            alert   lvs.alert {watch}-gone --remove
            upalert lvs.alert {watch}-gone --remove
    service ping
        interval 1s
        monitor fping.monitor -t 500 -r 1
        period
            alert   lvs.alert {watch}
            upalert lvs.alert {watch}
            alert   lvs.alert {watch}-gone --remove
            upalert lvs.alert {watch}-gone --remove
    service own
        interval 1s
        monitor own.monitor
        period
            alert   lvs.alert {watch}
            upalert lvs.alert {watch}

"""

OWN_MONITOR = f"#!{DIRECTORY}/sh\nexit 0\n"


def config(net):
    """mon.cf for both families."""
    forward = "masq" if net.mode == "nat" else "gate"
    text = GLOBALS + "\n"
    for watch, vip, servers in (("web4", VIP, net.rs), ("web6", VIP6, net.rs6)):
        reals = "\n".join(f"    real {bare(address)} weight 1" for address in servers.values())
        text += GROUP.format(watch=watch, hosts=" ".join(servers.values()))
        for name, port in ((watch, 80), (f"{watch}-gone", 8080)):
            text += POOL.format(name=name, vip=endpoint(vip, port), forward=forward, reals=reals)
        text += WATCH.format(watch=watch)
    return text


def pools(net):
    """[(virtual service, {name: its real server}, weight of a failed server: 0, or None when removed)]."""
    return [
        (endpoint(vip, port), {name: endpoint(servers[name], port) for name in RS}, out)
        for vip, servers in ((VIP, net.rs), (VIP6, net.rs6))
        for port, out in ((80, 0), (8080, None))
    ]


@pytest.fixture(scope="session")
def files(net):
    os.makedirs(f"{DIRECTORY}/mon.d")
    os.makedirs(f"{DIRECTORY}/state")
    os.symlink("/bin/sh", f"{DIRECTORY}/sh")
    with open(f"{DIRECTORY}/mon.d/own.monitor", "w") as f:
        f.write(OWN_MONITOR)
    os.chmod(f"{DIRECTORY}/mon.d/own.monitor", 0o755)
    with open(f"{DIRECTORY}/mon.cf", "w") as f:
        f.write(config(net))
    return DIRECTORY


@pytest.fixture(scope="session")
def director(net, files, sampler):
    """The daemon in lb1, once every server is in every pool."""
    words = [sys.executable, "-m", "mon", "run", "-c", f"{files}/mon.cf"]
    with open(f"/out/mon-{net.mode}.log", "w") as log:
        daemon = spawn("lb1", words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait(lambda: all_in(net, sampler.now) or daemon.poll() is not None, 60, "all servers to come in")
        assert daemon.poll() is None
        yield daemon
    finally:
        daemon.terminate()
        daemon.wait(10)


def all_in(net, table):
    return all(
        [table.get(virtual, {}).get(server) for server in servers.values()] == [1, 1, 1]
        for virtual, servers, _ in pools(net)
    )


def out(net, table, name):
    """Is the server out of every pool, in the way of that pool?"""
    return all(
        virtual in table and table[virtual].get(servers[name]) == weight
        for virtual, servers, weight in pools(net)
    )


class Story:
    """One fault of rs2 under load, from all well to all well."""

    def __init__(self, net, sampler):
        self.net, self.sampler = net, sampler
        wait(lambda: all_in(net, sampler.now), PATIENCE, "all servers to be in")
        self.began = time.monotonic()
        self.clients = [Client(VIP), Client(VIP6)]
        time.sleep(1)

    def gone(self):
        """Wait until rs2 is out everywhere; then let the client enjoy the rest for a while."""
        self.out_at = wait(lambda: out(self.net, self.sampler.now, "rs2"), PATIENCE, "rs2 to be out")
        time.sleep(2.5)
        assert out(self.net, self.sampler.now, "rs2"), "rs2 came back although it is still broken"
        self.mended_at = time.monotonic()

    def back(self):
        """Wait until all is well; then look at what the client and the others saw."""
        self.back_at = wait(lambda: all_in(self.net, self.sampler.now), PATIENCE, "rs2 to be back")
        time.sleep(1)
        requests = [request for client in self.clients for request in client.stop()]
        while_out = [r for r in requests if self.out_at + 0.2 < r[0] < self.mended_at]
        after = [r for r in requests if self.back_at + 0.2 < r[0]]
        assert len(while_out) > 10  # of 90 at 20 a second; a loaded machine sends fewer
        assert [r for r in while_out if r[2] != 200] == []
        assert {r[3] for r in while_out} == {"rs1", "rs3"}
        assert [r for r in after if r[2] != 200] == []
        assert "rs2" in {r[3] for r in after}
        self.others_untouched()

    def others_untouched(self):
        for virtual, servers, _ in pools(self.net):
            for name in ("rs1", "rs3"):
                seen = self.sampler.weights(servers[name], self.began)
                assert {weight for v, weight in seen if v == virtual} == {1}, (virtual, name)


@pytest.fixture
def story(net, director, sampler):
    return Story(net, sampler)


def test_a_killed_server_goes_and_comes_back(net, story):
    net.rs_kill("rs2")
    story.gone()
    net.rs_start("rs2")
    story.back()


def test_a_hung_server_goes_and_comes_back(net, story):
    net.rs_signal("rs2", signal.SIGSTOP)
    story.gone()
    net.rs_signal("rs2", signal.SIGCONT)
    story.back()


def test_a_server_that_answers_500_goes_and_stays_out_though_it_answers_ping(net, story):
    net.rs_fail("rs2", True)
    story.gone()
    net.rs_fail("rs2", False)
    story.back()


def test_a_server_whose_cable_is_pulled_goes_and_comes_back(net, story):
    net.cable(net.rs_port("rs2"), False)
    story.gone()
    net.cable(net.rs_port("rs2"), True)
    story.back()


def test_nobody_leaves_when_a_monitor_cannot_start(net, story):
    os.rename(f"{DIRECTORY}/sh", f"{DIRECTORY}/sh.away")  # "#!" names it: the exec fails
    time.sleep(4)
    assert all_in(net, story.sampler.now)
    os.rename(f"{DIRECTORY}/sh.away", f"{DIRECTORY}/sh")
    time.sleep(1.5)
    requests = [request for client in story.clients for request in client.stop()]
    assert [r for r in requests if r[2] != 200] == []
    for virtual, servers, _ in pools(net):
        for server in servers.values():
            seen = story.sampler.weights(server, story.began)
            assert {weight for v, weight in seen if v == virtual} == {1}


def test_a_table_flushed_by_hand_is_mended(net, director, sampler):
    spawn("lb1", ["ipvsadm", "-C"]).wait()
    time.sleep(0.1)  # five looks at the table: it is seen empty, or is mended already
    wait(lambda: all_in(net, sampler.now), PATIENCE, "the table to be mended")


def test_the_table_stays_as_it_is_when_the_daemon_ends(net, director, sampler):
    director.send_signal(signal.SIGTERM)
    assert director.wait(10) == 0
    assert all_in(net, sampler.now)
