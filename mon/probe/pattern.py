"""An operator's regular expression over what a stranger sends.

Python's engine cannot be stopped, holds the whole process, and takes hours where two repeats of a pattern
share a long run (``\\d+ users`` over a million digits).  A pattern that might (mon.linear) is tried by the
library regex, which has a time limit; both read the same language.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from mon.errors import BadOption, Down
from mon.linear import linear
from mon.model.result import Cause
from mon.probe.texts import decoded

LONGEST = 0.25
"""Seconds of processor time for one answer: ten thousand times what honest ones take."""

WINDOW = 4096
"""How far back a match is looked for in an answer that comes in a thousand pieces."""

WHOLE = 16
"""How many times an answer is looked at from its beginning before that."""


class Pattern:
    """``text`` as Python has it, over text; its dot matches line ends too.  Raises BadOption.

    Answers are decoded first (mon.probe.texts), so that a class, a dot or the case of a letter means a letter
    and not a byte of it.  Where ``\\xNN`` stands in it, the bytes themselves are looked at as well.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            plain = re.compile(text, re.DOTALL)
        except (re.error, OverflowError, RecursionError, ValueError) as error:
            what = f"{text!r:.80} is no regular expression ({error}): write one as in Python"
            raise BadOption(what) from error
        self.linear = linear(plain)
        self._search: Callable[..., Any] = plain.search if self.linear else self._limited(text)
        self._octets = self._of_octets(text)

    def matches(self, data: bytes | bytearray | str, charset: str = "") -> bool:
        """Is there a match anywhere in it?  Raises Down when that cannot be told."""
        if isinstance(data, str):
            return self._found(self._search, data, LONGEST) >= 0
        if self._octets is not None and self._found(self._octets, data, LONGEST) >= 0:
            return True
        if self._found(self._search, decoded(data, charset), LONGEST) >= 0:
            return True
        # What a server says of one page is often what it says of all: it is read as it looks, too.
        return bool(charset) and self._found(self._search, decoded(data), LONGEST) >= 0

    def end(self, data: bytes | bytearray, start: int = 0, *, within: float = LONGEST) -> int:
        """Where the first match behind ``start`` ends, -1 without one.

        Raises Down when that cannot be told in ``within`` seconds of processor time.
        """
        before = min(start, 1)  # one more, so that ^ is the beginning of all
        rest = bytes(data[start - before :])
        if self._octets is not None and (end := self._found(self._octets, rest, within, before)) >= 0:
            return start - before + end
        text = decoded(rest)
        end = self._found(self._search, text, within, before)
        return start - before + _size(text[:end], rest) if end >= 0 else -1

    def _found(
        self, search: Callable[..., Any], data: bytes | bytearray | str, within: float, start: int = 0
    ) -> int:
        try:
            found = search(data, start) if self.linear else search(data, start, timeout=within)
        except (TimeoutError, MemoryError) as error:
            what = (
                f"no answer whether {self.text} matches: its repeats may share what came ({len(data)} long)"
            )
            raise Down(what, cause=Cause.WRONG) from error
        return found.end() if found else -1

    def _of_octets(self, text: str) -> Callable[..., Any] | None:
        if "\\x" not in text:
            return None
        try:
            plain = re.compile(text.encode(), re.DOTALL)
        except re.error:  # it means text in some other way
            return None
        return plain.search if self.linear else self._limited(text.encode())

    def _limited(self, text: str | bytes) -> Callable[..., Any]:
        try:
            import regex  # 20 ms, so only where it is needed
        except ImportError as error:
            what = (
                f"{self.text!r:.80} needs the Python library regex, which is not installed: pip install regex"
            )
            raise BadOption(what) from error
        search: Callable[..., Any] = regex.compile(text, regex.DOTALL | regex.VERSION0).search
        return search


def _size(text: str, data: bytes) -> int:
    """How many bytes of the data the text at its beginning is."""
    size = len(text.encode())
    return size if decoded(data[:size]) == text else len(text.encode("latin-1", "replace"))


class Seek:
    """Looks for a mark in a buffer that grows; ``end`` is where it ends, -1 before it is
    there; ``work`` counts the bytes looked at.

    The work is linear in what comes, in however many pieces: bytes are looked at once, and for a pattern,
    which may begin anywhere, the last WINDOW of them.
    """

    def __init__(self, mark: bytes | Pattern) -> None:
        self._mark = mark
        self._seen = 0
        self.work = 0
        self._left = LONGEST
        self.end = -1

    def __call__(self, buffer: bytearray) -> bool:
        """Is it there?  Raises Down."""
        if isinstance(self._mark, bytes):
            at = buffer.find(self._mark, max(0, self._seen - len(self._mark) + 1))
            self.end = at + len(self._mark) if at >= 0 else -1
        else:
            self.end = self._searched(self._mark, buffer)
        self._seen = len(buffer)
        return self.end >= 0

    def _searched(self, pattern: Pattern, buffer: bytearray) -> int:
        size = len(buffer)
        whole = self.work + size <= WHOLE * max(size, WINDOW)
        start = 0 if whole else max(0, self._seen - WINDOW)
        self.work += size - start
        if pattern.linear:
            return pattern.end(buffer, start)
        began = time.thread_time()
        end = pattern.end(buffer, start, within=self._left)
        self._left = max(0.001, self._left - (time.thread_time() - began))
        return end
