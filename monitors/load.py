"""Look at the load averages of this machine.

It looks at the machine mon runs on; for any other host it is unknown.
"""

import os
from collections.abc import Mapping
from typing import Annotated

from mon.plugin import BadOption, Cause, Down, Option, Probe, Timeout, numbers

MINUTES = (1, 5, 15)


async def check(
    host: str,
    *,
    most: Annotated[
        str, Option("-c", "--max", help="most for 1, 5 and 15 minutes, as 12,8,6; one number is for all")
    ] = "10",
    total: Annotated[bool, Option("--total", help="not for each processor, but for the machine")] = False,
    timeout: Timeout = 5,
    probe: Probe,
) -> str:
    """``load 0.4, 0.3, 0.2 on 4 processors``."""
    await probe.local(host, timeout=timeout)
    processors = os.cpu_count() or 1
    loads = os.getloadavg()
    said = f"load {', '.join(f'{load:.2g}' for load in loads)} on {processors} processors"
    for minutes, load, limit in zip(MINUTES, loads, limits(most), strict=True):
        if load > limit * (1 if total else processors):
            what = "" if total else " for each"
            raise Down(f"{said}: more than {limit:g}{what} over {minutes} min", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    limits(str(options["most"]))


def limits(text: str) -> list[float]:
    """Three numbers.  Raises BadOption."""
    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        found = []
    if len(found) not in (1, 3):
        raise BadOption(f"-c is given {text}: write one number, or three as 12,8,6")
    return found if len(found) == 3 else found * 3
