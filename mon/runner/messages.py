"""What the daemon and its worker process say to each other: JSON with its length in front."""

import struct
from typing import Any

from mon.catalog.plan import Description, Kind, Value
from mon.codec import encode
from mon.errors import StoreError
from mon.model.notice import Fate, Notice
from mon.model.result import Cause, Verdict
from mon.model.weight import Detail, Weighed, Weight
from mon.structs import Struct, field

LENGTH = struct.Struct(">I")
FRAME_LIMIT = 16 << 20


class Job(Struct, frozen=True):
    """One call of a plugin.  ``stop``: end the job of this number instead.

    ``environment`` are the variables that this call has besides the worker's own.
    """

    id: int
    kind: Kind = Kind.MONITOR
    path: str = ""
    options: dict[str, Value] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    notice: Notice | None = None
    timeout: float = 60.0
    templates: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    stop: bool = False


class Learned(Struct, frozen=True):
    """What a file was found to be: its code (marshalled), what it says about itself, and its stamp then."""

    stamp: tuple[int, int, int]
    code: bytes
    about: Description


class Word(Struct, frozen=True):
    """What became of a job: a verdict on one host, or its end (``end``; of an alert with its ``fate``).

    ``trouble`` at the end says why the job did not end by itself, ``retry_after`` what an alert's receiver
    asked for, ``left`` and ``refused`` whom it did not serve.  ``learned`` stays with the worker.
    """

    id: int
    host: str = ""
    verdict: Verdict = Verdict.UNKNOWN
    detail: str = ""
    cause: Cause = Cause.NONE
    weight: Weight | None = None
    end: bool = False
    fate: Fate = Fate.RETRY
    trouble: str = ""
    retry_after: float | None = None
    left: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    learned: Learned | None = None

    @property
    def said(self) -> Detail:
        """The detail, with the weight that was suggested."""
        return self.detail if self.weight is None else Weighed(self.detail, self.weight)


def frame(value: Any) -> bytes:
    """A message as it goes over the socket: its length, then JSON."""
    data = encode(value)
    return LENGTH.pack(len(data)) + data


class Frames:
    """Bytes in any pieces to whole messages, of ``limit`` bytes each at most."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises StoreError for one that is too long to be meant.
        """
        self._buffer += data
        found, at, have = [], 0, len(self._buffer)
        while have - at >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, at)
            if length > self._limit:
                raise StoreError(f"a message of {length} bytes")
            end = at + LENGTH.size + length
            if have < end:
                break
            found.append(bytes(self._buffer[at + LENGTH.size : end]))
            at = end
        del self._buffer[:at]
        return found
