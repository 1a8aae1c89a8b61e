"""Logins: each ``authtype`` is tried in turn until one lets the user in."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mon.control.auth import pam, passwords, shadow
from mon.control.auth.guesses import Guesses
from mon.errors import ControlError
from mon.probe.threads import NotBegun, Threads
from mon.structs import Struct

_log = logging.getLogger(__name__)

LOCAL = "127.0.0.1"
DEFAULT = ("getpwnam",)
"""Where mon.cf has no ``authtype``, as with the classic mon."""

AT_A_TIME = 2
"""Threads that hash: so many cores at most are spent on strangers who guess."""

REMEMBERED = 1000
"""Passwords of traps, as marks that say nothing without this process, whose truth is known."""

PATIENCE = 10.0
"""Seconds until a login fails that gets no thread, or no answer from PAM."""


class Claim(Struct, frozen=True):
    """Somebody at ``address`` says they are ``user``; ``userfile`` and ``pamservice`` are mon.cf's."""

    user: str
    password: str
    address: str
    userfile: Path = Path("/etc/mon/monusers.cf")
    pamservice: str = ""


def by_userfile(claim: Claim) -> bool:
    """The hashes of ``userfile``."""
    try:
        users = passwords.read(claim.userfile.read_text("utf-8", "surrogateescape").splitlines())
    except OSError as error:
        raise ControlError(f"cannot read the userfile {claim.userfile}: {error.strerror}") from error
    return passwords.matches(claim.password, users.get(claim.user, ""))


def by_passwd(claim: Claim) -> bool:
    """The system's users, by getpwnam(3) and what shadow(5) adds."""
    return passwords.matches(claim.password, shadow.passwd_hash(claim.user))


def by_shadow(claim: Claim) -> bool:
    """The system's users, by shadow(5) alone."""
    return passwords.matches(claim.password, shadow.shadow_hash(claim.user))


def by_pam(claim: Claim) -> bool:
    """Whatever PAM is told to ask for the service ``pamservice``."""
    return pam.admits(claim.user, claim.password, claim.pamservice or pam.SERVICE)


METHODS: Mapping[str, Callable[[Claim], bool]] = {
    "getpwnam": by_passwd,
    "shadow": by_shadow,
    "userfile": by_userfile,
    "pam": by_pam,
}


class Logins:
    """Checks claims in threads of its own, a few at a time."""

    def __init__(self) -> None:
        self._threads = Threads(AT_A_TIME, "login")
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._wrong: dict[bytes, None] = {}
        self._guesses = Guesses()

    async def accepts(self, claim: Claim, authtypes: Sequence[str]) -> bool:
        """Is it true by any authtype?  Without a user or a password only ``trustlocal`` can say so."""
        if not claim.user:
            return False
        names = authtypes or DEFAULT
        if "trustlocal" in names and claim.address == LOCAL:
            return True
        if not claim.password or not self._guesses.take(claim.address, self._now()):
            return False
        for method in (METHODS[name] for name in names if name in METHODS):
            if await self._said(method, claim):
                self._guesses.right(claim.address, self._now())
                return True
        _log.warning("login of user %r from %s refused", claim.user[:80], claim.address)
        return False

    async def matches(self, password: str, hashed: str, address: str) -> bool:
        """Does the password have this hash?  What was found out is remembered, as traps come often.

        Raises ControlError for an address with too many wrong ones: it is not looked at.
        """
        words = f"{len(hashed)} {hashed}{password}".encode("utf-8", "surrogateescape")
        mark = hmac.digest(self._secret, words, "sha256")
        if mark in self._right or mark in self._wrong:
            return mark in self._right
        if not self._guesses.take(address, self._now()):
            raise ControlError("too many wrong passwords came from there, or from everywhere")
        said = await self._said(passwords.matches, password, hashed)
        if said is None:
            return False
        if said:
            self._guesses.right(address, self._now())
        known = self._right if said else self._wrong  # apart: guesses make nobody's right one forgotten
        known[mark] = None
        if len(known) > REMEMBERED:
            del known[next(iter(known))]
        return said

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def close(self) -> None:
        """Ask no more."""
        self._threads.close()

    async def _said(self, question: Callable[..., bool], *arguments: object) -> bool | None:
        """The answer; None if there was none, and that is told."""
        try:
            return await self._threads.run(question, *arguments, timeout=PATIENCE)
        except ControlError as error:
            _log.error("%s", error)
        except NotBegun:
            _log.warning("a password was not checked: too many are waiting")
        except TimeoutError:
            _log.error("a password was not checked within %g seconds", PATIENCE)
        return None
