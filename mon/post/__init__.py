"""Posts to URLs: one request, one answer in words, never a secret in it.

``call`` does it.
"""

from collections.abc import Mapping

from mon.secret import Hidden
from mon.structs import Struct, field

LONGEST = 40.0
"""Seconds that a request may take, whatever the receiver does: less than a message gets."""


class Request(Struct, frozen=True):
    """What is sent where.

    ``proxy`` is a URL, else the environment (https_proxy, no_proxy) says it; ``ca`` is the file of the
    authorities to trust, else the system's; ``timeout`` is seconds for each step.
    """

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    proxy: str = ""
    ca: str = ""
    timeout: float = 10.0


def post(request: Request, hidden: Hidden, remark: str = "") -> str:
    """The answer if it is one from 200 to 299.  Redirects are not followed, ~/.netrc is not read.

    ``hidden`` keeps secrets out of every text; ``remark`` is added to the answer.  Raises Undeliverable for
    every other answer and for none; 408, 425, 429 and 5xx are to be tried again, when Retry-After says if it
    does.
    """
    from mon.post.call import call  # requests takes a tenth of a second to import: who posts pays for it

    return call(request, hidden, remark)
