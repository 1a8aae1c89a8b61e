"""Programs are started one at a time, whatever thread starts them.

A run of a plugin is told from all else by a limit that is set around its start (mon.runner.marks).  Limits
are those of the whole process, so what another thread starts meanwhile would be taken for a part of that run,
and killed with it: a balancer's program, the program that delivers a mail.
"""

import subprocess
import threading
from collections.abc import Sequence
from typing import Any

ALONE = threading.Lock()
"""Held while a program is started, by ``start`` or by mon.runner.launch, and never while one runs.

The loop waits for it no longer than it does without: from its vfork to its exec a start keeps the interpreter
from all threads.  No fork copies it while it is held: only mon.worker forks, which has one thread.
"""


def start(words: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
    """``subprocess.Popen(words, **how)`` for what is no run of a plugin.

    Raises OSError or ValueError when it cannot be started.
    """
    with ALONE:
        return subprocess.Popen(words, **how)


def run(
    words: Sequence[str], data: bytes = b"", *, timeout: float, stderr: int = subprocess.PIPE, **how: Any
) -> subprocess.CompletedProcess[bytes]:
    """``subprocess.run`` of it, with ``data`` on its stdin; what it says is kept.

    Raises OSError when it cannot be started, subprocess.TimeoutExpired when it was killed after ``timeout``.
    """
    how.setdefault("stdin", subprocess.PIPE if data else subprocess.DEVNULL)
    with start(words, stdout=subprocess.PIPE, stderr=stderr, **how) as process:
        try:
            said, errors = process.communicate(data or None, timeout)
        except BaseException:  # whatever it was, nobody waits for the program any more
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, said, errors)
