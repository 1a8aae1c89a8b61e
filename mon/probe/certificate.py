"""What a certificate says, whether anybody trusts it or not (RFC 5280, 4.1).

The ssl module tells this only of certificates that it accepted.
"""

import socket
from datetime import UTC, datetime

from mon.errors import Down
from mon.model.result import Cause
from mon.probe import ber
from mon.probe.address import numeric
from mon.structs import Struct

ALTERNATIVE_NAMES = bytes((0x55, 0x1D, 0x11))
COMMON_NAME = bytes((0x55, 0x04, 0x03))
EXTENSIONS, DNS_NAME, IP_ADDRESS = 0xA3, 0x82, 0x87


class Certificate(Struct, frozen=True):
    """From when until when it holds (UTC), and for which names and addresses, in canonical spelling."""

    since: datetime
    until: datetime
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Is it for this host?  A star stands for one label, the first (RFC 6125)."""
        wanted = numeric(name) or name.rstrip(".").lower()
        star = "*." + wanted.partition(".")[2]
        return wanted in self.names or (star in self.names and not numeric(name))


def certificate(der: bytes) -> Certificate:
    """Read a certificate.  Raises Down for what is none."""
    try:
        outer, _ = ber.read(der)
        body = next(outer.children())
        parts = [part for part in body.children() if part.tag != 0xA0]  # the version may be left out
        since, until = (_time(part) for part in parts[3].children())
        found = next((part for part in parts if part.tag == EXTENSIONS), None)
        names = _alternative_names(found) if found else []
        return Certificate(since, until, tuple(names or _common_names(parts[4])))
    except (ValueError, IndexError, StopIteration) as error:
        raise Down(f"the certificate cannot be read: {error}", cause=Cause.WRONG) from error


def _time(part: ber.Element) -> datetime:
    if len(part.content) > 15:
        raise ValueError("a time is too long")
    form = "%y%m%d%H%M%SZ" if part.tag == ber.UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(part.content.decode("ascii"), form).replace(tzinfo=UTC)


def _alternative_names(extensions: ber.Element) -> list[str]:
    for extension in next(extensions.children()).children():
        kind, *_, value = extension.children()
        if kind.content == ALTERNATIVE_NAMES:
            names, _ = ber.read(value.content)
            return [_name(each) for each in names.children() if each.tag in (DNS_NAME, IP_ADDRESS)]
    return []


def _name(name: ber.Element) -> str:
    if name.tag == DNS_NAME:
        return name.content.decode("ascii", errors="backslashreplace").lower()
    family = socket.AF_INET if len(name.content) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, name.content)


def _common_names(subject: ber.Element) -> list[str]:
    pairs = [pair for part in subject.children() for pair in part.children()]
    found = [tuple(pair.children()) for pair in pairs]
    return [value.content.decode(errors="backslashreplace").lower() for kind, value in found
            if kind.content == COMMON_NAME]  # fmt: skip
