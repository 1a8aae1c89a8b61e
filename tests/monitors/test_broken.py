"""Every monitor of ours that talks to a server, against servers that are broken in every way.

Whatever a server does, the check ends within its time, and says *down*: no other exception, no *ok*, no hang.
"""

import asyncio
import ssl
from functools import partial

import pytest

from mon.plugin import Cause, Down, Unknown

TIMEOUT = 1.0
GRACE = 4.0
"""Seconds more than its timeout that a check may take on a busy machine."""

TCP = {
    "dns": {"tcp": True},
    "ftp": {},
    "http": {},
    "imap": {"user": "a", "password": "b", "mailbox": "INBOX"},
    "ldap": {},
    "mysql": {},
    "pop3": {"user": "a", "password": "b"},
    "postgresql": {},
    "redis": {},
    "smtp": {},
    "ssh": {},
    "sslcert": {},
    "tcp": {"expect": "ready"},
    "telnet": {},
}
UDP = {
    "dns": {},
    "dns_query": {"name": "www.example.test"},
    "ntp": {},
    "radius": {"secret": "shared", "attempts": 2},
    "snmp": {},
}
TLS = ("http", "imap", "ldap", "pop3", "redis", "smtp", "tcp")
STARTTLS = {"imap": b"* OK hi\r\na1 OK go\r\n", "pop3": b"+OK hi\r\n+OK go\r\n"}
GREETINGS = {
    "ftp": b"220 ready\r\n",
    "http": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "imap": b"* OK ready\r\n",
    "ldap": b"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    "mysql": b"\x4a\x00\x00\x00\x0a8.0.30\x00\x08\x00\x00\x00",
    "pop3": b"+OK ready\r\n",
    "postgresql": b"R\x00\x00\x00\x08\x00\x00\x00\x00",
    "redis": b"$5\r\nPON",
    "smtp": b"220 ready\r\n",
    "ssh": b"SSH-2.0-x\r\n\x00\x00\x01\x00",
    "telnet": b"\xff\xfd\x18log",
}
"""How a good server begins."""


async def silence(reader, writer):
    await asyncio.sleep(60)


async def hang_up(reader, writer):
    pass


async def garbage(reader, writer):
    writer.write(bytes(range(256)) * 16)
    await reader.read(1)


async def zeros(reader, writer):
    writer.write(bytes(4096))
    await reader.read(1)


async def ones(reader, writer):
    writer.write(b"\xff" * 4096)
    await reader.read(1)


async def web(reader, writer):
    writer.write(b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


async def flood(reader, writer):
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def lines(reader, writer):
    while True:
        writer.write(b"what?\r\n" * 1000)
        await writer.drain()


async def drip(reader, writer):
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.05)


async def reset(reader, writer):
    await reader.read(1)
    writer.transport.abort()


WAYS = (silence, hang_up, garbage, zeros, ones, web, flood, lines, drip, reset)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")
"""A library that fails half-way leaves its socket to the collector; SNMP's warns of itself."""


async def down(load, probe, monitor, port, **options):
    """What the check said about the server; it must be Down, in time."""
    check = partial(load(monitor).check, "127.0.0.1", port=port, timeout=TIMEOUT, probe=probe, **options)
    for _ in range(3):
        try:
            async with asyncio.timeout(TIMEOUT + GRACE):
                said = await check()
        except Down as found:
            assert found.detail
            return found
        except Unknown as found:
            if "mon itself was held up" not in found.detail:  # the machine has other things to do
                raise
        else:
            raise AssertionError(f"ok: {said}")
    raise AssertionError("this machine is too busy")


async def each_is_down(checks):
    """All of them, side by side; which were not is said by name."""
    found = dict(zip(checks, await asyncio.gather(*checks.values(), return_exceptions=True), strict=True))
    assert {str(name): said for name, said in found.items() if not isinstance(said, Down)} == {}
    return found


@pytest.mark.parametrize("name", TCP)
async def test_a_server_broken_in_any_way_is_down(load, probe, start, name):
    ways = [way for way in WAYS if (name, way) != ("http", web)]  # its own language, and said well
    found = await each_is_down(
        {way.__name__: down(load, probe, name, await start(way), **TCP[name]) for way in ways}
    )
    assert found["silence"].cause is Cause.TIMEOUT
    assert found["hang_up"].cause is Cause.WRONG


async def test_a_good_beginning_cut_short_is_down(load, probe, start):
    def hangs(said):
        async def serve(reader, writer):
            writer.write(said)
            await asyncio.sleep(60)

        return serve

    def hangs_up(said):
        async def serve(reader, writer):
            writer.write(said)
            await writer.drain()
            await asyncio.sleep(0.1)

        return serve

    found = await each_is_down(
        {
            (name, way): down(load, probe, name, await start(way(said)), **TCP[name])
            for name, said in GREETINGS.items()
            for way in (hangs, hangs_up)
        }
    )
    assert {each.cause for (_, way), each in found.items() if way is hangs} == {Cause.TIMEOUT}
    assert {each.cause for (_, way), each in found.items() if way is hangs_up} == {Cause.WRONG}


@pytest.mark.parametrize("name", TLS)
async def test_a_certificate_that_nobody_trusts_is_down(load, probe, start, authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    found = await down(load, probe, name, await start(garbage, context), tls=True, **TCP[name])
    assert found.detail.startswith("TLS: certificate not accepted")


@pytest.mark.parametrize("way", [silence, web], ids=lambda way: way.__name__)
async def test_tls_with_a_server_that_has_none_is_down(load, probe, start, way):
    port = await start(way)
    await each_is_down({name: down(load, probe, name, port, tls=True, **TCP[name]) for name in TLS})


@pytest.mark.parametrize("name", STARTTLS)
async def test_starttls_that_never_begins_is_down(load, probe, start, name):
    first, second, _ = STARTTLS[name].split(b"\r\n")

    async def agree(reader, writer):
        writer.write(first + b"\r\n")
        await reader.readline()
        writer.write(second + b"\r\n")
        await asyncio.sleep(60)

    found = await down(load, probe, name, await start(agree), starttls=True)
    assert found.detail == f"no TLS handshake within {TIMEOUT:g} s"


class Answers(asyncio.DatagramProtocol):
    """Answers each datagram with what ``made`` makes of it."""

    def __init__(self, made):
        self.made = made

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        for each in self.made(data):
            self.transport.sendto(each, address)


ECHOES = {
    "silence": lambda data: [],
    "nothing": lambda data: [b""],
    "its own words": lambda data: [data],
    "garbage": lambda data: [bytes(range(256))],
    "the number and garbage": lambda data: [data[:2] + b"\x81\x80" + b"\xff" * 60],
    "cut": lambda data: [data[: len(data) // 2]],
    "much": lambda data: [b"\x30" + b"\x84" * 1000] * 20,
}


async def test_a_server_that_answers_datagrams_badly_is_down(load, probe):
    loop = asyncio.get_running_loop()
    ports, transports = {}, []
    for answer, made in ECHOES.items():
        transport, _ = await loop.create_datagram_endpoint(partial(Answers, made), ("127.0.0.1", 0))
        transports.append(transport)
        ports[answer] = transport.get_extra_info("sockname")[1]
    checks = {
        (name, answer): down(load, probe, name, port, **UDP[name])
        for name in UDP
        for answer, port in ports.items()
    }
    try:
        found = await each_is_down(checks)
    finally:
        for transport in transports:
            transport.close()
        await asyncio.sleep(0)
    assert {found[name, "silence"].cause for name in UDP} == {Cause.TIMEOUT}
