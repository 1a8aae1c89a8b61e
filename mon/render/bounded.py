"""Templates of operators, rendered by a process that can be ended (``child``)."""

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mon.errors import RenderError
from mon.starting import start
from mon.structs import Struct

PATIENCE = 15.0
"""Seconds that one text may take by the clock; the child's own limits strike before if it gets its turn."""

AGAIN = 60.0
"""Seconds until a template that went beyond its limits is tried again."""

LONGEST = 64 << 20
"""Bytes of an answer: above what a text may have, in JSON."""

ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""What the child is given: the clock's zone is among it, secrets are not."""


class _Ended(Exception):
    """The child is gone, or says nothing."""


class _Child(Struct):
    """One process and our end of its socket."""

    process: subprocess.Popen[bytes]
    end: socket.socket

    def ask(self, request: bytes, until: float) -> bytes:
        """Its answer.  Raises _Ended."""
        try:
            self.end.settimeout(max(0.01, until - time.monotonic()))
            self.end.sendall(len(request).to_bytes(4) + request)
            size = int.from_bytes(self._read(4, until))
            if size > LONGEST:
                raise _Ended
            return self._read(size, until)
        except OSError as error:
            raise _Ended from error

    def _read(self, size: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self.end.settimeout(max(0.01, until - time.monotonic()))
            piece = self.end.recv(min(size - len(data), 1 << 16))
            if not piece:
                raise _Ended
            data += piece
        return bytes(data)

    def close(self) -> None:
        """End it, whatever it does."""
        self.end.close()
        self.process.kill()
        with suppress(OSError, subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)


class Bounded:
    """Renders templates of these directories; from several threads in several processes, one is kept."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._words = [sys.executable, "-P", "-m", "mon.render.child", *map(str, directories)]
        self._lock = threading.Lock()
        self._idle: _Child | None = None
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._beyond: dict[str, float] = {}  # templates that went beyond their limits: until when

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The text of a template.  Raises RenderError, also for one that goes beyond its limits."""
        until = time.monotonic() + PATIENCE
        if self._beyond.get(name, 0.0) > until - PATIENCE:
            raise RenderError(f"template {name} went beyond its limits and is not tried again for a minute")
        try:
            request = pickle.dumps((name, dict(values)))
        except Exception as error:  # whatever a plugin gives it
            raise RenderError(f"template {name} is given what cannot be passed on: {error}") from error
        if not self._places.acquire(timeout=PATIENCE):
            raise RenderError(f"template {name}: others take too long")
        try:
            answer = json.loads(self._asked(name, request, until))
        finally:
            self._places.release()
        if "text" not in answer:
            raise RenderError(answer["error"])
        return str(answer["text"])

    def close(self) -> None:
        """End what is kept."""
        with self._lock:
            idle, self._idle = self._idle, None
        if idle is not None:
            idle.close()

    def _asked(self, name: str, request: bytes, until: float) -> bytes:
        child = self._taken()
        try:
            answer = child.ask(request, until)
        except _Ended:
            child.close()
            self._beyond[name] = time.monotonic() + AGAIN
            raise RenderError(f"template {name} {_why(child.process.returncode)}") from None
        except BaseException:  # whatever it was: half an answer may be on its pipe, so it is not asked again
            child.close()
            raise
        self._give_back(child)
        return answer

    def _taken(self) -> _Child:
        with self._lock:
            child, self._idle = self._idle, None
        if child is not None:
            if child.process.poll() is None:
                return child
            child.close()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = start(
                    self._words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    cwd="/", start_new_session=True,
                    env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                )  # fmt: skip
            except OSError as error:
                ours.close()
                raise RenderError(f"no process for templates can be started: {error}") from error
        return _Child(process, ours)

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if self._idle is None:
                self._idle = child
                return
        child.close()


def _why(status: int | None) -> str:
    if status is not None and -status == 24:  # SIGXCPU
        return "computes without end"
    return "does not end, or takes more memory than there is for it"
