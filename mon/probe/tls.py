"""TLS settings of a check, and the shared contexts made of them.

A context loads the system's certificates (30 ms): there is one for each set of settings, not for each check.
"""

import ssl
from dataclasses import dataclass

from mon.errors import Unknown
from mon.model.result import Cause


@dataclass(frozen=True, slots=True)
class Tls:
    """How to talk TLS.  ``name`` is what the certificate must be for and what is asked for by SNI.

    ``name`` "" is the host as given.  ``verify`` False accepts any certificate.  ``ca`` is a file with the
    authorities to trust instead of the system's.
    """

    verify: bool = True
    name: str = ""
    ca: str = ""


class Contexts:
    """The shared SSL contexts, made when first needed."""

    def __init__(self) -> None:
        self._made: dict[tuple[bool, str], ssl.SSLContext] = {}

    def get(self, tls: Tls) -> ssl.SSLContext:
        """The context for these settings.  Raises Unknown if the authorities cannot be read."""
        key = (tls.verify, tls.ca)
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _context(tls)
        return context


def _context(tls: Tls) -> ssl.SSLContext:
    if not tls.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=tls.ca or None)
    except OSError as error:  # ssl.SSLError is one
        raise Unknown(
            f"cannot read certificates of {tls.ca or 'the system'}: {error}", cause=Cause.NONE
        ) from error
