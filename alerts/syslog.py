"""Write a line to syslog, here or on another machine.

Without --host it goes to /dev/log; else by UDP as RFC 5424 has it (--tcp: RFC 6587, counted).  The line is
the subject and what the monitor said.  Failures are err, recoveries notice.
"""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from mon.plugin import AlertType, BadOption, Notice, Option, Render, Undeliverable, connect, one_line

disturbs = False
"""It wakes nobody: mon check does not ask for ``alertevery``."""

FACILITIES = {
    "kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
    "cron": 9, "authpriv": 10, "ftp": 11, **{f"local{number}": 16 + number for number in range(8)},
}  # fmt: skip
ERR, NOTICE_LEVEL, INFO = 3, 5, 6
LEVELS = {AlertType.UP: NOTICE_LEVEL, AlertType.ACK: NOTICE_LEVEL, AlertType.DISABLE: NOTICE_LEVEL,
          AlertType.STARTUP: INFO, AlertType.TEST: INFO}  # fmt: skip
"""RFC 5424 6.2.1; what is not named is a failure: err."""

LOCAL = "/dev/log"
LONGEST = 2000
"""Bytes of a line: every receiver takes 2048 (RFC 5424 6.1)."""


def send(
    notice: Notice,
    *,
    host: Annotated[str, Option("--host", help="the machine to send to; else this one")] = "",
    port: Annotated[int, Option("--port")] = 514,
    tcp: Annotated[bool, Option("--tcp", help="by TCP instead of UDP")] = False,
    facility: Annotated[str, Option("--facility", help="daemon, local0 ...")] = "daemon",
    tag: Annotated[str, Option("--tag", help="the name in front of the line")] = "mon",
    socket_path: Annotated[str, Option("--socket", metavar="PATH")] = LOCAL,
    timeout: Annotated[float, Option("--timeout", help="seconds")] = 5.0,
    render: Render,
) -> None:
    """Write the line."""
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    subject = " ".join(render.text("mail.subject.j2", plain, notice=notice).split())
    text = one_line(" ".join([subject, *(notice.detail.split() if notice.detail.strip() else ())]))
    priority = FACILITIES.get(facility, 3) * 8 + LEVELS.get(notice.type, ERR)
    where = f"{host} port {port}" if host else socket_path
    try:
        if not host:
            _local(socket_path, _cut(f"<{priority}>{tag}[{os.getpid()}]: {text}"), timeout)
        elif tcp:
            line = _cut(_dated(priority, notice, tag, text))
            with connect(host, port, timeout) as stream:
                stream.sendall(b"%d %s" % (len(line), line))
        else:
            _datagram(host, port, _cut(_dated(priority, notice, tag, text)))
    except OSError as error:
        raise Undeliverable(f"{where}: {error.strerror or error}") from None


def verify(options: Mapping[str, object]) -> None:
    """Is there such a facility?"""
    facility = options.get("facility")
    if facility not in FACILITIES:
        raise BadOption(f"there is no facility {facility}: write one of {', '.join(FACILITIES)}")


def _dated(priority: int, notice: Notice, tag: str, text: str) -> str:
    """A line of RFC 5424; the message is UTF-8, which its BOM says."""
    at = datetime.fromtimestamp(notice.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    host = socket.gethostname() or "-"
    return (
        f"<{priority}>1 {at} {host} {tag} {os.getpid()} {notice.type} - \N{ZERO WIDTH NO-BREAK SPACE}{text}"
    )


def _cut(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")[:LONGEST].decode("utf-8", "ignore").encode()


def _local(path: str, line: bytes, timeout: float) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(timeout)
        sender.connect(path)
        sender.send(line)


def _datagram(host: str, port: int, line: bytes) -> None:
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as sender:
        sender.sendto(line, place)
