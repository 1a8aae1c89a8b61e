"""Who may do what on port 2583, and who may send traps: auth.cf (PROTOCOL §7)."""

import re
from collections.abc import Mapping, Sequence

from mon.errors import ControlError
from mon.structs import Struct, field

ANY_USER = "AUTH_ANY"
EVERYBODY = "all"
ANY = "*"


class Rule(Struct, frozen=True):
    """Who is let to do a command; a denial wins."""

    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def permits(self, user: str) -> bool:
        """May this user?  "" has not logged in."""
        names = {user, ANY_USER} if user else set()
        return not self.denied & names and bool(self.allowed & (names | {EVERYBODY}))


class Sender(Struct, frozen=True):
    """Who may send traps: an address or ``*``, a user or ``*``, and the crypted password of that user."""

    host: str
    user: str
    password: str


class Access(Struct, frozen=True):
    """The rules by command; a command without one is for nobody, and so are traps without a sender."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    senders: tuple[Sender, ...] = ()

    def permits(self, command: str, user: str) -> bool:
        """May ``user`` ("" is not logged in) do ``command``?"""
        rule = self.rules.get(command)
        return rule is not None and rule.permits(user)

    def sender(self, address: str, user: str) -> Sender:
        """The entry that a trap from there must satisfy; one for user ``*`` is satisfied by any.

        With an entry for every host, entries for single hosts are not looked at; of two entries for a user
        the last one counts.  Raises ControlError for an unknown host or user.
        """
        anywhere = [sender for sender in self.senders if sender.host == ANY]
        here = anywhere or [sender for sender in self.senders if sender.host == address]
        if not here:
            raise ControlError("unknown host")
        by_user = {sender.user: sender for sender in here}
        found = by_user.get(ANY) or by_user.get(user)
        if found is None:
            raise ControlError(f"unknown user {user!r:.80}")
        return found


def parse(text: str, file: str = "auth.cf") -> Access:
    """The rules in a file.

    Raises ControlError for a line of the command section without a colon.
    """
    rules: dict[str, Rule] = {}
    senders: list[Sender] = []
    section = "command"
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if match := re.fullmatch(r"\s*(command|trap)\s+section\s*", line):
            section = match[1]
        elif section == "command":
            command, colon, users = line.partition(":")
            if not colon:
                raise ControlError(f"{file}:{number}: no colon in line {number}: write `COMMAND: USER, USER`")
            _add(rules, command.strip().lower(), re.split(r"[\s,]+", users.strip()))
        elif len(words) == 3:
            senders.append(Sender(*words))
    return Access(rules, tuple(senders))


def _add(rules: dict[str, Rule], command: str, users: Sequence[str]) -> None:
    before = rules.get(command, Rule())
    denied = {user[1:] for user in users if user.startswith("!")}
    allowed = {user for user in users if user and not user.startswith("!")}
    rules[command] = Rule(before.allowed | allowed, before.denied | denied)
