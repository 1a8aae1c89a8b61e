"""The agent monitor against servers that answer as HAProxy's agents do."""

import asyncio
import contextlib
import csv
import shutil
import socket
import socketserver
import subprocess
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.plugin import BadOption, Down, Unknown, Weighed


@pytest.fixture
def agent(load):
    return load("agent")


@pytest.fixture
def answer(start):
    """``await answer(b"up 75%\\n")`` gives the port of an agent that says so to everybody."""

    async def begin(line: bytes, *, then: float = 0.0) -> int:
        async def serve(reader, writer):
            writer.write(line)
            await writer.drain()
            await asyncio.sleep(then)

        return await start(serve)

    return begin


def weight(said) -> str:
    return str(said.weight) if isinstance(said, Weighed) else ""


@pytest.mark.parametrize(
    ("line", "detail", "suggested"),
    [
        (b"75%\n", "75%", "75%"),
        (b"up\n", "up", ""),
        (b"up ready 50%\r\n", "up ready 50%", "50%"),
        (b"UP, Ready\t120%\r", "up ready 120%", "120%"),
        (b"0%\n", "0%", "0%"),
        (b"up drain\n", "up drain", "0"),
        (b"maint 80%\n", "maint 80%", "0"),
        (b"drain ready 80%\n", "ready 80%", "80%"),
        (b"20% 30%\n", "30%", "30%"),
        (b"maxconn:30\n", "maxconn:30", ""),
        (b"75%,maxconn:30,maint,up\n", "75% maxconn:30 maint up", "0"),
        (b"up 33.3% # all is well\nmore\n", "up 33.3%", "33.3%"),
        (b"up hot\n", "up (not understood: hot)", ""),
    ],
)
async def test_what_an_agent_says(agent, answer, probe, line, detail, suggested):
    said = await agent.check("127.0.0.1", port=await answer(line, then=5), probe=probe)
    assert (str(said), weight(said)) == (detail, suggested)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"down\n", "the agent says down"),
        (b"up stopped # new kernel\n", "the agent says stopped: new kernel"),
        (b"fail#disk full\n", "the agent says fail: disk full"),
        (b"Down 75% ready\n", "the agent says down"),
    ],
)
async def test_an_agent_that_says_down_is_down(agent, answer, probe, line, what):
    with pytest.raises(Down) as finding:
        await agent.check("127.0.0.1", port=await answer(line), probe=probe)
    assert finding.value.detail == what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"up 75%", "no end of line behind 'up 75%'"),
        (b"", "no answer"),
        (b"\n", "'' is nothing that an agent says"),
        (b"HTTP/1.0 200 OK\r\n", "'HTTP/1.0 200 OK' is nothing that an agent says"),
        (b"1000000%\n", "'1000000%' is nothing that an agent says"),
        (b"\xff\x00\n", r"'\\xff\x00' is nothing that an agent says"),
    ],
)
async def test_what_is_no_answer_is_unknown_or_down_if_it_is_required(agent, answer, probe, line, what):
    port = await answer(line)
    with pytest.raises(Unknown) as finding:
        await agent.check("127.0.0.1", port=port, probe=probe)
    assert finding.value.detail == f"the agent: {what}"
    with pytest.raises(Down) as finding:
        await agent.check("127.0.0.1", port=port, required=True, probe=probe)
    assert finding.value.detail == what


async def test_an_agent_that_is_away_says_nothing_of_its_host(agent, answer, probe, refusing):
    with pytest.raises(Unknown, match=r"the agent: .*refused"):
        await agent.check("127.0.0.1", port=refusing, probe=probe)
    with pytest.raises(Down, match="refused"):
        await agent.check("127.0.0.1", port=refusing, required=True, probe=probe)
    silent = await answer(b"up", then=5)
    with pytest.raises(Unknown, match="the agent: "):
        await agent.check("127.0.0.1", port=silent, timeout=0.2, probe=probe)


