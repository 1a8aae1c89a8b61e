"""Pings, where the machine allows them, and in network namespaces of their own, where hosts can be dead."""

import asyncio
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from socket import inet_aton as inet

import pytest

from mon.model.result import Verdict
from mon.probe import echosocket
from mon.probe.echosocket import BURST, PACKET, EchoSocket, _sum
from mon.probe.icmp import REMEDY, Sweep
from mon.probe.slots import Slots

DEAF = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1"
PERMITTED = 'sysctl -qw net.ipv4.ping_group_range="0 2147483647"'
POWERLESS = "setpriv --bounding-set -all --inh-caps -all"  # still root, but without capabilities
SWEEP = """
import asyncio, json, sys
from mon.probe import Probe
async def main():
    probe, found = Probe(advise=lambda text: print(text, file=sys.stderr)), []
    for _ in range(2):
        await probe.ping_sweep(sys.argv[1:], found.append, timeout=0.2, retries=1)
    print(json.dumps(found))
asyncio.run(main())
"""

CROWD = """
import asyncio, json
from mon.probe import Probe
hosts = [f"127.{99 if n % 5 == 0 else 1}.{n // 250}.{1 + n % 250}" for n in range(2000)]
async def main():
    probe, found = Probe(), []
    for _ in range(3):
        await probe.ping_sweep(hosts, found.append, timeout=1.0, retries=1)
    print(json.dumps([(echo.host, echo.verdict) for echo in found]))
asyncio.run(main())
"""


def may_ping() -> bool:
    try:
        EchoSocket(socket.AF_INET).close()
    except OSError:
        return False
    return True


def may_unshare() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"]).returncode == 0


pings = pytest.mark.skipif(not may_ping(), reason="pings are not permitted here")
namespaces = pytest.mark.skipif(
    not (shutil.which("unshare") and shutil.which("setpriv") and may_unshare()),
    reason="needs root and unshare",
)


async def swept(probe, hosts, **options):
    found = []
    await probe.ping_sweep(hosts, found.append, **{"timeout": 1.0, "retries": 1, **options})
    return {echo.host: echo for echo in found}


