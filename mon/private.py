"""Files of ours on disk: who may read them, and no way to have us write somewhere else.

What monitors printed is not for everybody's eyes, whatever the umask is.  Where somebody else could have put
a symbolic link, it is never written through: the link is replaced, or refused.
"""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

SECRET, LOG, PUBLIC = 0o600, 0o640, 0o644
"""What monitors printed as state; as a log, for the group that may read logs; what is no secret."""

DIRECTORY = 0o750

_ALWAYS = os.O_CLOEXEC | os.O_NOFOLLOW


def make_directory(path: Path) -> None:
    """Make it if it is not there, and what is above it; one that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=DIRECTORY, exist_ok=True)


def replace(path: Path, data: bytes, mode: int = SECRET) -> None:
    """Write a file anew, whole or not at all.  Raises OSError."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _ALWAYS, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(new, path)
    except BaseException:  # whatever it was, no half of a file is left
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def overwrite(path: Path, data: bytes, mode: int = PUBLIC) -> None:
    """The same; where the directory is not ours to write in, the file that is there is overwritten.

    Raises OSError; a symbolic link is none of ours.
    """
    try:
        replace(path, data, mode)
    except PermissionError:
        descriptor = _opened(path, os.O_WRONLY | os.O_NONBLOCK)
        with open(descriptor, "wb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise
            file.truncate()
            file.write(data)


def append(path: Path, data: bytes, mode: int = LOG) -> None:
    """Put data at the end of a file that grows; one that was moved away (logrotate) is made anew.

    Raises OSError; a symbolic link is refused.
    """
    descriptor = _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, mode)
    with open(descriptor, "wb") as file:
        file.write(data)


def make(path: Path, mode: int = SECRET) -> None:
    """Let it be there, empty if it is new.  Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode))


def _opened(path: Path, flags: int, mode: int = SECRET) -> int:
    try:
        return os.open(path, flags | _ALWAYS, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:  # open(2) with O_NOFOLLOW
            error.strerror = "it is a symbolic link, and these are not followed"
        raise
