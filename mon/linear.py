"""Is a regular expression tried in time linear in the text, whatever the text is?

Python's engine goes back and forth: over a text that a stranger chooses, ``\\d+ users`` takes a step for each
pair of digits, and ``(a+)+b`` one for each way to cut a run of them.  The answer is careful: True is sure.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, AnyStr

from mon.structs import Struct

_parser = importlib.import_module("re._parser")  # Any: Python's own, for which there are no types
_compiler = importlib.import_module("re._compiler")

MANY = 32
"""A repeat of more than so many counts as endless."""

BEYOND = "\u0130\u0416\u0660\u2028\u6f22"
"""What stands for all letters beyond Latin-1: they are in few classes."""

REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
ENTIRE = (1 << 256 + len(BEYOND)) - 1
SEARCHED = frozenset(("search", "sub", "subn", "split", "finditer", "findall"))


class _Unclear(Exception):
    """What is not looked into: it counts as not linear."""


class _Item(Struct, frozen=True):
    """One part of a sequence: the letters in it as bits, whether it is needed, has no end, or takes none.

    ``begins`` is the one that holds only at the beginning of the text.
    """

    letters: int
    needed: bool
    endless: bool = False
    empty: bool = False
    begins: bool = False


def linear(pattern: re.Pattern[AnyStr], method: str = "search") -> bool:
    """Is it surely, when used by ``search``, ``match``, ``fullmatch`` …?"""
    try:
        return all(
            _straight(items, method) for items in _sequences(_parser.parse(pattern.pattern, pattern.flags))
        )
    except _Unclear:
        return False


def _straight(items: Sequence[_Item], method: str) -> bool:
    anchored = bool(items) and items[0].begins
    searched = method in SEARCHED and not anchored
    for last, item in enumerate(items):
        if not item.endless or not (method == "fullmatch" or any(each.needed for each in items[last + 1 :])):
            continue  # nothing behind it can fail, so it is never tried again
        if searched and _may_hold(item.letters, items[:last]):
            return False  # many beginnings in one run
        for first in range(last):
            before = items[first]
            if (
                before.endless
                and before.letters & item.letters
                and _may_hold(before.letters, items[first + 1 : last])
            ):
                return False  # many ways to cut one run
    return True


def _may_hold(letters: int, items: Iterable[_Item]) -> bool:
    """May a run of these letters hold all that is needed of the items?"""
    return all(item.letters & letters for item in items if item.needed)


def _sequences(parsed: Any) -> Iterator[list[_Item]]:
    """The pattern as plain sequences, one for each choice between alternatives with endless parts."""
    heads: list[list[_Item]] = [[]]
    for node in parsed:
        tails = list(_choices(node, parsed.state))
        if len(heads) * len(tails) > 64:
            raise _Unclear
        heads = [[*head, *tail] for head in heads for tail in tails]
    yield from heads


def _choices(node: Any, state: Any) -> Iterator[list[_Item]]:
    kind, value = str(node[0]), node[1]
    if kind == "SUBPATTERN":
        yield from _sequences(_flagged(value))
    elif kind == "ATOMIC_GROUP":
        yield from _sequences(value)
    elif kind == "BRANCH":
        for one in value[1]:
            yield from _sequences(one)
    elif kind in REPEATS:
        yield from _repeated(*value)
    elif kind == "AT":
        begins = str(value) in ("AT_BEGINNING", "AT_BEGINNING_STRING") and not state.flags & re.MULTILINE
        yield [_Item(ENTIRE, needed=True, empty=True, begins=begins)]
    elif kind in ("ASSERT", "ASSERT_NOT"):
        _fixed(value[1])
        yield [_Item(ENTIRE, needed=True, empty=True)]
    else:
        yield [_Item(_letters(node, state), needed=True)]


def _repeated(least: int, most: int, body: Any) -> Iterator[list[_Item]]:
    inside = list(_sequences(body))
    if most <= MANY and any(item.endless for items in inside for item in items):
        if most > 1:
            raise _Unclear
        yield from inside
        if least == 0:
            yield []
        return
    if most > MANY:
        _fixed(body)
    letters = 0
    for item in (item for items in inside for item in items if not item.empty):
        letters |= item.letters
    yield [_Item(letters, needed=least > 0, endless=most > MANY)]


def _fixed(body: Any) -> None:
    """What is repeated must be of one size, or alternatives that differ in their first letter."""
    for kind, value in ((str(node[0]), node[1]) for node in body):
        if kind in REPEATS and value[0] != value[1]:
            raise _Unclear
        if kind == "SUBPATTERN":
            _fixed(_flagged(value))
        elif kind == "ATOMIC_GROUP":
            _fixed(value)
        elif kind == "BRANCH":
            seen = 0
            for one in value[1]:
                _fixed(one)
                first = _letters(one[0], one.state) if len(one) else ENTIRE
                if first & seen:
                    raise _Unclear
                seen |= first


def _flagged(value: Any) -> Any:
    """The inside of a group; one that changes flags is not looked into."""
    if value[1] or value[2]:
        raise _Unclear
    return value[3]


def _letters(node: Any, state: Any) -> int:
    """The letters that one node of a pattern takes."""
    kind = str(node[0])
    if kind == "SUBPATTERN":
        body = _flagged(node[1])
        return _letters(body[0], body.state) if len(body) else ENTIRE
    if kind not in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        if kind in REPEATS and node[1][0] > 0 and len(node[1][2]):
            return _letters(node[1][2][0], state)
        raise _Unclear
    return _taken(kind, repr(node[1]), state.flags, isinstance(state.str, bytes), _Node(node, state))


class _Node:
    """A node as an argument of a cache that does not look at it."""

    def __init__(self, node: Any, state: Any) -> None:
        self.node, self.state = node, state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Node)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _taken(kind: str, value: str, flags: int, octets: bool, node: _Node) -> int:
    part = _parser.SubPattern(node.state, [node.node])
    one = _compiler.compile(part, flags)
    letters: list[Any] = [bytes((code,)) if octets else chr(code) for code in range(256)]
    letters += () if octets else BEYOND
    return sum(1 << place for place, letter in enumerate(letters) if one.fullmatch(letter))
