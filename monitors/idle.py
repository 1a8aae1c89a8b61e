"""Keep an idle TCP connection to each host: its end is seen at once.

An event monitor: it is not run every interval, it waits.  When the connection is closed or reset it is made
anew: refused or reset again is down, that moment; accepted is a restart (or a server that closes idle
connections), and only makes the other services that vote on the host check it.  A pulled cable closes
nothing, and a connection that times out says nothing: let fping or http vote beside it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated

from mon.plugin import Cause, Down, Option, Probe, Unknown, Verdict, numbers

Report = Callable[[Verdict, str, Cause], object]
AT_ONCE = 4
"""So often in a row a connection is made anew without waiting: a process that dies takes some ms to do so."""


async def follow(
    host: str,
    report: Report,
    *,
    port: Annotated[int, Option("-p", help="port")] = 80,
    timeout: Annotated[float, Option("-t", help="seconds for connecting")] = 3,
    retry: Annotated[float, Option("-r", help="seconds between attempts while it is down")] = 1,
    pause: Annotated[float, Option("--pause", help="seconds in which one more close is ordinary")] = 2,
    bind: Annotated[str, Option("--bind", help="local address to connect from", metavar="ADDRESS")] = "",
    probe: Probe,
) -> None:
    """Report each time that the connection is made, and each time that it cannot be made."""
    pace = Pace(pause)
    ended = ""
    while True:
        try:
            held = await probe.hold(host, port, timeout=timeout, bind=bind)
        except (Down, Unknown) as finding:
            down = isinstance(finding, Down) and finding.cause is not Cause.TIMEOUT
            cause = finding.cause if down else Cause.NONE
            report(Verdict.DOWN if down else Verdict.UNKNOWN, f"{ended}{finding.detail}", cause)
            await asyncio.sleep(retry)
            continue
        try:
            report(Verdict.OK, f"{ended}connected", Cause.NONE)
            end = await held.gone()
        finally:
            held.close()
        ended = f"{end.detail}, then "
        await pace.wait()


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


class Pace:
    """Lets ``AT_ONCE`` reconnections through at once, and then one every ``pause`` seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._left = float(AT_ONCE)
        self._at = asyncio.get_running_loop().time()

    async def wait(self) -> None:
        """Until the next one may be made."""
        now = asyncio.get_running_loop().time()
        if self._pause:
            self._left = min(AT_ONCE, self._left + (now - self._at) / self._pause)
        self._at = now
        self._left -= 1
        if self._left < 0:
            await asyncio.sleep(-self._left * self._pause)