def in_namespace(script, *hosts, prefix=""):
    """Sweep in a network that has nothing but loopback; (what was found, what was said on stderr)."""
    command = f'ip link set lo up; {script}; exec {prefix} "$0" -c "$PROGRAM" "$@"'
    run = subprocess.run(
        ["unshare", "-n", "sh", "-c", command, sys.executable, *hosts],
        env={**os.environ, "PROGRAM": SWEEP, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return [tuple(echo) for echo in json.loads(run.stdout)], run.stderr


@pytest.fixture
def raw_probe(probe, monkeypatch):
    """One whose socket gets all that comes for its identifier, with the IP header."""
    kind = socket.SOCK_RAW
    opened = lambda family: (socket.socket(family, kind, echosocket.PROTOCOL[family]), True)  # noqa: E731
    monkeypatch.setattr(echosocket, "_open", opened)
    return probe


async def asked_one(probe):
    """A family that waits for 127.0.0.2 under the number 7, 0; and what is heard of it."""
    family, heard = probe._icmp._families[socket.AF_INET], []
    family._open()
    sweep = Sweep(socket.AF_INET, [("127.0.0.2", ("127.0.0.2", 0))], heard.append)
    family._asks[7] = (sweep, {0: 0.0})
    return family, heard


def forge(echo, ask, index, *, source="127.0.0.2", cookie=None, kind=0, options=b""):
    """Send the socket a reply from another process."""
    head = (kind, 0), (echo._identifier, index & 0xFFFF, cookie or echo._cookie, ask, index)
    total = _sum(PACKET.pack(*head[0], 0, *head[1]))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as forger:
        forger.bind((source, 0))
        if options:
            forger.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        forger.sendto(PACKET.pack(*head[0], ~total & 0xFFFF, *head[1]), ("127.0.0.1", 0))


@pings
async def test_hosts_that_answer_are_alive_on_both_families(probe):
    hosts = [f"127.0.{i % 5}.{1 + i // 5}" for i in range(500)]
    found = await swept(probe, [*hosts, "::1", "localhost"])
    assert len(found) == 502
    assert {echo.verdict for echo in found.values()} == {Verdict.OK}
    assert all(0 <= echo.rtt < 1 for echo in found.values())


@pings
async def test_sweeps_side_by_side_share_the_socket(probe):
    before = len(os.listdir("/proc/self/fd"))
    groups = [[f"127.0.{group}.{i}" for i in range(1, 50)] for group in range(10)]
    found = await asyncio.gather(*(swept(probe, group) for group in groups))
    assert [set(echoes) for echoes in found] == [set(group) for group in groups]
    assert all(echo.verdict is Verdict.OK for echoes in found for echo in echoes.values())
    assert len(os.listdir("/proc/self/fd")) == before + 1


@pings
async def test_the_same_host_twice_is_reported_twice(probe):
    found = []
    await probe.ping_sweep(["127.0.0.1", "127.0.0.1"], found.append, timeout=1.0)
    assert [echo.verdict for echo in found] == [Verdict.OK] * 2


async def test_no_hosts_at_all_are_soon_done(probe):
    assert await swept(probe, []) == {}


async def test_what_cannot_be_asked_is_unknown(probe):
    probe._resolver._look_up = lambda name: ()
    found = await swept(probe, ["web.example", "fe80::1%nowhere"])
    assert {echo.verdict for echo in found.values()} == {Verdict.UNKNOWN}
    assert "cannot resolve web.example" in found["web.example"].detail


async def test_no_descriptors_make_every_host_unknown(probe, monkeypatch):
    def full(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("mon.probe.echosocket.socket.socket", full)
    found = await swept(probe, ["127.0.0.1", "::1"])
    assert {echo.detail for echo in found.values()} == {"cannot ping: Too many open files"}
    assert probe.advice == []


@pings
def test_the_checksum_is_right_for_any_number():
    sock = EchoSocket(socket.AF_INET)
    sock.close()
    numbers = (0, 1, 0xFFFF, 0x10000, 0xFFFE0001, 0xFFFFFFFF)
    for ask, index in itertools.product(numbers, numbers):
        fixed = (sock._identifier, index & 0xFFFF, sock._cookie, ask, index)
        total = _sum(PACKET.pack(sock._request, 0, sock.checksum(ask, index), *fixed))
        assert (total >> 16) + (total & 0xFFFF) in (0xFFFF, 0x1FFFE)


@pings
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to forge a reply")
async def test_a_forged_reply_from_another_address_does_not_count(probe):
    """Right identifier, number and cookie, but not from the host that was asked."""
    family = probe._icmp._families[socket.AF_INET]
    family._open()
    echo, heard = family._socket, []
    targets = [(host, (host, 0)) for host in ("127.0.0.9", "127.0.0.2")]
    family._asks[7] = (Sweep(socket.AF_INET, targets, heard.append), {0: 0.0, 1: 0.0})
    for index, known in (
        (0, 0),
        (1, 0 if not echo._header else 1),
    ):  # what a ping socket gets the kernel says
        forge(echo, 7, index, source="127.0.0.2")
        await asyncio.sleep(0.1)
        assert [said.host for said in heard] == ["127.0.0.2"] * known


@pings
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to forge a reply")
@pytest.mark.parametrize(
    "wrong",
    [{"cookie": bytes(8)}, {"kind": 8}, {"ask": 8}, {"index": 1}],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_reply_that_carries_anything_else_is_nobodys(wrong, raw_probe):
    family, heard = await asked_one(raw_probe)
    forge(family._socket, **{"ask": 7, "index": 0, **wrong})
    await asyncio.sleep(0.05)
    assert heard == []


@pings
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to forge a reply")
@pytest.mark.parametrize("options", [b"", b"\x01" * 4, b"\x01" * 40], ids=len)
async def test_a_reply_with_options_in_its_ip_header_counts(options, raw_probe):
    family, heard = await asked_one(raw_probe)
    forge(family._socket, 7, 0, options=options)
    await asyncio.sleep(0.05)
    assert [said.verdict for said in heard] == [Verdict.OK]


@namespaces
def test_a_dead_host_is_down():
    found, _ = in_namespace(DEAF, "127.0.0.1", "::1")
    assert {(verdict, detail) for _, verdict, detail, _ in found} == {("down", "no answer to 2 pings")}


@namespaces
def test_the_unprivileged_socket_does_as_well():
    found, said = in_namespace(PERMITTED, "127.0.0.1", "127.0.0.2", "::1", prefix=POWERLESS)
    assert [verdict for _, verdict, _, _ in found] == ["ok"] * 6
    assert said == ""


@namespaces
@pytest.mark.skipif(not shutil.which("iptables"), reason="needs iptables, to drop what goes to the dead")
@pytest.mark.parametrize("permitted", ["true", PERMITTED], ids=["raw", "ping socket"])
def test_two_daemons_side_by_side_call_nobody_dead_alive(permitted):
    """Both ask the same 2,000 hosts again and again; icmplib calls 54 of 1,000 dead hosts alive so."""
    command = f"""ip link set lo up; iptables -A INPUT -d 127.99.0.0/16 -j DROP; {permitted}
        "$0" -c "$PROGRAM" > "$1/one" & "$0" -c "$PROGRAM" > "$1/two"; wait"""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            ["unshare", "-n", "sh", "-c", command, sys.executable, directory],
            env={**os.environ, "PROGRAM": CROWD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            timeout=60,
            check=True,
        )
        found = [json.loads(Path(directory, name).read_text()) for name in ("one", "two")]
    for said in found:
        assert len(said) == 3 * 2000
        wrong = [(host, verdict) for host, verdict in said if (verdict == "ok") is host.startswith("127.99.")]
        assert wrong == []


@namespaces
def test_without_privilege_hosts_are_unknown_and_the_remedy_is_said_once():
    found, said = in_namespace("true", "127.0.0.1", "::1", prefix=POWERLESS)
    assert {(verdict, detail) for _, verdict, detail, _ in found} == {("unknown", REMEDY)}
    assert said.count("sysctl -w net.ipv4.ping_group_range") == 1


@namespaces
def test_without_a_route_hosts_are_unknown():
    found, _ = in_namespace("true", "192.0.2.1", "2001:db8::1")
    assert {verdict for _, verdict, _, _ in found} == {"unknown"}
    assert {detail for _, _, detail, _ in found} == {"cannot ping: Network is unreachable"}


@namespaces
def test_one_that_cannot_be_asked_leaves_those_beside_it_alone():
    hosts = ["127.0.0.1", "192.0.2.1", "127.0.0.2", "192.0.2.2", "127.0.0.3"]
    found, _ = in_namespace("true", *hosts)
    said = {(host, verdict) for host, verdict, _, _ in found}
    assert said == {(host, "ok" if host.startswith("127.") else "unknown") for host in hosts}
    assert len(found) == 2 * len(hosts)


@namespaces
@pytest.mark.skipif(not shutil.which("iptables"), reason="needs iptables, to lose the first request")
@pytest.mark.parametrize("permitted", ["true", PERMITTED], ids=["raw", "ping socket"])
def test_a_host_that_loses_the_first_request_is_alive(permitted):
    lossy = "iptables -A INPUT -p icmp --icmp-type echo-request -m statistic --mode nth --every 2 -j DROP"
    found, _ = in_namespace(f"{permitted}; {lossy}", "127.0.0.1", "127.0.0.2", "127.0.0.3")
    assert [verdict for _, verdict, _, _ in found] == ["ok"] * 6
    assert max(rtt for _, _, _, rtt in found) < 0.2


@pings
@pytest.mark.parametrize("hosts", [BURST - 1, BURST, BURST + 1, 2 * BURST + 1])
async def test_hosts_beyond_a_burst_are_asked_and_heard(probe, hosts):
    found = await swept(probe, [f"127.0.{i // 250}.{1 + i % 250}" for i in range(hosts)], retries=0)
    assert [echo.verdict for echo in found.values()] == [Verdict.OK] * hosts


@pings
async def test_what_the_socket_takes_no_more_of_is_sent_later(probe, monkeypatch):
    """Half a burst at a time, and nothing at every other try."""
    tries, send = itertools.count(), Slots.send

    def full(slots, sock, count):
        if next(tries) % 2:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return send(slots, sock, (count + 1) // 2)

    monkeypatch.setattr(Slots, "send", full)
    found = await swept(probe, [f"127.0.0.{i}" for i in range(1, 21)], retries=0)
    assert [echo.verdict for echo in found.values()] == [Verdict.OK] * 20


@pings
async def test_what_the_socket_never_takes_is_unknown_and_the_others_are_asked(probe, monkeypatch):
    send, refused = Slots.send, inet("127.0.0.3")

    def full(slots, sock, count):
        first = [bytes(slots.memory[at * slots.size :][4:8]) for at in range(count)]
        if first[0] == refused:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return send(slots, sock, first.index(refused) if refused in first else count)

    monkeypatch.setattr(Slots, "send", full)
    monkeypatch.setattr("mon.probe.icmp.PATIENCE", 3)
    found = await swept(probe, [f"127.0.0.{i}" for i in range(1, 6)], retries=0)
    said = {host: echo.verdict for host, echo in found.items()}
    assert said.pop("127.0.0.3") is Verdict.UNKNOWN
    assert "the socket took no request" in found["127.0.0.3"].detail
    assert set(said.values()) == {Verdict.OK}


@pings
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_statistics_of_one_host(probe, address):
    found = await probe.ping(address, count=3, interval=0.01)
    assert (found.sent, found.received, found.loss) == (3, 3, 0.0)
    assert 0 < found.shortest <= found.average <= found.longest < 1


@namespaces
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_statistics_of_a_dead_host_are_not_taken_from_our_own_request(address):
    """On loopback a raw socket sees the request too, with the identifier and sequence that are waited for."""
    program = (
        "import sys; from mon.probe.route import statistics;"
        "print(statistics(sys.argv[1], 2, 0.0, 0.2).received)"
    )
    run = subprocess.run(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            f'ip link set lo up; {DEAF}; "$0" -c "$PROGRAM" "$1"',
            sys.executable,
            address,
        ],
        env={**os.environ, "PROGRAM": program, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert (run.stdout.strip(), run.stderr) == ("0", "")


@pings
@pytest.mark.skipif(os.geteuid() != 0, reason="a route needs a raw socket")
async def test_the_route_to_ourselves(probe):
    hops = await probe.traceroute("127.0.0.1")
    assert [(hop.distance, hop.address) for hop in hops] == [(1, "127.0.0.1")]


def test_struct_sizes_are_those_of_the_kernel():
    assert PACKET.size == 24
    assert struct.calcsize("@HBBI") == 8
