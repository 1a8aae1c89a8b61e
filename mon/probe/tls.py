"""TLS settings of a check, and the shared contexts made of them.

A context loads the system's certificates (30 ms): there is one for each set of settings, not for each check.
"""

import ssl

from mon.errors import Unknown
from mon.model.result import Cause
from mon.structs import Struct


class Tls(Struct, frozen=True):
    """How to talk TLS.  ``name`` is what the certificate must be for and what is asked for by SNI.

    ``name`` "" is the host as given.  ``verify`` False accepts any certificate.  ``ca`` is a file with the
    authorities to trust instead of the system's.  ``resume`` goes on with the session of the last check
    where the server allows it: cheaper for both, but the certificate is not shown and so not checked again.
    """

    verify: bool = True
    name: str = ""
    ca: str = ""
    resume: bool = False


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


class Sessions:
    """The sessions to resume, one for each server and the settings that it was made with."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._kept: dict[tuple[Tls, str, int], ssl.SSLSession] = {}

    def of(self, tls: Tls, host: str, port: int) -> ssl.SSLSession | None:
        """The session to offer, None without one."""
        return self._kept.get((tls, host, port))

    def keep(self, tls: Tls, host: str, port: int, session: ssl.SSLSession | None) -> None:
        """Offer this one the next time (a ticket of TLS 1.3 is meant for one use: RFC 8446, C.4)."""
        if session is not None and session.has_ticket:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[tls, host, port] = session


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
