"""TLS settings of a check, and the shared contexts made of them.

A context loads the system's certificates (30 ms): there is one for each set of settings, not for each check.
"""

import os
import ssl

from mon.errors import Unknown
from mon.model.result import Cause
from mon.probe.alabel import ascii_name
from mon.structs import Struct

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
OLD = frozenset(("1.0", "1.1"))
"""Versions whose signatures (SHA-1, MD5) OpenSSL allows on its lowest level of security only."""


class Tls(Struct, frozen=True):
    """How to talk TLS.  ``name`` is what the certificate must be for and what is asked for by SNI.

    ``name`` "" is the host as given.  ``verify`` False accepts any certificate.  ``ca`` is a file with the
    authorities to trust instead of the system's.  ``resume`` goes on with the session of the last check
    where the server allows it: cheaper for both, but the certificate is not shown and so not checked again.
    ``cert`` and ``key`` (or both in one file) are ours, for servers that ask for one; ``least`` is the oldest
    version accepted, "" for what Python takes (1.2).
    """

    verify: bool = True
    name: str = ""
    ca: str = ""
    resume: bool = False
    cert: str = ""
    key: str = ""
    least: str = ""


Key = tuple[bool, str, str, str, str]
Stamp = tuple[tuple[int, int], ...]


class Contexts:
    """The shared SSL contexts, made when first needed, and anew when one of their files was renewed."""

    def __init__(self) -> None:
        self._made: dict[Key, tuple[Stamp, ssl.SSLContext]] = {}

    def get(self, tls: Tls) -> ssl.SSLContext:
        """The context for these settings.  Raises Unknown if a certificate or a key cannot be read."""
        key = (tls.verify, tls.ca, tls.cert, tls.key, tls.least)
        stamp = tuple(map(_stamp, filter(None, key[1:4])))
        made = self._made.get(key)
        if made is None or made[0] != stamp:
            made = self._made[key] = stamp, client_context(tls)
        return made[1]


class Sessions:
    """The sessions to resume, one for each server and the settings that it was made with."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._kept: dict[tuple[Tls, str, int], tuple[ssl.SSLContext, ssl.SSLSession]] = {}

    def of(self, tls: Tls, host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSession | None:
        """The session to offer, None without one; those of another context cannot be resumed in this one."""
        made, session = self._kept.get((tls, host, port), (None, None))
        return session if made is context else None

    def keep(
        self, tls: Tls, host: str, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None
    ) -> None:
        """Offer this one the next time (a ticket of TLS 1.3 is meant for one use: RFC 8446, C.4)."""
        if session is not None and session.has_ticket:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[tls, host, port] = context, session


def tls_name(tls: Tls, host: str) -> str:
    """What is asked for by SNI, and what the certificate must be for.  Raises Unknown for what is no name."""
    try:
        return ascii_name((tls.name or host).partition("%")[0])
    except UnicodeError as error:
        raise Unknown(f"{tls.name or host} is no host name: {error}", cause=Cause.NONE) from error


def client_context(tls: Tls) -> ssl.SSLContext:
    """A context of its own for these settings.  Raises Unknown if a certificate or a key cannot be read."""
    context = _trusting(tls)
    if tls.least:
        context.minimum_version = VERSIONS[tls.least]
        if tls.least in OLD:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if tls.cert:
        try:
            load_certificate(context, tls.cert, tls.key)
        except (OSError, ValueError) as error:
            raise Unknown(f"cannot use the certificate {tls.cert}: {error}", cause=Cause.NONE) from error
    return context


def load_certificate(context: ssl.SSLContext, cert: str, key: str) -> None:
    """Ours.  Raises OSError (ssl.SSLError is one) or ValueError, where OpenSSL would ask for a password."""
    context.load_cert_chain(cert, key or None, password=_no_password)


def _no_password() -> str:
    raise ValueError("the key is encrypted: mon has nobody to ask for its password")


def _trusting(tls: Tls) -> ssl.SSLContext:
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


def _stamp(file: str) -> tuple[int, int]:
    try:
        found = os.stat(file)
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
