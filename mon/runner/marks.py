"""Marks of runs that their processes cannot lose by accident, whatever else they drop.

RLIMIT_LOCKS has had no effect since Linux 2.4.25 (getrlimit(2)), but a process still has it, and so have its
children and what they execute: a new environment, session, parent or user changes nothing.  Its soft limit is
set around each start to a number of that run's own, and is read in /proc/PID/limits.
"""

import contextlib
import resource
import secrets
from collections.abc import Iterator
from itertools import count

from mon.starting import ALONE

RLIMIT_LOCKS = 10
"""linux: include/uapi/asm-generic/resource.h, the same on all architectures."""

LINE = b"Max file locks"

RUN_BITS, OWNER_BITS, SALT_BITS = 24, 20, 18
"""Of a mark, from the lowest: the run, what it was a run of, and which mon this is."""


class Marks:
    """Gives marks to runs.  ``owner`` of a mark is what ran: its number, 0 if nobody asked for one."""

    def __init__(self) -> None:
        self._salt = (secrets.randbits(SALT_BITS - 1) | 1 << (SALT_BITS - 1)) << (RUN_BITS + OWNER_BITS)
        self._runs = count(1)
        self._owners: dict[str, int] = {}
        self._names = [""]

    def new(self, owner: str = "") -> int:
        """The mark of a new run of ``owner``."""
        number = 0
        if owner:
            number = self._owners.setdefault(owner, len(self._names))
            if number == len(self._names):
                self._names.append(owner)
        low = next(self._runs) % (1 << RUN_BITS)
        return self._salt | (number % (1 << OWNER_BITS)) << RUN_BITS | low

    def owner(self, mark: int) -> str:
        """What the mark's run was a run of; "" if that is not known, or it is no mark of ours."""
        number = (mark >> RUN_BITS) % (1 << OWNER_BITS)
        ours = mark >> (RUN_BITS + OWNER_BITS) == self._salt >> (RUN_BITS + OWNER_BITS)
        return self._names[number] if ours and number < len(self._names) else ""


@contextlib.contextmanager
def marking(mark: int) -> Iterator[None]:
    """What is started meanwhile carries the mark; nothing else is: limits are those of all threads."""
    with ALONE:
        soft, hard = resource.getrlimit(RLIMIT_LOCKS)
        if not _allowed(mark, hard):
            yield
            return
        resource.setrlimit(RLIMIT_LOCKS, (mark, hard))
        try:
            yield
        finally:
            resource.setrlimit(RLIMIT_LOCKS, (soft, hard))


def mark_ourselves(mark: int) -> None:
    """Carry the mark from now on."""
    _, hard = resource.getrlimit(RLIMIT_LOCKS)
    if _allowed(mark, hard):
        resource.setrlimit(RLIMIT_LOCKS, (mark, hard))


def mark_of(pid: int) -> int:
    """The mark of a process, 0 if it has none or is gone.

    Raises OSError when no file can be opened.
    """
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone, or hidden (hidepid)
        return 0
    at = text.find(LINE)
    word = text[at + len(LINE) :].split(None, 1)[0] if at >= 0 else b""
    return int(word) if word.isdigit() else 0


def _allowed(mark: int, hard: int) -> bool:
    """Somebody made the limit smaller than any mark: then there are none."""
    return hard == resource.RLIM_INFINITY or mark <= hard
