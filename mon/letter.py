"""A notice as a mail: a subject, a text and an HTML part, and headers that make one thread of an outage."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, Notice
from mon.outside import one_line
from mon.probe.ourname import own_domain
from mon.render import Render, zone_named
from mon.structs import Struct

if TYPE_CHECKING:
    from email.message import EmailMessage

SUBJECT_WIDTH, FACT_WIDTH = 78, 400
OPENING = frozenset((AlertType.FAILURE, AlertType.TRAP, AlertType.TRAPTIMEOUT))


class Letter(Struct, frozen=True):
    """What was rendered, before it is a mail; ``html`` is "" where there is none."""

    subject: str
    text: str
    html: str = ""

    def message(self, notice: Notice, *, sender: str, to: Sequence[str]) -> "EmailMessage":
        """The mail: the same Message-ID at each attempt, References to the first mail of the outage."""
        from email.message import EmailMessage  # only when mail is sent: slow to import
        from email.utils import formatdate

        from mon.post.address import bare_address

        mail = EmailMessage()
        mail["Subject"] = self.subject
        mail["From"] = sender
        mail["To"] = ", ".join(to)
        mail["Date"] = formatdate(notice.at or None, localtime=True)
        domain = bare_address(sender).rpartition("@")[2] or "mon"
        if notice.id:
            mail["Message-ID"] = f"<{notice.id}@{domain}>"
        # No mail has this id: all that refer to it are one thread (RFC 5256, by References), whoever was
        # told how often.
        digest = hashlib.sha256(notice.thread.encode("utf-8", "backslashreplace")).hexdigest()[:24]
        thread = f"<thread.{digest}@{domain}>"
        mail["References"] = thread
        mail["In-Reply-To"] = thread
        mail["Auto-Submitted"] = "auto-generated"
        if notice.type in OPENING:
            mail["Importance"] = "high"
        mail.set_content(_clean(self.text))
        if self.html:
            mail.add_alternative(_clean(self.html), subtype="html")
        return mail


def letter(notice: Notice, render: Render, *, subject: str = "", zone: str = "", html: bool = True) -> Letter:
    """The notice by the templates mail.subject.j2, mail.txt.j2 and mail.html.j2.

    ``subject`` takes the place of the template's, ``zone`` names the time zone of the reader.  A broken
    template costs no mail: a plain text stands in and says so.
    """
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    title = header(subject or render.text("mail.subject.j2", plain, notice=notice, zone=zone))
    text = render.text("mail.txt.j2", f"{plain}\n\n{notice.output}", notice=notice, zone=zone, subject=title)
    page = ""
    if html and render.has("mail.html.j2"):
        page = render.text("mail.html.j2", "", notice=notice, zone=zone, subject=title)
        if not page.lstrip().startswith("<"):
            # What is wrong with it is told at the end of the text, which is complete.
            text, page = f"{text.rstrip()}\n\n{page.strip()}\n", ""
    return Letter(title, text, page)


def brief(notice: Notice, render: Render, zone: str = "") -> Letter:
    """The notice as chats and pagers show it: the fact in a line, and a short text (which may be "")."""
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    fact = " ".join(render.text("mail.subject.j2", plain, notice=notice, zone=zone).split())
    said = render.text("chat.txt.j2", notice.summary, notice=notice, zone=zone).strip()
    return Letter(one_line(fact, FACT_WIDTH), said)


def mail(
    notice: Notice,
    render: Render,
    to: Sequence[str],
    *,
    sender: str = "",
    subject: str = "",
    zone: str = "",
    html: bool = True,
) -> "EmailMessage":
    """The notice as a mail from ``sender``, or mon at this machine, by its full name or its address.

    Raises Undeliverable if ``to`` is empty.
    """
    if not to:
        raise Undeliverable("no address to send to", permanent=True)
    written = letter(notice, render, subject=subject, zone=zone, html=html)
    return written.message(notice, sender=sender or f"mon@{own_domain()}", to=to)


def mail_preview(notice: Notice, options: Mapping[str, object], render: Render) -> str:
    """Subject and text of a mail as it would be sent with these options."""
    subject, zone = str(options.get("subject") or ""), str(options.get("zone") or "")
    written = letter(notice, render, subject=subject, zone=zone, html=bool(options.get("html")))
    return f"Subject: {written.subject}\n\n{written.text}"


def verify_zone(options: Mapping[str, object]) -> None:
    """Refuse an option ``zone`` that is none.  Raises BadOption."""
    try:
        zone_named(str(options.get("zone") or ""))
    except ValueError as error:
        raise BadOption(f"{error}: write one as Europe/Berlin") from error


def header(text: str) -> str:
    """A line fit for a header."""
    return one_line(" ".join(text.split()), SUBJECT_WIDTH)


def _clean(text: str) -> str:
    """Without NUL and lone surrogates, which no mail may have."""
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
