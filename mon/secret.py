"""Secrets of alerts: where a word of mon.cf says they are, and keeping them out of what is said.

``@FILE`` is what the file holds, ``env:NAME`` a variable of the daemon's environment; so the word itself,
which ``ps``, ``mon status`` and the log may show, is no secret.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from mon.errors import Undeliverable

LONG = 6
"""Characters from which on a piece of a secret is hidden: shorter ones would blot out ordinary words."""

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
    """A warning for each ``@FILE`` that others may read, or that is not there."""
    found = (_warning(word[1:]) for word in dict.fromkeys(words) if word.startswith("@"))
    return [warning for warning in found if warning]


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
