"""Does a password match a hash?"""

import hmac
from collections.abc import Callable, Iterable, Mapping

from mon.control.auth import apr1, libcrypt

METHODS: tuple[tuple[bytes, Callable[[bytes, bytes], bytes]], ...] = ((apr1.MAGIC, apr1.crypt),)
"""By how a hash begins; every other one is for libcrypt."""


LONGEST = 512
"""Octets of a password, as many as libcrypt takes (crypt(3)); apr1 hashes them a thousand times."""


def matches(password: str, hashed: str) -> bool:
    """Does it?  "", and what libcrypt does not know (``!``, ``*``), matches nothing.

    Slow on purpose: not for the loop.  Raises ControlError when there is no libcrypt.
    """
    secret, setting = _octets(password), _octets(hashed)
    if len(secret) > LONGEST:
        return False
    if not secret or not setting or b"\0" in secret + setting:  # C would see less than is there
        return False
    method = next((method for magic, method in METHODS if setting.startswith(magic)), libcrypt.crypt)
    found = method(secret, setting)
    return bool(found) and hmac.compare_digest(found, setting)


def read(lines: Iterable[str]) -> Mapping[str, str]:
    """The hashes of a userfile by user: ``USER : HASH``, ``#`` comments; the last line of a user counts."""
    users = {}
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            user, _, hashed = line.partition(":")
            users[user.strip()] = hashed.strip()
    return users


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
