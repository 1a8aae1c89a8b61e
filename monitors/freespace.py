"""Look at file systems of this machine: mounted, writable, room and inodes.

As with Debian's freespace.monitor the words of the line are ``PATH:FREE[:INODES]``, with ``;;`` at its end
(``/var:5G``, ``/home:10%:5%``; without unit KiB).  Given hosts instead, it looks at ``--path``, and only if
the host is the machine mon runs on; any other host is unknown.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated

from mon.plugin import BadOption, Cause, Down, Option, Probe, Timeout, Unknown, numbers

SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[%KMGT]?)", re.IGNORECASE)
UNITS = {"": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


async def check(
    host: str,
    *,
    path: Annotated[list[str] | None, Option("-p", "--path", help="a file system; without it /")] = None,
    free: Annotated[str, Option("-f", "--free", help="least room: 10% or 5G")] = "5%",
    inodes: Annotated[str, Option("-i", "--inodes", help="least free inodes")] = "10%",
    read_only: Annotated[bool, Option("--read-only", help="it need not be writable")] = False,
    timeout: Timeout = 10,
    probe: Probe,
) -> str:
    """``/ 63% free``."""
    if host.startswith("/"):
        wanted = [[*host.split(":", 2), "", ""][:3]]
    else:
        await probe.local(host, timeout=timeout)
        wanted = [[each, "", ""] for each in path or ["/"]]
    said = []
    for where, room, files in wanted:
        found = await look(probe, where, timeout)
        try:
            said.append(judged(where, found, room or free, files or inodes, read_only=read_only))
        except BadOption as error:  # the words of the line are no options, nobody has looked at them yet
            raise Unknown(f"{host}: {error}", cause=Cause.NONE) from error
    return ", ".join(said)


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    for flag in ("free", "inodes"):
        least(str(options[flag]), 1)


async def look(probe: Probe, path: str, timeout: float) -> os.statvfs_result:
    """Ask for a file system; one on a server that is away may hang.  Raises Down."""
    try:
        if not await probe.in_thread(os.path.ismount, path, timeout=timeout):
            raise Down(f"{path} is not mounted", cause=Cause.WRONG)
        return await probe.in_thread(os.statvfs, path, timeout=timeout)
    except TimeoutError as error:
        raise Down(f"{path} does not answer within {timeout:g} s", cause=Cause.TIMEOUT) from error
    except OSError as error:
        raise Down(f"{path}: {error.strerror}", cause=Cause.WRONG) from error


def judged(path: str, found: os.statvfs_result, free: str, inodes: str, *, read_only: bool) -> str:
    """The line of detail of a good file system.  Raises Down for any other."""
    whole, left = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    share = f"{100 * left / whole:.0f}%" if whole else "nothing"
    if found.f_flag & os.ST_RDONLY and not read_only:
        raise Down(f"{path} is read-only", cause=Cause.WRONG)
    if left < least(free, whole):
        raise Down(f"{path} has {share} free ({left >> 20} MiB), less than {free}", cause=Cause.WRONG)
    if found.f_files and found.f_favail < least(inodes, found.f_files, bare=1):
        raise Down(f"{path} has {found.f_favail} inodes free, less than {inodes}", cause=Cause.WRONG)
    return f"{path} {share} free"


def least(text: str, whole: int, *, bare: int = UNITS[""]) -> float:
    """``10%`` of the whole, or ``5G``; ``bare`` is the unit of a mere number.  Raises BadOption."""
    size = SIZE.fullmatch(text)
    if size is None:
        raise BadOption(f"{text!r} is no size: write 10% or 5G")
    if size["unit"] == "%":
        return float(size["number"]) * whole / 100
    return float(size["number"]) * (UNITS[size["unit"].upper()] if size["unit"] else bare)
