"""Secrets of alerts: where a word of mon.cf says they are, and keeping them out of what is said.

``@FILE`` is what the file holds, ``env:NAME`` a variable of the daemon's environment; so the word itself,
which ``ps``, ``mon status`` and the log may show, is no secret.
"""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from mon.errors import Undeliverable

LONG = 6
"""Characters from which on a piece of a secret is hidden: shorter ones would blot out ordinary words."""

TOKEN = 20
"""Characters from which on a piece of a URL with a digit in it is taken for a secret."""

MASK = "***"


def secret(word: str) -> str:
    """What ``@FILE`` or ``env:NAME`` stands for, without white space around it; any other word is itself.

    Raises Undeliverable (to be tried again: a secret may be put there later).
    """
    if word.startswith("@"):
        return _read(word[1:])
    if word.startswith("env:"):
        name = word.removeprefix("env:")
        if name not in os.environ:
            raise Undeliverable(f"{name} is not set in mon's environment")
        return os.environ[name].strip()
    return word


def exposed(*words: str) -> list[str]:
    """A warning for each ``@FILE`` that others may read or that is not there, and for secrets in URLs."""
    found = (_warning(word[1:]) if word.startswith("@") else _in_url(word) for word in dict.fromkeys(words))
    return [warning for warning in found if warning]


def secret_parts(url: str) -> tuple[str, ...]:
    """What nobody should read of a URL: all but the host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    return (parts.path, parts.query, parts.username or "", parts.password or "")


class Hidden:
    """Makes secrets, and what is part of them, unreadable in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {piece for whole in secrets for piece in (whole, *whole.split(), *whole.split("/"))}
        self._pieces = sorted((each for each in pieces if len(each) >= LONG), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with ``***`` for each secret in it."""
        for piece in self._pieces:
            text = text.replace(piece, MASK)
        return text


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise Undeliverable(f"{file}: {reason}") from None


def _in_url(word: str) -> str:
    scheme, mark, rest = word.partition("://")
    place, *pieces = re.split(r"[/?&=]", rest)
    if mark and ("@" in place or any(len(piece) >= TOKEN and re.search(r"\d", piece) for piece in pieces)):
        what = f"the {scheme} URL has what looks like a secret, which many may read"
        return f"{what}: write it to FILE, and @FILE here"
    return ""


def _warning(file: str) -> str:
    try:
        mode = os.stat(file).st_mode
    except PermissionError:  # who checks need not be who sends
        return ""
    except OSError as error:
        return f"the secret in {file} cannot be read ({error.strerror}): write it there"
    if mode & stat.S_IROTH:
        return f"the secret in {file} can be read by everybody: chmod o-r {file}"
    return ""