async def test_what_is_to_be_sent_first_is_sent(agent, start, probe):
    async def serve(reader, writer):
        asked = (await reader.readline()).decode().strip()
        writer.write({"web": b"10%\n", "mail": b"90%\n"}[asked])
        await writer.drain()

    port = await start(serve)
    said = await agent.check("127.0.0.1", port=port, send=r"mail\n", probe=probe)
    assert weight(said) == "90%"


def test_options_that_cannot_be_meant_are_refused(agent):
    agent.verify({"port": 9999, "timeout": 5, "send": r"web\r\n"})
    with pytest.raises(BadOption, match=r"write \\r, \\n or \\t"):
        agent.verify({"send": r"web\x00"})
    with pytest.raises(BadOption):
        agent.verify({"port": 0})


@given(data=st.binary(max_size=60))
def test_whatever_it_says_is_an_answer_or_none(load, data):
    module = load("agent")
    try:
        said = module.judged(module.understood(data))
    except Down:
        return
    assert str(said)


ANSWERED = ("L7OK", "L7STS", "CHECKED")
"""What ``show stat`` says of an agent whose last answer was taken over; else INI, L4TOUT, L7TOUT ..."""

HAPROXY = """
global
    stats socket {socket} level admin
defaults
    mode tcp
    timeout connect 10s
    timeout client 1s
    timeout server 1s
    timeout check 60s
backend asked
    balance roundrobin
{servers}
"""

LINES = [
    "75%", "0%", "up", "up ready 40%", "drain", "maint", "ready", "drain ready 80%", "ready drain 80%",
    "20% 30%",
    "UP, MAINT", "down", "fail", "stopped # disk", "down up", "up down 30%", "maint 80%", "12%,maxconn:30,up",
    "hot 50%", "50% hot", "100%\tready", "7% # down", "drain # up", "% up", "maxconn:5 9%",
]  # fmt: skip


def test_it_understands_what_haproxy_understands(agent, tmp_path):
    """HAProxy asks one server for each of the lines; ``show stat`` is what it made of them."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin") or pytest.skip("haproxy is not installed")

    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(LINES[int(self.rfile.readline())].encode() + b"\n")

    class Agents(socketserver.ThreadingTCPServer):
        request_queue_size = 4 * len(LINES)

    with Agents(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        check = f"agent-check agent-port {server.server_address[1]} agent-inter 1s"
        servers = "\n".join(
            f'    server s{n} 127.0.0.1:1 weight 100 {check} agent-send "{n}\\n"' for n in range(len(LINES))
        )
        (tmp_path / "cfg").write_text(HAPROXY.format(socket=tmp_path / "sock", servers=servers))
        with subprocess.Popen(
            [program, "-db", "-f", str(tmp_path / "cfg")], stderr=subprocess.DEVNULL
        ) as process:
            try:
                made = asked(tmp_path / "sock")
            finally:
                process.kill()
                server.shutdown()
    assert {LINES[n]: understood(agent, LINES[n]) for n in range(len(LINES))} == {
        LINES[n]: made[f"s{n}"] for n in range(len(LINES))
    }


def understood(agent, line):
    """DOWN, OUT (no new clients), or the weight of a server that has 100."""
    try:
        said = agent.judged(agent.understood(f"{line}\n".encode()))
    except Down:
        return "DOWN"
    weight = said.weight.of(100) if isinstance(said, Weighed) else 100
    return int(weight) if weight else "OUT"


def asked(path):
    """The same by HAProxy, once all have answered: on a busy machine some checks run out of time."""
    for _ in range(600):
        time.sleep(0.1)
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"show stat asked 4 -1\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode().removeprefix("# ")
            rows = list(csv.DictReader(text.splitlines()))
            if len(rows) == len(LINES) and all(row["agent_status"] in ANSWERED for row in rows):
                return {row["svname"]: _made(row) for row in rows}
    raise AssertionError("HAProxy did not get an answer of everybody")


def _made(row):
    if row["status"].startswith("DOWN"):
        return "DOWN"
    return (
        "OUT" if row["status"].startswith(("DRAIN", "MAINT")) or row["weight"] == "0" else int(row["weight"])
    )
