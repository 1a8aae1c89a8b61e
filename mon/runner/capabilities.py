"""The few prctl(2) calls that Python has no name for."""

import contextlib
import ctypes
import functools
import os
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4

CAP_NET_RAW = 13


def clear_ambient() -> None:
    """Keep our capabilities to ourselves: what we start gets none (DESIGN §4, law 10).

    Call it once at start, before any thread: ambient capabilities are per thread.
    """
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


@contextlib.contextmanager
def lent(capability: int) -> Iterator[None]:
    """What this thread starts meanwhile has a capability that we have, if we may pass it on.

    For processes of our own that clear it themselves; never around the start of a plugin.
    """
    with contextlib.suppress(OSError):  # we have it not, or only for ourselves (not inheritable)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)
    try:
        yield
    finally:
        clear_ambient()


def become_subreaper() -> None:
    """Have orphaned descendants become our children, so that what escapes a plugin can be found."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def close_memory(*, closed: bool = True) -> None:
    """Let no process of our user look into us: /proc/PID/environ, mem and fd are root's, ptrace is refused.

    Plugins may run as our user, and secrets are in our environment.  What we exec is open again.
    """
    _prctl(PR_SET_DUMPABLE, 0 if closed else 1)


def die_with_parent(signal: int) -> None:
    """Get ``signal`` when the parent process ends, whatever ends it."""
    _prctl(PR_SET_PDEATHSIG, signal)


@functools.cache
def _libc() -> ctypes.CDLL:
    """Opened once: a fork that uses it then copies a few pages less."""
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int, more: int = 0) -> None:
    """Raises OSError when the kernel refuses."""
    zero = ctypes.c_ulong(0)
    if _libc().prctl(ctypes.c_int(option), ctypes.c_ulong(argument), ctypes.c_ulong(more), zero, zero):
        error = ctypes.get_errno()
        raise OSError(error, f"prctl {option}: {os.strerror(error)}")
