"""Running a program as another user: words in front of its own.

Not Popen's ``user=``, which forks the whole daemon instead of vforking.
"""

import errno
import pwd


def as_user(user: str) -> tuple[str, ...]:
    """The words of setpriv(1) that make what follows run as ``user``; none for "".

    Raises FileNotFoundError when there is no such user.
    """
    if not user:
        return ()
    try:
        group = pwd.getpwnam(user).pw_gid
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, f"there is no user {user}") from None
    return ("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--")
