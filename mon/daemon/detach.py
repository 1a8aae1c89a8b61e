"""Going to the background (``-f``), and where stdout and stderr go then."""

import os

from mon import private


def detach(error_file: str) -> None:
    """Leave the terminal; from here on this is the child of a child (daemon(7), SysV).

    stdout and stderr go to ``error_file``, or nowhere.  Call it before any thread exists.
    """
    _continue_in_child()
    os.setsid()
    _continue_in_child()  # no session leader, so it never gets a terminal again
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = _open(error_file) if error_file else nothing
    for descriptor, target in ((nothing, 0), (errors, 1), (errors, 2)):
        os.dup2(descriptor, target)


def _follow(file: str) -> int:
    """The names in /dev are links that the system made; another link could have been made by anybody."""
    return 0 if file.startswith("/dev/") else os.O_NOFOLLOW


def _continue_in_child() -> None:
    if os.fork():
        os._exit(0)


def reopen(error_file: str) -> None:
    """Go on in the file of this name when the one that is open was moved away or removed (logrotate).

    Raises OSError.
    """
    if is_open(error_file):
        return
    errors = _open(error_file)
    for target in (1, 2):
        os.dup2(errors, target)
    os.close(errors)


def is_open(error_file: str) -> bool:
    """Does stderr go to the file that has this name now?"""
    try:
        return os.path.samestat(os.stat(error_file), os.fstat(2))
    except FileNotFoundError:
        return False


def _open(error_file: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | _follow(error_file)
    return os.open(error_file, flags, private.LOG)
