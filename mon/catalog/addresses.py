"""Names of virtual services and real servers to numeric addresses, once: they are pinned from then on."""

import ipaddress
from collections.abc import Callable

from mon.errors import MonError
from mon.model.config import Config
from mon.model.source import Problem, Source, Tolerance

Resolve = Callable[[str], tuple[str, ...]]


def targets(config: Config) -> dict[str, str]:
    """What is looked up for a host that has another name in mon.cf (``name=address``)."""
    hosts = (host for group in config.hostgroups.values() for host in group.hosts)
    return {host.name: host.address for host in hosts if host.address}


class Addresses:
    """Looks up each name once.  A ``name=address`` of any hostgroup is believed first.

    A name without an address refuses no start: it may have one later.
    """

    def __init__(self, config: Config, resolve: Resolve) -> None:
        self._given = targets(config)
        self._resolve = resolve
        self._known: dict[str, tuple[str, ...]] = {}
        self._complained: set[tuple[str, bool | None]] = set()
        self.problems: list[Problem] = []

    def pin(self, name: str, family6: bool | None, source: Source) -> str:
        """The address of a name, of the wanted family (None is any); "" and a problem if there is none."""
        found = self.of(name)
        fitting = [each for each in found if family6 is None or (":" in each) == family6]
        if fitting:
            return fitting[0]
        if (name, family6) not in self._complained:
            self._complained.add((name, family6))
            family = "" if family6 is None or not found else (" IPv6" if family6 else " IPv4")
            remedy = "write its address, or put it into /etc/hosts"
            self.problems.append(
                Problem(source, f"{name!r} has no{family} address", remedy, tolerated=Tolerance.START)
            )
        return ""

    def of(self, name: str) -> tuple[str, ...]:
        """All addresses of a name; a numeric one is its own, in its shortest form."""
        if name not in self._known:
            self._known[name] = self._look_up(self._given.get(name, name))
        return self._known[name]

    def _look_up(self, name: str) -> tuple[str, ...]:
        try:
            return (str(ipaddress.ip_address(name)),)
        except ValueError:
            pass
        try:
            return self._resolve(name)
        except (OSError, MonError):  # the caller says that there is no address
            return ()
