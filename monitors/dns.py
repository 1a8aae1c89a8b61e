"""Compare zones of name servers with their masters', or ask for records.

The names are those of the classic dns.monitor, with one dash or two: ``-zone`` with ``-master``, or
``-caching_only`` with ``-query``.  A master that cannot be asked makes the servers unknown, not down.
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from mon.plugin import BadOption, Bind, Cause, Down, Option, Probe, Unknown, dns, numbers

HALF = 1 << 31


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", "--port", help="port, of the masters too")] = 53,
    timeout: Annotated[float, Option("-t", "-timeout", "--timeout", help="seconds for each question")] = 10,
    zone: Annotated[
        list[str] | None, Option("-zone", "--zone", help="a zone that it must have as its masters do")
    ] = None,
    master: Annotated[list[str] | None, Option("-master", "--master", help="a master of the zones")] = None,
    serial_threshold: Annotated[
        int, Option("-serial_threshold", "--serial-threshold", help="how far behind its serial may be")
    ] = 0,
    failsingle: Annotated[
        bool, Option("-failsingle", "--failsingle", help="every master must answer, not just one")
    ] = False,
    caching_only: Annotated[
        bool, Option("-caching_only", "--caching-only", help="ask for --query, not for --zone")
    ] = False,
    query: Annotated[
        list[str] | None,
        Option("-query", "--query", help="what it must answer, and how", metavar="NAME[:TYPE[:VALUE]]"),
    ] = None,
    tcp: Annotated[bool, Option("-tcp", "--tcp", help="ask over TCP")] = False,
    retry: Annotated[int, Option("-retry", "--retry", help="questions before a server is given up")] = 2,
    retransmit: Annotated[
        int, Option("-retransmit", "--retransmit", help="accepted; the tries share the time")
    ] = 5,
    debug: Annotated[bool, Option("-debug", "--debug", help="accepted; nothing more is said")] = False,
    bind: Bind = "",
    probe: Probe,
) -> str:
    """``example.org 2026112201``, or the first value of each query."""
    asker = Asker(probe, port, timeout, max(1, retry), bind, tcp=tcp)
    if query or caching_only:
        return ", ".join([await answered(asker, host, each) for each in query or ()])
    if not zone:
        return await answered(asker, host, ".:NS")
    return ", ".join(
        [await compared(asker, host, each, master or [], serial_threshold, every=failsingle) for each in zone]
    )


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    if options.get("zone") and not options.get("master"):
        raise BadOption("there is a zone but no master to compare it with: add -master SERVER")
    if options.get("caching_only") and not options.get("query"):
        raise BadOption("-caching_only has nothing to ask: add -query NAME:TYPE")
    for name in ("query", "zone"):
        for text in _words(options.get(name)):
            split(text if name == "query" else f"{text}:SOA")


def deadline(options: Mapping[str, object]) -> float:
    """Seconds that a host may take: each question over UDP, then over TCP; the masters' at the same time."""
    questions = len(_words(options.get("zone"))) * 2 + len(_words(options.get("query"))) or 1
    return float(str(options["timeout"])) * questions * 2


def _words(value: object) -> list[str]:
    return value if isinstance(value, list) else []


@lru_cache(maxsize=1024)
def split(text: str) -> tuple[str, str, str]:
    """Name, type and wanted value of ``NAME[:TYPE[:VALUE]]``.  Raises BadOption."""
    name, kind, value = [*text.split(":", 2), "", ""][:3]
    kind = kind.upper() or "A"
    if kind not in dns.TYPES:
        raise BadOption(f"{text} asks for {kind}: it takes {', '.join(dns.TYPES)}")
    try:
        dns.query(name, kind)
    except ValueError as error:
        raise BadOption(f"{name!r} is no name that DNS has ({error}): write one as in a zone") from error
    return dns.reverse(name) if kind == "PTR" else name, kind, value


