"""Tell systemd how we are, by sd_notify(3); without systemd nothing happens."""

import contextlib
import os
import socket
from collections.abc import Mapping


def notify(*states: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send lines such as ``READY=1``, ``RELOADING=1``, ``STOPPING=1``, ``WATCHDOG=1``, ``STATUS=text``.

    Nobody there, or a full queue, is no reason to stop: what systemd does not hear, it acts upon itself.
    """
    if path := environ.get("NOTIFY_SOCKET"):
        address = "\0" + path[1:] if path.startswith("@") else path
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(states).encode(), address)


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two ``WATCHDOG=1``: a third of what systemd waits; None if it does not wait for us."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    meant_for = environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or meant_for not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 3_000_000 or None
