"""What an operator has turned off: hosts (as members of their groups), watches, services."""

from collections.abc import Iterable

from mon.model.config import Config, Key

Member = tuple[str, str]
"""(group, host): a host is turned off in each of its groups, but mon.cf may star it in one only."""


class Disabled:
    """What is turned off under a configuration.  Unknown names change nothing."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.members: set[Member] = set(_starred(config))
        self.watches: set[str] = set()
        self.services: set[Key] = set()

    def groups_of(self, host: str) -> tuple[str, ...]:
        """The hostgroups that the host is a member of."""
        groups = self._config.hostgroups.values()
        return tuple(group.name for group in groups if any(h.name == host for h in group.hosts))

    def alone_in(self, host: str) -> tuple[str, ...]:
        """The watches whose only host it is: they are turned off and on with it."""
        return tuple(
            name
            for name in self.groups_of(host)
            if len(self._config.hosts(name)) == 1 and name in _watches(self._config)
        )

    def turn_off_host(self, host: str) -> None:
        """In all of its groups."""
        self.watches.update(self.alone_in(host))
        self.members.update((group, host) for group in self.groups_of(host))

    def turn_on_host(self, host: str) -> None:
        """In all of its groups."""
        self.watches.difference_update(self.alone_in(host))
        self.members.difference_update([(group, host) for group in self.groups_of(host)])

    def said(self, key: Key) -> str:
        """Which word turns off the alerts of this service, "" if none does."""
        if key[0] in self.watches:
            return f"the watch {key[0]} is disabled"
        return f"the service {key[0]}/{key[1]} is disabled" if key in self.services else ""

    def under(self, config: Config, *, services: bool) -> "Disabled":
        """The same words under another configuration; ``services`` says whether those of services too.

        What mon.cf stars newly is turned off, what it no longer stars is turned on; where its stars did
        not change, the operator's word stays.
        """
        other = Disabled(config)
        before, after = set(_starred(self._config)), other.members
        members = self.members - (before - after) | (after - before)
        other.members = {(group, host) for group, host in members if _is_member(config, group, host)}
        other.watches = self.watches & _watches(config)
        other.services = self.services & set(config.services) if services else set()
        return other


def _is_member(config: Config, group: str, host: str) -> bool:
    return any(member.name == host for member in config.hosts(group))


def _watches(config: Config) -> set[str]:
    return {*config.watches, *(watch for watch, _ in config.services)}


def _starred(config: Config) -> Iterable[Member]:
    return ((group.name, host) for group in config.hostgroups.values() for host in group.disabled)
