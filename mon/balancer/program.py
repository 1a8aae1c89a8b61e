"""Calls a balancer's program: no shell, a time limit, output in memory, nothing left running.

The files it reads and writes are memory: no pipe that it could fill or a daemonised child of its keep open,
no disk to wait for (law 3).  What it says is cut at ``MOST`` bytes: it then gets an error for writing more.
"""

import fcntl
import os
import select
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from mon.errors import BalancerUnreachable
from mon.starting import start
from mon.structs import Struct

MOST = 8 << 20


class Ended(Struct, frozen=True):
    """How a program ended: ``status`` as Popen has it, what it wrote to stdout and to stderr."""

    status: int
    output: str
    errors: str

    @property
    def trouble(self) -> str:
        """What it complains about in one line; "" if its status is 0."""
        if self.status == 0:
            return ""
        lines = [line.strip() for line in (self.errors or self.output).splitlines() if line.strip()]
        return lines[-1] if lines else _status(self.status)


def run(words: Sequence[str], data: bytes = b"", *, limit: float) -> Ended:
    """Run a program with ``data`` on its stdin.

    Raises BalancerUnreachable when it cannot be started, or has not ended after ``limit`` seconds: it is
    killed then, with its children.
    """
    with ExitStack() as stack:
        stdin, stdout, stderr = (_memory(stack, name) for name in ("stdin", "stdout", "stderr"))
        with open(stdin, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(stdin, 0, os.SEEK_SET)
        for fd in (stdout, stderr):
            os.ftruncate(fd, MOST)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        try:
            process = start(words, stdin=stdin, stdout=stdout, stderr=stderr, cwd="/", start_new_session=True)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BalancerUnreachable(f"{words[0]} cannot be started: {reason}") from error
        with process:
            _wait(process, words[0], limit)
        return Ended(process.returncode, _said(stdout), _said(stderr))


def _memory(stack: ExitStack, name: str) -> int:
    fd = os.memfd_create(f"balancer-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    stack.callback(os.close, fd)
    return fd


def _wait(process: "subprocess.Popen[bytes]", name: str, limit: float) -> None:
    """Wait for the end by pidfd: ``Popen.wait`` with a time limit looks only every 50 ms."""
    try:
        end = os.pidfd_open(process.pid)
        try:
            poll = select.poll()
            poll.register(end, select.POLLIN)
            ended = bool(poll.poll(limit * 1000))
        finally:
            os.close(end)
    except BaseException:  # whatever it was, the program must not outlive the call
        _kill(process)
        raise
    if not ended:
        _kill(process)
        raise BalancerUnreachable(f"{name} has not ended after {limit:g} s")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _said(fd: int) -> str:
    """What was written; the offset is shared with whoever wrote it."""
    length = min(os.lseek(fd, 0, os.SEEK_CUR), MOST)
    return os.pread(fd, length, 0).decode(errors="backslashreplace").replace("\0", "")


def _status(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"exit status {status}"