class Asker:
    """How servers are asked."""

    def __init__(
        self, probe: Probe, port: int, timeout: float, attempts: int, bind: str, *, tcp: bool
    ) -> None:
        self._probe = probe
        self._port = port
        self._timeout = timeout
        self._attempts = attempts
        self._bind = bind
        self._tcp = tcp

    async def ask(self, server: str, name: str, type: str, *, recurse: bool) -> dns.Reply:
        """The reply of one server; over TCP if it is too long for UDP.  Raises Down or Unknown."""
        question = dns.query(name, type, recurse=recurse)
        try:
            if not self._tcp:
                reply = await self._probe.ask(
                    server,
                    self._port,
                    question,
                    dns.reply_to(question),
                    timeout=self._timeout,
                    attempts=self._attempts,
                    bind=self._bind,
                )
                if not reply.truncated:
                    return reply
            return await self._over_tcp(server, question)
        except ValueError as error:
            raise Down(f"{name}: not a DNS answer: {error}", cause=Cause.WRONG) from error

    async def _over_tcp(self, server: str, question: bytes) -> dns.Reply:
        async with self._probe.talk(server, self._port, timeout=self._timeout, bind=self._bind) as stream:
            await stream.write(len(question).to_bytes(2, "big") + question)
            data = await stream.read_exactly(int.from_bytes(await stream.read_exactly(2), "big"))
        reply = dns.reply_to(question)(data)
        if reply is None:
            raise ValueError("it does not fit the question")
        return reply


async def answered(asker: Asker, host: str, wish: str) -> str:
    """Have ``NAME:TYPE:VALUE`` answered.  Raises Down."""
    name, kind, value = split(wish)
    reply = await asker.ask(host, name, kind, recurse=True)
    if reply.code != "NOERROR":
        raise Down(f"{name}: {reply.code}", cause=Cause.WRONG)
    values = reply.values(kind)
    if not values:
        raise Down(f"{name}: no {kind} record", cause=Cause.WRONG)
    if value and value.rstrip(".").lower() not in [each.lower() for each in values]:
        raise Down(f"{name}: {', '.join(values)[:80]}, expected {value}", cause=Cause.WRONG)
    return values[0]


async def compared(
    asker: Asker, host: str, zone: str, masters: list[str], threshold: int, *, every: bool
) -> str:
    """Compare a zone with its masters'.  Raises Down, or Unknown if they cannot be asked."""
    found = await asyncio.gather(
        serial(asker, host, zone), *(serial(asker, each, zone) for each in masters), return_exceptions=True
    )
    own, theirs = found[0], found[1:]
    troubles = [each for each in zip(masters, theirs, strict=True) if isinstance(each[1], BaseException)]
    serials = [each for each in theirs if isinstance(each, int)]
    if isinstance(own, BaseException):
        raise own
    if troubles and (every or not serials):
        said = "; ".join(f"master {name}: {trouble}" for name, trouble in troubles)
        raise Unknown(f"{zone}: {said}", cause=Cause.NONE)
    if len(serials) > 1 and max(abs(apart(each, serials[0])) for each in serials) > threshold:
        raise Unknown(f"{zone}: its masters differ: {', '.join(map(str, serials))}", cause=Cause.NONE)
    newest = max(serials, key=lambda each: apart(each, serials[0]))
    behind = apart(newest, own)
    if abs(behind) > threshold:
        which = "behind" if behind > 0 else "ahead of"
        raise Down(f"{zone}: serial {own} is {abs(behind)} {which} {newest}", cause=Cause.WRONG)
    return f"{zone} {own}"


def apart(one: int, other: int) -> int:
    """How far a serial number is ahead of another: they go round (RFC 1982)."""
    return (one - other + HALF) % (2 * HALF) - HALF


async def serial(asker: Asker, server: str, zone: str) -> int:
    """The serial number that a server has of a zone, as one who has it himself.  Raises Down or Unknown."""
    reply = await asker.ask(server, zone, "SOA", recurse=False)
    if reply.code != "NOERROR":
        raise Down(f"{zone}: {reply.code}", cause=Cause.WRONG)
    if not reply.authoritative:
        raise Down(f"{zone}: the answer is not authoritative", cause=Cause.WRONG)
    if reply.serial is None:
        raise Down(f"{zone}: no SOA record", cause=Cause.WRONG)
    return reply.serial
