"""The quorum of a virtual service, as written."""

from mon.structs import Struct


class Call(Struct, frozen=True):
    """A command of the operator's and its arguments; ``runas`` is its user, "" is that of all plugins."""

    words: tuple[str, ...]
    runas: str = ""

    def __str__(self) -> str:
        return " ".join(self.words)


class Quorum(Struct, frozen=True):
    """How many healthy servers a virtual service needs, and what is called when it gets or loses them.

    It is up with ``count`` + ``hysteresis`` of them, and lost below ``count`` - ``hysteresis`` (keepalived's
    rule): in between it stays what it was.
    """

    count: int
    hysteresis: int = 0
    up: Call | None = None
    down: Call | None = None

    def __str__(self) -> str:
        return f"{self.count}" + (f" hysteresis {self.hysteresis}" if self.hysteresis else "")
