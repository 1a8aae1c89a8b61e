"""The password hashes of the system's users; those in /etc/shadow only root may read."""

import ctypes
import pwd
from functools import lru_cache
from typing import Any

MOST = 16 * 1024
"""Octets for one entry."""

ELSEWHERE = ("x", "*", "")
"""What stands in the password field of passwd(5) when the hash is in shadow(5)."""


class _Entry(ctypes.Structure):
    """The beginning of ``struct spwd``; the rest is about ages, and not ours."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("password", ctypes.c_char_p),
        ("ages", ctypes.c_long * 6),
        ("flag", ctypes.c_ulong),
    ]


def passwd_hash(user: str) -> str:
    """What getpwnam(3) says, else shadow; "" if the user is unknown or has none that we may read."""
    try:
        found = pwd.getpwnam(user).pw_passwd
    except (KeyError, ValueError):  # ValueError: a NUL in the name
        return ""
    return shadow_hash(user) if found in ELSEWHERE else found


def shadow_hash(user: str) -> str:
    """What getspnam(3) says; "" if there is none that we may read."""
    name = user.encode("utf-8", "surrogateescape")
    entry, found = _Entry(), ctypes.POINTER(_Entry)()
    buffer = ctypes.create_string_buffer(MOST)
    if b"\0" in name:
        return ""
    _getspnam_r()(name, ctypes.byref(entry), buffer, MOST, ctypes.byref(found))
    return (entry.password or b"").decode("utf-8", "surrogateescape") if found else ""


@lru_cache(1)
def _getspnam_r() -> Any:
    function = ctypes.CDLL(None).getspnam_r
    function.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
    return function
