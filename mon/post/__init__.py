"""Posts to URLs and to mail servers: one request, one answer in words, never a secret in it.

``post`` hands something to a URL, ``hand_in`` a mail to a server.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mon.post.limit import Limit
from mon.probe.tls import Tls
from mon.secret import Hidden
from mon.structs import Struct, field

__all__ = [
    "LONGEST",
    "HandedIn",
    "Limit",
    "MailServer",
    "Request",
    "hand_in",
    "pool_classes",
    "post",
]  # fmt: skip

if TYPE_CHECKING:
    from email.message import EmailMessage

LONGEST = 40.0
"""Seconds that a request may take, whatever the receiver does: less than a message gets."""


class Request(Struct, frozen=True):
    """What is sent where.

    ``proxy`` is a URL, else the environment (https_proxy, no_proxy) says it; ``timeout`` is seconds for each
    step.
    """

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    proxy: str = ""
    tls: Tls = Tls()
    timeout: float = 10.0


def post(request: Request, hidden: Hidden, remark: str = "") -> str:
    """The answer if it is one from 200 to 299.  Redirects are not followed, ~/.netrc is not read.

    ``hidden`` keeps secrets out of every text; ``remark`` is added to the answer.  Raises Undeliverable for
    every other answer and for none; 408, 425, 429 and 5xx are to be tried again, when Retry-After says if it
    does.
    """
    from mon.post.call import call  # requests takes a tenth of a second to import: who posts pays for it

    return call(request, hidden, remark)


def pool_classes(
    seconds: float, place: Callable[[str, str, int], tuple[Sequence[str], int]], limit: Limit
) -> dict[str, Any]:
    """Connection pools for urllib3, by scheme: what its PoolManager takes (mon.post.pools).

    ``seconds`` is the time to connect; ``place`` gives the addresses (none: to be looked up) and the port for
    the scheme, host and port of a URL.  Connections end with the ``limit``.
    """
    from mon.post.pools import pool_classes as made  # as above

    return made(seconds, place, limit.opened)


class MailServer(Struct, frozen=True):
    """Where mail is handed in, and how.

    ``helo`` is the name that we greet with, else this machine's.  ``context`` is for STARTTLS, or for ``tls``
    from the first byte on.  ``timeout`` bounds the whole, in seconds.
    """

    host: str
    port: int
    starttls: bool = False
    tls: bool = False
    context: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""
    helo: str = ""
    timeout: float = 30.0

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


class HandedIn(Struct, frozen=True):
    """What a mail server did with a mail, recipient by recipient.

    ``taken`` are those for which it answered 250 to the whole mail; ``refused`` those that it refuses for
    good, with its words; ``later`` all others, with what came in between.
    """

    taken: tuple[str, ...]
    refused: Mapping[str, str]
    later: Mapping[str, str]


def hand_in(message: "EmailMessage", to: Sequence[str], server: MailServer) -> HandedIn:
    """Give the mail to the server for these recipients.

    Raises Undeliverable when nobody was named to it yet, and when it refuses the mail itself for good.
    """
    from mon.post.smtp import hand_in as by_smtp  # smtplib takes its time to import

    return by_smtp(message, to, server)
