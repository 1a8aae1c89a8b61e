"""A running program: its process, its pidfd, and the pipes of its output.

Output above a limit is read and dropped, slowly, so that a flood costs the event loop next to nothing.
"""

import asyncio
import codecs
import contextlib
import fcntl
import os
import select
import subprocess
from typing import NamedTuple

from mon.probe.deadlines import Deadlines
from mon.probe.poller import Poller
from mon.runner.cgroups import Scope

OUTPUT_LIMIT = 1 << 20
CHUNK = 64 * 1024

PIECE = 4096
"""Bytes decoded at once where some are no UTF-8: 1 ms at most."""

DRAIN_SECONDS = 0.005
"""Between two looks at the output of a program that has said too much."""


class Said(NamedTuple):
    """What a program said, as far as it was kept."""

    output: bytes
    dropped: int

    @property
    def text(self) -> str:
        """It as text, with a last line for what was dropped."""
        text = text_of(self.output)
        return f"{text}\n({self.dropped} bytes more of output were dropped)" if self.dropped else text


class Outlet:
    """The reading end of a pipe that a program writes to."""

    def __init__(self, fd: int, poller: Poller) -> None:
        self.fd = fd
        self._poller = poller
        self._output = bytearray()
        self._dropped = 0
        self._drain: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Read from now on.  Raises OSError."""
        self._poller.watch(self.fd, self._on_output)

    def finish(self) -> Said:
        """All that was said; lets go of the pipe."""
        if self.fd >= 0:
            for _ in range(OUTPUT_LIMIT // CHUNK + 1):  # bounded: a daemonised child may go on writing
                if not self._read():
                    break
        self.close()
        return Said(bytes(self._output), self._dropped)

    def close(self) -> None:
        """Read no more."""
        if self._drain:
            self._drain.cancel()
            self._drain = None
        if self.fd >= 0:
            self._poller.forget(self.fd)
            os.close(self.fd)
            self.fd = -1

    def _on_output(self, events: int) -> None:
        """Told once for all that is there (edge-triggered); the end of it is for ``finish`` to find."""
        if not events & select.EPOLLIN:
            return
        while self._read():
            if len(self._output) >= OUTPUT_LIMIT:
                self._flooded()
                return

    def _flooded(self) -> None:
        """It has said too much: from now on a look now and then."""
        if self.fd >= 0:
            self._poller.forget(self.fd)
            with contextlib.suppress(OSError):  # the user's share of pipe memory is spent
                fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, OUTPUT_LIMIT)
            self._drain_later()

    def _drain_later(self) -> None:
        self._drain = asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._on_flood)

    def _on_flood(self) -> None:
        self._drain = None
        for _ in range(OUTPUT_LIMIT // CHUNK):
            if not self._read():
                break
        if self.fd >= 0:
            self._drain_later()

    def _read(self) -> bool:
        """Read once; False when there is nothing now, or never again."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        kept = data[: OUTPUT_LIMIT - len(self._output)]
        self._output += kept
        self._dropped += len(data) - len(kept)
        return True


class Started(NamedTuple):
    """A process that was just started, and where it writes to; ``errors`` -1: both in one."""

    process: subprocess.Popen[bytes]
    output: int
    errors: int = -1
    scope: Scope | None = None


class Child:
    """One running program: its process, its pidfd, and the pipes of its output; ``watch`` begins."""

    def __init__(self, started: Started, mark: int, poller: Poller) -> None:
        self._process = started.process
        self._output = Outlet(started.output, poller)
        self._errors = Outlet(started.errors, poller) if started.errors >= 0 else None
        self.pid = self._process.pid
        self.mark = mark
        self.scope = started.scope
        self.exited = False
        self._waiter: asyncio.Future[None] | None = None
        self._poller = poller
        self._pidfd = -1

    @property
    def outlets(self) -> list[Outlet]:
        """Where it writes to."""
        return [self._output] if self._errors is None else [self._output, self._errors]

    def watch(self) -> None:
        """Notice its end and its output from now on.  Raises OSError."""
        self._pidfd = os.pidfd_open(self.pid)
        self._poller.watch(self._pidfd, self._on_exit)
        for outlet in self.outlets:
            outlet.watch()

    async def over(self, seconds: float, deadlines: Deadlines) -> bool:
        """Wait for its end; False if it has not come within ``seconds``.  One may wait at a time."""
        if self.exited:
            return True
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        limit = deadlines.set(seconds, self._end_wait)
        try:
            await waiter
        finally:
            limit.cancel()
            self._waiter = None
        return self.exited

    def signal(self, number: int) -> None:
        """Signal the whole process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def wait(self) -> int | None:
        """The status as of subprocess; None if it cannot be had (a process stuck in the kernel)."""
        return self._process.poll()

    def wait_for(self) -> None:
        """Wait for the end of one that was killed before anybody knew of it."""
        self._process.wait()

    def finish(self) -> tuple[Said, Said]:
        """All that was said, and what of it as errors, if that was asked for; lets go of everything."""
        said = self._output.finish()
        errors = self._errors.finish() if self._errors is not None else Said(b"", 0)
        self.close()
        return said, errors

    def close(self) -> None:
        """Stop watching."""
        self._close_pidfd()
        for outlet in self.outlets:
            outlet.close()
        self.exited = True  # for all that we shall ever know
        self._end_wait()

    def abandon(self) -> None:
        """Stop watching a program that is to outlive us."""
        abandon(self._process)
        self.close()

    def _close_pidfd(self) -> None:
        if self._pidfd >= 0:
            self._poller.forget(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _end_wait(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _on_exit(self, _events: int) -> None:
        self._close_pidfd()
        self.exited = True
        self._end_wait()


def abandon(process: subprocess.Popen[bytes]) -> None:
    """Never wait for a process: it is meant to outlive us, and Popen would complain of that."""
    process.returncode = 0


def text_of(output: bytes) -> str:
    """Output as text: bytes that are no UTF-8 as ``\\xNN``, NUL left out.

    In pieces: each odd byte costs a call, and a codec lets no other thread have the interpreter.
    """
    output = output.replace(b"\0", b"")
    try:
        return output.decode()
    except UnicodeDecodeError:
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        pieces = (output[at : at + PIECE] for at in range(0, len(output), PIECE))
        return "".join([decoder.decode(piece) for piece in pieces]) + decoder.decode(b"", final=True)
