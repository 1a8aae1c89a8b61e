"""Running a program as another user, with no more of our environment than it needs.

Words in front of its own, not Popen's ``user=``, which forks the whole daemon instead of vforking.
"""

import errno
import os
import pwd
import re
from collections.abc import Iterable, Mapping

KEPT = frozenset(("PATH", "LANG", "LANGUAGE", "TZ"))
KEPT_PREFIXES = ("LC_", "MON_")
"""What every plugin gets of our environment.  The rest may be secrets of others (``env:NAME``)."""

NAMED = re.compile(r"(?:^|=)env:(\w+)$")
"""A word that names a variable: ``env:SECRET``, ``--password=env:SECRET``."""


def as_user(user: str) -> tuple[str, ...]:
    """The words of setpriv(1) that make what follows run as ``user``; none for "".

    Raises FileNotFoundError when there is no such user.
    """
    if not user:
        return ()
    group = _entry(user).pw_gid
    return ("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--")


def environment_of(user: str, inherited: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """What a plugin that runs as ``user`` ("" is us) gets of what we ``inherited``.

    ``also`` are variables that it gets besides, if they are set.  HOME, USER and LOGNAME are its user's.
    Raises FileNotFoundError when there is no such user.
    """
    names = {*KEPT, *also}
    kept = {
        name: value
        for name, value in inherited.items()
        if name in names or name.startswith(KEPT_PREFIXES)
    }  # fmt: skip
    try:
        entry = _entry(user) if user else pwd.getpwuid(os.geteuid())
    except KeyError:  # a user with a number only, as in containers
        return {"HOME": "/", **kept}
    return {**kept, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def named_variables(words: Iterable[object], inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables that these words of a plugin's own line name (``env:NAME``), if they are set."""
    found = (NAMED.search(word) for word in words if isinstance(word, str) and "env:" in word)
    return {match[1]: inherited[match[1]] for match in found if match and match[1] in inherited}


def _entry(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, f"there is no user {user}") from None
