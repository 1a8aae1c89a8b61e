"""The few prctl(2) calls that Python has no name for."""

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4


def clear_ambient() -> None:
    """Keep our capabilities to ourselves: what we start gets none (DESIGN §4, law 10).

    Call it once at start, before any thread: ambient capabilities are per thread.
    """
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def become_subreaper() -> None:
    """Have orphaned descendants become our children, so that what escapes a plugin can be found."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal: int) -> None:
    """Get ``signal`` when the parent process ends, whatever ends it."""
    _prctl(PR_SET_PDEATHSIG, signal)


def _prctl(option: int, argument: int) -> None:
    """Raises OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero):
        error = ctypes.get_errno()
        raise OSError(error, f"prctl {option}: {os.strerror(error)}")
