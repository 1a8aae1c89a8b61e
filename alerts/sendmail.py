"""Send a mail by the local sendmail program (Postfix, Exim, OpenSMTPD ...).

It queues the mail and sends it when it can.  Where it refuses several recipients together, it is called for
each alone, so that one bad address costs nobody else the mail.  Text, HTML part and threads are those of
mail.alert.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Annotated, NamedTuple

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
    run_program,
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


class Ended(NamedTuple):
    """How one call ended: what it ``said`` when it took the mail, else ``why`` not, and for good?"""

    said: str = ""
    why: str = ""
    final: bool = False


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
    wanted = list(dict.fromkeys(notice.left or to))
    ended = hand_over(program, message, wanted, timeout)
    if ended.why and ended.final and len(wanted) > 1:  # one of them may be the reason, the others need it
        return one_by_one(program, message, wanted, timeout / len(wanted))
    if ended.why:
        raise Undeliverable(ended.why, permanent=ended.final)
    return ended.said


def one_by_one(program: str, message: EmailMessage, to: Sequence[str], timeout: float) -> str:
    """Each for itself; who is refused is told, the others have it."""
    refused, left = dict[str, str](), dict[str, str]()
    said = ""
    for one in to:
        ended = hand_over(program, message, [one], timeout)
        if ended.why:
            (refused if ended.final else left)[one] = ended.why
        said = ended.said or said
    if left:
        raise Undeliverable("; ".join(dict.fromkeys(left.values())), left=list(left), refused=refused)
    if refused:
        text = "; ".join(f"{one}: {why}" for one, why in refused.items())
        raise Undeliverable(f"refused for {text}", permanent=True, refused=refused)
    return said


def hand_over(program: str, message: EmailMessage, to: Sequence[str], timeout: float) -> Ended:
    """Call the program once."""
    sender = message["From"].addresses
    # -i: a line with a single dot does not end it.  --: an address is never an option.
    words = [program, "-i", "-f", sender[0].addr_spec if sender else str(message["From"]), "--", *to]
    try:
        ended = run_program(
            words, bytes(message), timeout=timeout, stderr=subprocess.STDOUT, cwd="/", start_new_session=True
        )
    except subprocess.TimeoutExpired:
        return Ended(why=f"{program} did not end within {timeout:g} s")
    except OSError as error:
        return Ended(why=f"{program}: {error.strerror}")
    said = " ".join(ended.stdout.decode("utf-8", "backslashreplace").split())[:200]
    if ended.returncode:
        reason = FOR_GOOD.get(ended.returncode, "")
        text = f"{program}: exit status {ended.returncode}" + (f" ({reason})" if reason else "")
        return Ended(why=f"{text}: {said}" if said else text, final=bool(reason))
    return Ended(f"queued by {program}" + (f": {said}" if said else ""))


def verify(options: Mapping[str, object]) -> list[str]:
    """A zone that is none is refused; a program that is not there is warned of."""
    verify_zone(options)
    program = str(options.get("program"))
    if not os.access(program, os.X_OK):
        return [f"there is no program {program}: install a mail server that has it, or use mail.alert"]
    return []
