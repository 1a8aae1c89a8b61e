"""Names in a DNS message: labels, and pointers to labels said before (RFC 1035, 3.1 and 4.1.4).

Whatever a server sends, each place of its message is read as a label once: pointers go back only, a name
ends within 255 octets, and what was read of a name is kept for all that point into it.
"""

LABEL, NAME = 63, 255
"""The most octets of a label and of a whole name (RFC 1035, 2.3.4)."""

POINTER, FARTHEST = 0xC0, 0x3FFF
SHOWN = {code: f"\\{code:03}" for code in (*range(0x21), *range(0x7F, 0x100))} | {46: "\\.", 92: "\\\\"}
"""How octets of a label are written that would not be what they look like (RFC 1035, 5.1)."""


class Names:
    """The names of one message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[int, tuple[str, int]] = {}  # where labels begin: their text, octets to the end

    def read(self, at: int) -> tuple[str, int]:
        """The name at ``at`` and where the next thing begins.  Raises ValueError."""
        passed: list[tuple[int, str]] = []  # the places on the way, "" at a pointer
        after, first, octets = 0, at, 1
        while at not in self._known:
            length = self._octet(at)
            if length >= POINTER:
                target = (length & 63) << 8 | self._octet(at + 1)
                if target >= first:
                    raise ValueError("a name has no end: it points ahead")
                passed.append((at, ""))
                after, at, first = after or at + 2, target, target
            elif length > LABEL:
                raise ValueError(f"a label of kind {length >> 6}")
            elif length == 0:
                after = after or at + 1
                self._known[at] = ("", 1)
            else:
                passed.append((at, self._label(at + 1, length)))
                at += 1 + length
                octets += 1 + length
                if octets > NAME:
                    raise ValueError(f"a name of more than {NAME} octets")
        return self._joined(passed, at), after or self._end(at)

    def _joined(self, passed: list[tuple[int, str]], at: int) -> str:
        """The labels with what is known at ``at`` behind them; what may be pointed at is kept."""
        text, octets = self._known[at]
        for place, label in reversed(passed):
            if label:
                octets += 1 + self._data[place]
                text = f"{label}.{text}" if text else label
            if octets > NAME:
                raise ValueError(f"a name of more than {NAME} octets")
            if place <= FARTHEST:
                self._known[place] = (text, octets)
        return text or "."

    def _end(self, at: int) -> int:
        """Where a name ends that stands at ``at`` and was read before."""
        while 0 < (length := self._data[at]) < POINTER:
            at += 1 + length
        return at + 2 if length else at + 1

    def _label(self, at: int, length: int) -> str:
        label = self._data[at : at + length]
        if len(label) < length:
            raise ValueError("a name is cut short")
        return label.lower().decode("latin-1").translate(SHOWN)

    def _octet(self, at: int) -> int:
        if at >= len(self._data):
            raise ValueError("a name is cut short")
        return self._data[at]
