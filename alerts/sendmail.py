"""Send a mail by the local sendmail program (Postfix, Exim, OpenSMTPD ...).

It queues the mail and sends it when it can.  Text, HTML part and threads are those of mail.alert.
"""

import os
import socket
import subprocess
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Annotated

from mon.plugin import BadOption, Notice, Option, Render, Undeliverable, letter, zone_named

FOR_GOOD = {
    64: "usage",
    65: "data",
    67: "no such user",
    68: "no such host",
    77: "not permitted",
    78: "configuration",
}
"""Exit statuses of sysexits.h that trying again does not change; all others are tried again."""


def send(
    notice: Notice,
    to: Annotated[list[str], Option(positional=True, metavar="ADDRESS", help="who gets it")],
    *,
    program: Annotated[str, Option("--program", metavar="PATH")] = "/usr/sbin/sendmail",
    sender: Annotated[str, Option("-f", "--from", metavar="ADDRESS", help="mon@this host")] = "",
    subject: Annotated[str, Option("-S", "--subject", help="instead of the template's")] = "",
    zone: Annotated[str, Option("--zone", help="time zone of the reader, as Europe/Berlin")] = "",
    html: Annotated[bool, Option("--html", help="with an HTML part (--no-html: text alone)")] = True,
    timeout: Annotated[float, Option("--timeout", help="seconds")] = 30.0,
    render: Render,
) -> str:
    """Give the mail to the program."""
    if not to:
        raise Undeliverable("no address to send to", permanent=True)
    sender = sender or f"mon@{socket.gethostname()}"
    written = letter(notice, render, subject=subject, zone=zone, html=html)
    message = written.message(notice, sender=sender, to=to)
    # -i: a line with a single dot does not end it.  --: an address is never an option.
    words = [program, "-i", "-f", parseaddr(sender)[1] or sender, "--", *to]
    try:
        ended = subprocess.run(
            words,
            input=bytes(message),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            cwd="/",
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Undeliverable(f"{program} did not end within {timeout:g} s") from None
    except OSError as error:
        raise Undeliverable(f"{program}: {error.strerror}") from None
    said = " ".join(ended.stdout.decode("utf-8", "backslashreplace").split())[:200]
    if ended.returncode:
        reason = FOR_GOOD.get(ended.returncode, "")
        text = f"{program}: exit status {ended.returncode}" + (f" ({reason})" if reason else "")
        raise Undeliverable(f"{text}: {said}" if said else text, permanent=bool(reason))
    return f"queued by {program}" + (f": {said}" if said else "")


def verify(options: Mapping[str, object]) -> list[str]:
    """A zone that is none is refused; a program that is not there is warned of."""
    try:
        zone_named(str(options.get("zone") or ""))
    except ValueError as error:
        raise BadOption(f"{error}: write one as Europe/Berlin") from error
    program = str(options.get("program"))
    if not os.access(program, os.X_OK):
        return [f"there is no program {program}: install a mail server that has it, or use mail.alert"]
    return []


def preview(notice: Notice, options: Mapping[str, object], render: Render) -> str:
    """The mail's subject and text as they would be sent."""
    subject, zone = str(options.get("subject") or ""), str(options.get("zone") or "")
    written = letter(notice, render, subject=subject, zone=zone, html=bool(options.get("html")))
    return f"Subject: {written.subject}\n\n{written.text}"
