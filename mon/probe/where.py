"""Where a check goes to and comes from; an address that cannot be is our own trouble."""

from collections.abc import Iterable

from mon.errors import Unknown
from mon.model.result import Cause
from mon.probe.address import Endpoint, endpoint, numeric
from mon.probe.faults import judged


def endpoints(addresses: Iterable[str], port: int) -> list[Endpoint]:
    """Where to go.  Raises Unknown for a scope that names no interface."""
    try:
        return [endpoint(address, port) for address in addresses]
    except OSError as error:
        raise judged(error, at_once=True) from error


def whence(bind: str) -> Endpoint:
    """Where to bind to: a numeric address of this machine."""
    address = numeric(bind)
    if not address:
        raise Unknown(f"cannot bind to {bind}: not a numeric address", cause=Cause.NONE)
    try:
        return endpoint(address, 0)
    except OSError as error:
        raise judged(error, at_once=True, doing=f"bind to {bind}") from error


def of_family(host: str, addresses: tuple[str, ...], family: int) -> str:
    """The first address of the family (4, 6, or 0 for any).  Raises Unknown if there is none."""
    wanted = [address for address in addresses if not family or (":" in address) == (family == 6)]
    if not wanted:
        raise Unknown(f"{host} has no IPv{family} address", cause=Cause.NONE)
    return wanted[0]
