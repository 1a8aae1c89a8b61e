"""Guest side: starts the real daemon quickly, and can kill it between two steps of its work.

A process that has imported everything forks one for each start: 0.2 s in the guest instead of 2.  It reads
``CONFIG TAB LOG TAB FUSE TAB WORDS`` lines and answers each with a pid.  While the file FUSE exists, each
thing that the daemon does to the kernel's table or to its disk has a moment before and a moment after; at
the moment whose number stands in the file it kills itself (-9).
"""

import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def serve() -> None:
    # What a start would import is here already.
    import apscheduler.triggers.interval
    import jinja2
    import pyroute2
    import requests

    import mon.cli.run
    import mon.store  # noqa: F401

    _ = (apscheduler, jinja2, pyroute2, requests)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        config, log, fuse, words = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            run(["run", "-c", config, *words.split()], log, fuse)
        print(pid, flush=True)


def run(words: list[str], log: str, fuse: str) -> None:
    """``mon run``, its output to ``log``."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open("/dev/null", os.O_RDONLY)
    for number, to in ((0, null), (1, file), (2, file)):
        os.dup2(to, number)
    # Its own streams, as a process that was started has them: one that was read from cannot be set up anew.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    if fuse:
        lay(fuse)
    from mon.cli import main

    status = 1
    try:
        status = main(words)
    finally:
        os._exit(status)


def lay(fuse: str) -> None:
    """Count the moments before and after each step, see above."""
    from mon.balancer import ipvs
    from mon.store import state

    passed = 0

    def moment() -> None:
        nonlocal passed
        if os.path.exists(fuse):
            passed += 1
            with open(fuse) as file:
                if passed == int(file.read()):
                    os.kill(os.getpid(), signal.SIGKILL)

    for room, name in ((ipvs, "_table"), (ipvs, "_apply"), (state, "_write")):
        surround(room, name, moment)


def surround(room: ModuleType, name: str, moment: Callable[[], None]) -> None:
    original: Callable[..., Any] = getattr(room, name)

    def surrounded(*arguments: Any) -> Any:
        moment()
        answer = original(*arguments)
        moment()
        return answer

    setattr(room, name, surrounded)


if __name__ == "__main__":
    serve()
