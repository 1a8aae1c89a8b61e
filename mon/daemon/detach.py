"""Going to the background (``-f``) and the pid file."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from mon import private


def detach(error_file: str) -> None:
    """Leave the terminal; from here on this is the child of a child (daemon(7), SysV).

    stdout and stderr go to ``error_file``, or nowhere.  Call it before any thread exists.
    """
    _continue_in_child()
    os.setsid()
    _continue_in_child()  # no session leader, so it never gets a terminal again
    nothing = os.open(os.devnull, os.O_RDWR)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | _follow(error_file)
    errors = os.open(error_file, flags, private.LOG) if error_file else nothing
    for descriptor, target in ((nothing, 0), (errors, 1), (errors, 2)):
        os.dup2(descriptor, target)


def _follow(file: str) -> int:
    """The names in /dev are links that the system made; another link could have been made by anybody."""
    return 0 if file.startswith("/dev/") else os.O_NOFOLLOW


def _continue_in_child() -> None:
    if os.fork():
        os._exit(0)


@contextlib.contextmanager
def pid_file(path: Path | None) -> Iterator[None]:
    """Keep our process number in ``path`` for as long as we run; None is no file."""
    if path is None:
        yield
        return
    ours = f"{os.getpid()}\n".encode()
    private.overwrite(path, ours)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it was taken away, or is somebody else's by now
            if not path.is_symlink() and path.read_bytes() == ours:
                path.unlink()
