"""Starts the real daemon quickly: a process that has imported everything forks one for each start.

It is forked itself while its parent has one thread only; what it forks runs ``mon run`` and nothing else.
"""

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class Life:
    """One life of the daemon."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    @property
    def ended(self) -> bool:
        """Has it ended by itself?"""
        return bool(select.select([self._handle], [], [], 0)[0])

    def kill(self) -> None:
        """As the power cut does; returns when it is gone."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        select.select([self._handle], [], [], 30)
        os.close(self._handle)


class ForkServer:
    """Forks daemons until it is closed."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._pids, answers = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._orders)
            _serve(orders, answers)
            os._exit(0)
        os.close(orders)
        os.close(answers)

    def start(self, config: Path, log: Path) -> Life:
        """Run the daemon on a configuration, its standard error to ``log``."""
        os.write(self._orders, f"{config}\t{log}\n".encode())
        return Life(int(os.read(self._pids, 32)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._orders)
        os.close(self._pids)
        os.waitpid(self._pid, 0)


def _serve(orders: int, answers: int) -> None:
    # What a start would import is here already.
    import apscheduler.triggers.interval
    import jinja2
    import requests

    import mon.cli.run
    import mon.store  # noqa: F401

    _ = (apscheduler, jinja2, requests)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with os.fdopen(orders) as lines:
        for line in lines:
            config, log = line.rstrip("\n").split("\t")
            pid = os.fork()
            if pid == 0:
                _run(config, log)
            os.write(answers, f"{pid}\n".encode())


def _run(config: str, log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.closerange(3, 64)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    from mon.cli import main

    status = 1
    try:
        status = main(["run", "-c", config, "--log-json"])
    finally:
        os._exit(status)
