"""Host names in other scripts, as they go over the wire (RFC 5890)."""

from functools import lru_cache

import idna


@lru_cache(maxsize=4096)
def ascii_name(host: str) -> str:
    """``größe.example`` as ``xn--gre-6ka8i.example``; what is ASCII already stays as it is.

    By IDNA 2008 as browsers do it (UTS 46); Python's own codec is of 2003 and leads ``straße.example`` to
    another host.  Raises UnicodeError for what is no name.
    """
    return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
