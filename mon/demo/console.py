"""What the terminal shows: a line for each thing that happens, and the pool as ``ipvsadm -Ln`` draws it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mon.balancer.drawing import draw
from mon.cli.output import flush, in_colour, say_painted
from mon.model.pool import Forward, ServerEntry, ServerId, ServiceEntry, Table, VirtualId
from mon.outside import one_line

RED, GREEN, YELLOW, BLUE, DIM, BOLD = 31, 32, 33, 36, 2, 1
WIDTH, LONG = 240, 80


class Console:
    """Writes to standard output; in colour only on a terminal."""

    def __init__(self) -> None:
        self._colour = in_colour()
        self._said: set[str] = set()

    def line(self, kind: str, text: str, colour: int = 0) -> None:
        """The time, what kind of thing it is, and the thing."""
        at = f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-4]
        text = one_line(text, WIDTH)
        self.print(f"{self.paint(at, DIM)}  {kind:<10} {self.paint(text, colour)}")

    def print(self, text: str = "") -> None:
        """Our own words, painted."""
        for line in text.split("\n"):
            say_painted(line)
        flush()

    def paint(self, text: str, colour: int) -> str:
        """In this colour, where there are colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour and colour else text

    def event(self, event: Mapping[str, object]) -> None:
        """A line for one event; those that tell a spectator nothing are passed over."""
        show = _SHOW.get(str(event["event"]))
        if show:
            kind, field = show
            self.line(kind, self._once(event, str(event.get(field, ""))), _colour(event))
            self._first(str(event["event"]), str(event.get("look", "")))

    def _first(self, kind: str, look: str) -> None:
        """What arrived, as it looks: the first of each kind."""
        if look and kind not in self._said:
            self._said.add(kind)
            for line in look.rstrip().replace("\r", "").split("\n"):
                self.print("    " + self.paint("| " + one_line(line, WIDTH), DIM))

    def pools(self, pools: Iterable[Mapping[str, object]]) -> None:
        """The pools as the daemon's status tells them."""
        for line in draw([_table(pool) for pool in pools]).splitlines():
            self.print("    " + self.paint(one_line(line), BOLD if line.startswith(("TCP", "UDP")) else DIM))

    def _once(self, event: Mapping[str, object], text: str) -> str:
        """The text, without a long reason that stood there before."""
        why = str(event.get("why", ""))
        if len(why) > LONG and why in self._said:
            return text.replace(why, "(the same)")
        self._said.add(why)
        return text


_SHOW = {
    "transition": ("transition", "message"),
    "pool": ("pool", "message"),
    "alert": ("alert", "message"),
    "balancer": ("balancer", "message"),
    "mail": ("  mail", "title"),
    "webhook": ("  webhook", "title"),
    "line": ("daemon", "message"),
    "end": ("daemon", "message"),
}
"""Event -> what it is called here, and the field that says it."""


def _colour(event: Mapping[str, object]) -> int:
    if event["event"] in ("mail", "webhook"):
        return BLUE
    if event["event"] == "pool":
        return YELLOW
    new = str(event.get("new", ""))
    return GREEN if new == "ok" else RED if new in ("fail", "down") else DIM if new else 0


def _table(pool: Mapping[str, object]) -> Table:
    """A pool of ``mon status`` as the table it is."""
    protocol, _, place = str(pool["virtual"]).partition(" ")
    address, _, port = place.rpartition(":")
    service = ServiceEntry(VirtualId(protocol, address, int(port)), str(pool["scheduler"]))
    servers = pool["servers"]
    assert isinstance(servers, list)
    return Table(service, tuple(map(_server, servers)))


def _server(server: Mapping[str, object]) -> ServerEntry:
    address, _, port = str(server["address"]).rpartition(":")
    forward = Forward(str(server["forward"]))
    return ServerEntry(ServerId(address, int(port)), int(str(server["weight"])), forward)
