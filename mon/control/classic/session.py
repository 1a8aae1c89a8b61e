"""What the commands of one connection share, and how a command answers."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mon.control.auth.login import Logins
from mon.control.classic import authfile
from mon.control.classic.access import ANY, Access
from mon.control.operations import Operations
from mon.engine import Book
from mon.errors import ControlError
from mon.model.config import Key, Service
from mon.structs import Struct, field

_log = logging.getLogger(__name__)


class Refused(ControlError):
    """A command that ends with another line than success; the text is that line."""


class Gate(Struct):
    """Who may do what, for all connections; ``reload auth`` replaces the rules.

    ``file`` is None where no auth.cf is wanted and everybody may do everything.
    """

    access: Access | None
    file: Path | None = None
    logins: Logins = field(default_factory=Logins)

    def permits(self, command: str, user: str) -> bool:
        """May ``user`` do ``command``?"""
        return self.access is None or self.access.permits(command, user)

    async def admit(self, user: str, password: str, address: str) -> None:
        """Let a trap in.

        Raises ControlError for one of an unknown host or user, or with a wrong password.
        """
        if self.access is None:
            raise ControlError("there is no auth.cf")
        sender = self.access.sender(address, user)
        if sender.user != ANY and not await self.logins.matches(password, sender.password, address):
            raise ControlError(f"the password of user {user!r:.80} is wrong")

    def reload(self) -> None:
        """Read the file again; one that cannot be used is logged, and the rules stay."""
        if self.file is None:
            return
        try:
            self.access = authfile.load(self.file)
        except ControlError as error:
            _log.error("the rules stay as they were: %s", error)


class Session(Struct):
    """One connection: who is on it and what it has selected."""

    operations: Operations
    gate: Gate
    address: str = ""
    user: str = ""
    view: str = ""
    over: bool = False

    @property
    def book(self) -> Book:
        """The owner of all states."""
        return self.operations.book

    @property
    def services(self) -> Mapping[Key, Service]:
        """All services, as an operator's ``set`` has left them."""
        return self.book.services

    @property
    def since_reset(self) -> float | None:
        """Seconds since the last ``reset``, None if there was none."""
        at = self.book.reset_at
        return None if at is None else self.operations.now().wall - at

    def known(self, words: Sequence[str]) -> Key | None:
        """The service that the first two words name, None if there is none."""
        key = (words[0], words[1]) if len(words) > 1 else ("", "")
        return key if key in self.services else None

    async def saved(self, final: str, *kinds: str) -> str:
        """The final line of a word that is in force, with the trouble behind it if it could not be saved.

        It stays a success, as the classic mon answers then (its ``save_state`` only writes to syslog): to
        Mon::Client any other number says that nothing was done.
        """
        try:
            await self.operations.save_state(kinds)
        except ControlError as error:
            return f"{final}; {error}"
        return final

    def seen(self, key: Key) -> bool:
        """Is the service in the selected view?"""
        return self.watch_seen(key[0]) or f"{key[0]}:{key[1]}" in self._viewed()

    def watch_seen(self, watch: str) -> bool:
        """Is the whole watch in the selected view?"""
        return not self.view or watch in self._viewed()

    def _viewed(self) -> Iterable[str]:
        return self.book.config.views.get(self.view, ())
