"""Where the demo's alerts arrive: a mail server and a webhook receiver that keep what they get."""

import asyncio
import email
import email.policy
import json
from collections.abc import Callable, Mapping
from email.message import Message

from aiosmtpd.smtp import SMTP, Envelope, Session

from mon.demo.web import Web

HOST, SMTP_PORT, WEBHOOK_PORT = "127.0.0.1", 2525, 8025

Heard = Callable[[Mapping[str, object]], None]
"""Called with each arrival: ``event`` is "mail" or "webhook", ``text`` all of it, ``title`` a line of it,
``look`` what a person sees of it."""


class Sinks:
    """Both receivers; each arrival is given to ``heard``."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._smtp: asyncio.Server | None = None
        self._web = Web(HOST, WEBHOOK_PORT, self._hook)

    async def open(self) -> None:
        """Listen.  Raises OSError when a port is taken."""
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(self._conversation, HOST, SMTP_PORT)
        await self._web.open()

    async def close(self) -> None:
        """Stop listening."""
        if self._smtp is not None:
            self._smtp.close()
        await self._web.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a whole message is there."""
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        body = message.get_body(("plain",))
        subject = str(message["Subject"])
        text = f"{subject}\n{body.get_content() if body else ''}"
        head = "".join(f"{name}: {message[name]}\n" for name in ("From", "To", "Subject"))
        look = f"{head}\n{text.partition(chr(10))[2].strip()}\n({_parts(message)})"
        to = list(envelope.rcpt_tos)
        self._heard({"event": "mail", "title": subject, "text": text, "look": look, "to": to})
        return "250 OK"

    def _conversation(self) -> SMTP:
        return SMTP(self, hostname="demo", ident="mon demo")

    def _hook(self, body: bytes) -> tuple[int, str]:
        try:
            said = json.loads(body)
            title = said["text"]
        except (ValueError, LookupError):
            return 400, "not JSON, or without text\n"
        look = "\n".join(f"{name}: {json.dumps(value)}" for name, value in said.items())
        self._heard({"event": "webhook", "title": title, "text": body.decode(), "look": look})
        return 200, "thank you\n"


def _parts(message: Message) -> str:
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    return f"as {' and '.join(kinds)}; in one thread with {message['References']}"
