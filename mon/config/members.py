"""Hosts that cannot be what they look like: found before the resolver says it in the night."""

import re
from collections.abc import Iterator

from mon.config.drafts import Sheet
from mon.config.values import is_address
from mon.model.config import Config, Host
from mon.model.source import Problem, Severity

_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+)+")
"""Of digits and dots alone: no name ends in a part of digits (RFC 3696, 2)."""


def odd_members(config: Config, sheet: Sheet) -> Iterator[Problem]:
    """A member that is neither a name nor an address, or one whose address is missing."""
    for group in config.hostgroups.values():
        for host in group.hosts:
            if found := _odd(host):
                what, remedy = found
                yield Problem(group.source, f"hostgroup '{group.name}': {what}", remedy, Severity.WARNING)


def _odd(host: Host) -> tuple[str, str] | None:
    """What is wrong with it, and what to do."""
    if host.name.startswith("=") or host.name.endswith("="):
        return f"'{host.name}' lacks a name or an address", "write name=address without blanks"
    meant = host.address or host.name
    port = meant.rpartition(":")[0]
    if host.address and port and not is_address(meant):
        return f"'{meant}' is no address", f"write {port}, and give the port to the monitor"
    if _NUMBERS.fullmatch(meant) and not is_address(meant):
        return f"'{meant}' is neither an address nor a name", "correct it"
    return None
