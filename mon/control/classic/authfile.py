"""auth.cf on disk: read, and the hosts in it looked up.  It waits for a name server: not for the loop."""

import logging
import socket
from collections.abc import Sequence
from pathlib import Path

from mon.control.classic.access import Access, parse
from mon.errors import ControlError
from mon.structs import replace

_log = logging.getLogger(__name__)


def load(file: Path) -> Access:
    """The rules of an auth.cf, with the addresses of the hosts that may send traps.

    Raises ControlError when the file cannot be read or used; a host without an address is only logged.
    """
    try:
        access = parse(file.read_text("utf-8", "replace"), str(file))
    except OSError as error:
        raise ControlError(f"{file}: {error.strerror}: it says who may do what, and must be there") from error
    senders = [replace(sender, host=host) for sender in access.senders for host in _addresses(sender.host)]
    return replace(access, senders=tuple(senders))


def _addresses(host: str) -> Sequence[str]:
    if host == "*":
        return (host,)
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except (OSError, UnicodeError) as error:
        _log.warning("auth.cf: no address for %s, its traps will be dropped: %s", host, error)
        return ()
