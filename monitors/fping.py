"""Ping all hosts over one socket.

The letters are those of the classic fping.monitor; the pause before a retry does not grow.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from mon.plugin import FALSE, Cause, Echo, Option, Probe, Unknown, Verdict, numbers

Report = Callable[[str, Verdict, str, Cause], object]
HOPS = 30
HOP_SECONDS = 1.0
ROUTES = 16
"""Hosts of one sweep whose route is looked for; where more fail at once, the first ones tell enough."""


async def sweep(
    hosts: Sequence[str],
    report: Report,
    *,
    all_hosts: Annotated[bool, Option("-a", "--all", help="fail only if no host at all answers")] = False,
    retries: Annotated[int, Option("-r", help="further pings before a host is given up", unset=FALSE)] = 3,
    slow: Annotated[
        float, Option("-s", help="fail hosts slower than this", metavar="MILLISECONDS", unset=FALSE)
    ] = 0,
    timeout: Annotated[
        float, Option("-t", help="wait this long for each ping", metavar="MILLISECONDS", unset=FALSE)
    ] = 2000,
    trace: Annotated[bool, Option("-T", "--traceroute", help="add the route to hosts that fail")] = False,
    probe: Probe,
) -> None:
    """Report each host as soon as its fate is known; with ``-a`` or ``-T`` those that fail come last."""
    failed: list[Echo] = []
    answered = False
    longest = slow / 1000 if slow and not all_hosts else float("inf")
    good, no_cause = Verdict.OK, Cause.NONE

    def heard(echo: Echo) -> None:
        nonlocal answered
        if echo.rtt is not None:
            answered = True
            if echo.rtt <= longest:
                report(echo.host, good, echo.detail, no_cause)
                return
        found = echo if echo.rtt is None else too_slow(echo, slow)
        if all_hosts or trace:
            failed.append(found)
        else:
            say(report, found)

    await probe.ping_sweep(hosts, heard, timeout=timeout / 1000, retries=retries)
    if all_hosts and answered:
        for echo in failed:
            report(echo.host, Verdict.OK, f"{echo.detail}; others answer", Cause.NONE)
        return
    lost = [echo for echo in failed if trace and echo.verdict is Verdict.DOWN][:ROUTES]
    for echo in failed:
        if echo not in lost:
            say(report, echo)
    await asyncio.gather(*(traced(echo, report, probe) for echo in lost))


def deadline(options: Mapping[str, object]) -> float:
    """Seconds that a sweep may take: all pings of a dead host, its name, its route."""
    pings = (int(str(options["retries"])) + 1) * float(str(options["timeout"])) / 1000
    return pings + 5 + (HOPS * HOP_SECONDS + 2 if options["trace"] else 0)


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


def too_slow(echo: Echo, slow: float) -> Echo:
    """The same, but down, since it took longer than ``slow`` milliseconds."""
    return Echo(echo.host, Verdict.DOWN, f"{echo.detail}, more than {slow:g} ms", echo.rtt)


def say(report: Report, echo: Echo) -> None:
    """Report a host, and in which way it is down."""
    down = Cause.TIMEOUT if echo.rtt is None else Cause.WRONG
    report(echo.host, echo.verdict, echo.detail, down if echo.verdict is Verdict.DOWN else Cause.NONE)


async def traced(echo: Echo, report: Report, probe: Probe) -> None:
    """Report a host with the route to it."""
    try:
        hops = await probe.traceroute(echo.host, timeout=HOP_SECONDS, hops=HOPS)
        route = ", ".join(f"{hop.distance} {hop.address} {hop.rtt * 1000:.1f} ms" for hop in hops)
        route = f"route: {route or 'nobody answers'}"
    except Unknown as finding:
        route = finding.detail
    say(report, Echo(echo.host, echo.verdict, f"{echo.detail}; {route}", echo.rtt))
