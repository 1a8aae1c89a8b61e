"""Environment variables as execve(2) takes them."""

import os
import sys
from collections.abc import Mapping

VARIABLE_LIMIT = 128 * 1024
"""MAX_ARG_STRLEN of execve(2): "NAME=value" and its NUL; above it exec fails."""

SHORT = VARIABLE_LIMIT // 4 - 2
"""So many characters fit in any case: in UTF-8 a character is four bytes at most."""


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables as exec takes them: no NUL, none above its limit (cut at a character's end)."""
    return {
        name: value if len(name) + len(value) < SHORT and "\0" not in value else _cut(name, value)
        for name, value in environment.items()
    }


def encoded(environment: Mapping[str, str]) -> dict[bytes, bytes]:
    """The same in bytes; what every program gets is encoded once.  (``os.fsencode`` takes twice as long.)"""
    how = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    return {name.encode(*how): value.encode(*how) for name, value in clean(environment).items()}


def _cut(name: str, value: str) -> str:
    room = VARIABLE_LIMIT - len(name.encode()) - 2
    value = value.replace("\0", "")
    if len(value) * 4 <= room:
        return value
    return os.fsencode(value)[:room].decode(errors="ignore")
