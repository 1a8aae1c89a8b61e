"""Send a mail by the local sendmail program (Postfix, Exim, OpenSMTPD ...).

It queues the mail and sends it when it can.  Text, HTML part and threads are those of mail.alert.
"""

import os
import subprocess
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Annotated

from mon.plugin import (
    Html,
    Notice,
    Option,
    Render,
    Sender,
    Subject,
    Undeliverable,
    Zone,
    mail,
    mail_preview,
    verify_zone,
)

preview = mail_preview

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
    sender: Sender = "",
    subject: Subject = "",
    zone: Zone = "",
    html: Html = True,
    timeout: Annotated[float, Option("--timeout", help="seconds")] = 30.0,
    render: Render,
) -> str:
    """Give the mail to the program."""
    message = mail(notice, render, to, sender=sender, subject=subject, zone=zone, html=html)
    # -i: a line with a single dot does not end it.  --: an address is never an option.
    words = [program, "-i", "-f", parseaddr(message["From"])[1], "--", *to]
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
    verify_zone(options)
    program = str(options.get("program"))
    if not os.access(program, os.X_OK):
        return [f"there is no program {program}: install a mail server that has it, or use mail.alert"]
    return []
