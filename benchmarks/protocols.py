"""CPU of a round trip of each protocol, compared with http's; HTTPS checks for a second of CPU.

    python benchmarks/protocols.py [CHECKS]

Our monitors against servers in a process of its own that say the least that is right.  A connection is a
round trip, and so is each answer that is waited for.
"""

import asyncio
import multiprocessing
import resource
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import trustme
from http_checks import monitor
from table import Row, at_least, at_most, noted, show

from mon.probe import Probe

IN_FLIGHT = 50
SHARE = 1.5
"""Of http's CPU for a round trip, the most of any other protocol."""

HTTPS = 1_000.0
"""Aim: checks for a second of CPU, a new connection and a full handshake each."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a server says at once and to each word, and the round trips of one check."""

    name: str
    trips: int
    greeting: bytes = b""
    answers: tuple[tuple[bytes, bytes], ...] = ()
    options: tuple[tuple[str, object], ...] = ()


PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nstill alive\n"

PROTOCOLS = (
    Protocol("http", 2, answers=((b"GET", PAGE),), options=(("url", "/"), ("status", "200"))),
    Protocol("tcp", 1),
    Protocol("ftp", 3, b"220 ready\r\n", ((b"QUIT", b"221 bye\r\n"),)),
    Protocol("smtp", 4, b"220 ready\r\n", ((b"HELO", b"250 hello\r\n"), (b"QUIT", b"221 bye\r\n")),
             (("helo", "localhost"),)),
    Protocol("pop3", 3, b"+OK ready\r\n", ((b"QUIT", b"+OK bye\r\n"),)),
    Protocol("imap", 3, b"* OK ready\r\n", ((b"a4", b"* BYE\r\na4 OK bye\r\n"),)),
)  # fmt: skip
DNS, TLS = Protocol("dns", 1), "https"

Check = Callable[[str], Awaitable[object]]


def rows(checks: int = 3_000) -> list[Row]:
    """http, then the others by it."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(Path(directory, "ca")))
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            str(Path(directory, "key"))
        )
        ours, theirs = multiprocessing.Pipe()
        serving = multiprocessing.Process(target=lambda: asyncio.run(serve(theirs, directory)), daemon=True)
        serving.start()
        ports: dict[str, int] = ours.recv()
        try:
            cpu = asyncio.run(measured(ports, str(Path(directory, "ca")), checks))
        finally:
            ours.send(None)
            serving.join(5)
    trips = {each.name: cpu[each.name] / each.trips for each in (*PROTOCOLS, DNS)}
    http = trips.pop("http")
    return [
        noted("http: CPU of a round trip", http * 1e6, "us"),
        *(at_most(f"{name}: CPU of a round trip", each / http, "x http's", SHARE, f"{each * 1e6:.0f} us")
          for name, each in trips.items()),
        at_least("HTTPS checks for a CPU-second", 1 / cpu[TLS], "", HTTPS, "verified, new connections"),
    ]  # fmt: skip


async def measured(ports: dict[str, int], ca: str, checks: int) -> dict[str, float]:
    """Seconds of CPU of one check of each."""
    probe = Probe()
    found = {}
    for name, check in _checks(ports, ca, probe).items():
        await run(check, checks // 5)
        found[name] = sorted([await run(check, checks) for _ in range(3)])[1]
    await probe.close()
    return found


def _checks(ports: dict[str, int], ca: str, probe: Probe) -> dict[str, Check]:
    def of(name: str, port: int, **options: object) -> Check:
        function = cast(Any, monitor(name))
        return lambda host: function(host, port=port, timeout=5, probe=probe, **options)

    https = {"url": "/", "status": "200", "tls": True, "ca": ca}
    return {
        **{each.name: of(each.name, ports[each.name], **dict(each.options)) for each in (*PROTOCOLS, DNS)},
        TLS: of("http", ports[TLS], **https),
    }


async def run(check: Check, checks: int) -> float:
    """Seconds of CPU of one of so many; they have to be right."""
    left = iter(range(checks))

    async def work() -> None:
        for _ in left:
            await check("127.0.0.1")

    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / checks


class Serving(asyncio.Protocol):
    """One connection of one protocol."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._protocol.greeting:
            self._transport.write(self._protocol.greeting)

    def data_received(self, data: bytes) -> None:
        for word, answer in self._protocol.answers:
            if data.startswith(word):
                self._transport.write(answer)
        if data.startswith((b"GET", b"QUIT", b"a4")):
            self._transport.close()


class Naming(asyncio.DatagramProtocol):
    """Answers each question of DNS with one name server for the root (RFC 1035, 4.1)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = b"\xc0\x0c\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x03\x01a\x00"
        question = data[12 : data.index(b"\0", 12) + 5]
        self._transport.sendto(data[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + answer, addr)


async def serve(pipe: Connection, directory: str) -> None:
    """All servers, until the pipe says stop."""
    loop, stop, ports = asyncio.get_running_loop(), asyncio.Event(), {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(directory, "key"))
    wanted = [(each.name, each, None) for each in PROTOCOLS] + [(TLS, PROTOCOLS[0], context)]
    for name, protocol, tls in wanted:
        server = await loop.create_server(
            lambda protocol=protocol: Serving(protocol), "127.0.0.1", 0, backlog=1024, ssl=tls
        )
        ports[name] = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(Naming, ("127.0.0.1", 0))
    ports[DNS.name] = transport.get_extra_info("sockname")[1]
    loop.add_reader(pipe, stop.set)
    pipe.send(ports)
    await stop.wait()


if __name__ == "__main__":
    show(rows(*map(int, sys.argv[1:])))
