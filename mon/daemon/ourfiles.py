"""Our own files in a directory where others work too: locked, looked after, and made anew when they are gone.

An operator cleans up, logrotate moves logs away, a backup is copied back: what is written to a file without
a name is lost with the process, so it is noticed within a second, said, and made anew at its place.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from mon import private
from mon.daemon import events
from mon.daemon.detach import is_open, reopen
from mon.daemon.places import Places
from mon.errors import StoreError, StoreRefused
from mon.store import lock_directory


class OurFiles:
    """The lock of the state directory, the pid file, and where stderr goes.

    Raises StoreRefused when another mon has the directory: nothing was touched then.  A directory that cannot
    be made, or a pid file that cannot be written, is said and tried again.
    """

    def __init__(self, where: Places) -> None:
        self._statedir = where.statedir
        self._pid = where.pidfile
        self._pid_written = False
        self._error_file = ""
        self._lock = -1
        self._trouble: dict[str, str] = {}
        self._note("statedir", _tried(self._begin_directory))

    def begin(self, error_file: str) -> None:
        """Write the pid file, and look after ``error_file`` if stderr goes to it."""
        self._error_file = error_file if error_file and is_open(error_file) else ""
        self._note("pidfile", _tried(self._keep_pid))

    async def look(self) -> None:
        """Make anew what is gone; what cannot be is said once."""
        for name, trouble in (await asyncio.to_thread(self._look)).items():
            self._note(name, trouble)

    def _look(self) -> dict[str, str]:
        looks = {"statedir": self._keep_lock, "pidfile": self._keep_pid, "errors": self._keep_errors}
        found = {}
        for name, look in looks.items():
            try:
                found[name] = _tried(look)
            except StoreRefused as error:  # another mon began in a directory that took the place of ours
                found[name] = str(error)
        return found

    def _note(self, name: str, trouble: str) -> None:
        if trouble and trouble != self._trouble.get(name):
            events.say(logging.ERROR, "files", trouble)
        self._trouble[name] = trouble

    def _begin_directory(self) -> None:
        private.make_directory(self._statedir)
        self._lock = lock_directory(self._statedir)

    def _keep_lock(self) -> None:
        """The directory itself was removed, and another one is there: it is to be ours as well."""
        if self._lock < 0:
            self._begin_directory()
            return
        self._statedir.mkdir(mode=0o750, exist_ok=True)
        if not os.path.samestat(os.fstat(self._lock), self._statedir.stat()):
            held, self._lock = self._lock, lock_directory(self._statedir)
            os.close(held)
            events.say(logging.WARNING, "files", f"{self._statedir} was replaced: locked again")

    def _keep_pid(self) -> None:
        if self._pid is None or (self._pid_written and self._pid.exists()):
            return
        _write_pid(self._pid)
        if self._pid_written:
            events.say(logging.WARNING, "files", f"{self._pid} was removed: written again")
        self._pid_written = True

    def _keep_errors(self) -> None:
        if self._error_file:
            reopen(self._error_file)

    def close(self) -> None:
        """Remove the pid file, if it is still ours, and give up the directory."""
        if self._pid is not None and self._pid_written:
            with contextlib.suppress(OSError):  # it was taken away, or is somebody else's by now
                if not self._pid.is_symlink() and self._pid.read_bytes() == _number():
                    self._pid.unlink()
            self._pid_written = False
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _write_pid(path: Path) -> None:
    """No symlink is followed: a daemon of root's would write where somebody else points."""
    try:
        private.overwrite(path, _number())
    except OSError as error:  # it is written under a name made up for it, which says nothing to anybody
        raise OSError(error.errno, error.strerror, str(path)) from error


def _number() -> bytes:
    return f"{os.getpid()}\n".encode()


def _tried(look: Callable[[], None]) -> str:
    """Why it could not be done, "" if it could."""
    try:
        look()
    except StoreRefused:
        raise
    except (OSError, StoreError) as error:
        return str(error)
    return ""
