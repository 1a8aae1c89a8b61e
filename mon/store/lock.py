"""The lock of a database: a file beside it, and what holds it where that file is removed."""

import os
import threading
from pathlib import Path

from mon.store.files import lock, translated


class Lock:
    """``PATH.lock``, held until ``close``; no path is no lock.  ``keep`` may be called by any thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._descriptor = -1

    def keep(self) -> None:
        """Hold it, also when the file was removed and is another one now.

        Raises StoreRefused when another mon has it, StoreError when it cannot be made.
        """
        with self._turn:
            if self._path is None or self._is_there(self._path):
                return
            if self._descriptor >= 0:  # it was there, so it was removed, perhaps with its directory
                _make(self._path.parent)
            held, self._descriptor = self._descriptor, lock(self._path)
            _release(held)

    def _is_there(self, path: Path) -> bool:
        try:
            return self._descriptor >= 0 and os.path.samestat(
                os.fstat(self._descriptor), os.stat(f"{path}.lock")
            )
        except OSError:
            return False

    def close(self) -> None:
        """Give it up for good; a second time does nothing."""
        with self._turn:
            _release(self._descriptor)
            self._path, self._descriptor = None, -1


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o750, exist_ok=True)
    except OSError as error:
        raise translated(error, directory) from error


def _release(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
