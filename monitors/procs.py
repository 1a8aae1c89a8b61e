"""Count processes of this machine.

It looks at the machine mon runs on; for any other host it is unknown.  (The classic process.monitor asks
SNMP agents: that is ``snmp``.)
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from mon.plugin import Cause, Down, Option, Pattern, Probe, Timeout, numbers, regex

PROC = Path("/proc")


async def check(
    host: str,
    *,
    name: Annotated[str, Option("-n", "--name", help="only programs of this name")] = "",
    match: Annotated[str, Option("-m", "--match", help="only command lines that match this REGEX")] = "",
    least: Annotated[int, Option("--min", help="fewer are a failure")] = 1,
    most: Annotated[int, Option("--max", help="more are a failure; 0 is any number")] = 0,
    zombies: Annotated[
        bool, Option("-z", "--zombies", help="only those that ended and nobody awaits")
    ] = False,
    timeout: Timeout = 10,
    probe: Probe,
) -> str:
    """``3 processes``."""
    await probe.local(host, timeout=timeout)
    wanted = regex(match) if match else None
    count = len(await probe.in_thread(lambda: list(found(name, wanted, zombies=zombies)), timeout=timeout))
    said = f"{count} process{'' if count == 1 else 'es'}"
    if count < least:
        raise Down(f"{said}, fewer than {least}", cause=Cause.WRONG)
    if most and count > most:
        raise Down(f"{said}, more than {most}", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    regex(str(options.get("match") or ""))


def found(name: str, match: Pattern | None, *, zombies: bool) -> Iterator[str]:
    """Numbers of the processes that are meant."""
    for number in filter(str.isdecimal, os.listdir(PROC)):
        try:
            head, _, rest = (PROC / number / "stat").read_bytes().rpartition(b")")
            words = (PROC / number / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if (rest.split()[0] == b"Z") != zombies:
            continue
        program = os.path.basename(words.partition(b"\0")[0].decode(errors="replace"))
        called = head.partition(b"(")[2].decode(errors="replace")  # cut to 15 characters by the kernel
        line = words.replace(b"\0", b" ")
        if name in ("", program, called) and (match is None or match.matches(line)):
            yield number
