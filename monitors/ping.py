"""Ping one host several times and judge loss and round-trip time."""

from collections.abc import Mapping
from typing import Annotated

from mon.plugin import Cause, Down, Option, Probe, numbers


async def check(
    host: str,
    *,
    count: Annotated[int, Option("-c", help="pings, one after the other")] = 3,
    interval: Annotated[float, Option("-i", help="seconds between them")] = 0.2,
    timeout: Annotated[float, Option("-t", help="seconds to wait for each answer")] = 2,
    loss: Annotated[
        float, Option("--loss", help="fail above this loss; else when all are lost", metavar="PERCENT")
    ] = 100,
    slow: Annotated[float, Option("-s", help="fail above this average", metavar="MILLISECONDS")] = 0,
    six: Annotated[bool, Option("-6", "--ipv6", help="only over IPv6")] = False,
    probe: Probe,
) -> str:
    """``3 of 3 answers, 0 % lost, 0.1/0.2/0.3 ms``: shortest, average and longest."""
    found = await probe.ping(host, count=count, interval=interval, timeout=timeout, family=6 if six else 0)
    lost = found.loss * 100
    if not found.received:
        raise Down(f"no answer to {found.sent} ping{'s' if found.sent != 1 else ''}", cause=Cause.TIMEOUT)
    times = "/".join(f"{seconds * 1000:.2f}" for seconds in (found.shortest, found.average, found.longest))
    said = f"{found.received} of {found.sent} answers, {lost:.0f} % lost, {times} ms"
    if lost > loss:
        raise Down(f"{said}: more than {loss:g} % lost", cause=Cause.TIMEOUT)
    if slow and found.average * 1000 > slow:
        raise Down(f"{said}: slower than {slow:g} ms", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


def deadline(options: Mapping[str, object]) -> float:
    """Seconds that one host may take."""
    each = float(str(options["interval"])) + float(str(options["timeout"]))
    return int(str(options["count"])) * each + 5
