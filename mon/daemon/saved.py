"""``addresses.json``: where real servers were when mon last knew: for a start without a resolver."""

import time
from collections.abc import Mapping
from pathlib import Path

from mon import private
from mon.codec import decode, encode
from mon.errors import StoreError
from mon.probe.address import numeric
from mon.structs import Struct

Addresses = tuple[str, ...]


class Saved(Struct, frozen=True):
    """What ``addresses.json`` holds: for a start at which no resolver answers."""

    addresses: dict[str, Addresses]
    at: float


def saved_addresses(path: Path) -> dict[str, Addresses]:
    """The addresses that were known when mon last ran; none if the file cannot be read."""
    try:
        found = decode(path.read_bytes(), Saved).addresses
    except (OSError, StoreError):
        return {}
    return {name: known for name, known in found.items() if known and all(map(numeric, known))}


def save_addresses(path: Path, addresses: Mapping[str, Addresses]) -> None:
    """Write them, whole or not at all.  Raises OSError."""
    private.replace(path, encode(Saved(dict(addresses), time.time())), private.LOG)
