"""Does this dependency expression hold?  Parsed into a small tree, never evaluated as Perl or Python.

    expression   what binds loosest last: !  ==  !=  &&  ||  not  and  or   (Perl's order)
    operand      0, 1, group:service, SELF:service, ( expression )

Names written side by side without an operator are a list, as ``hostdepend`` may have it: it has names,
and as an expression it is as if all were joined by &&.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from mon.structs import Struct

Lookup = Callable[[str], bool]


class Expression(Struct, frozen=True):
    """A parsed expression: an operator and its operands, or a name, or a constant.

    ``word`` is one of ``and or not == !=``, ``0``, ``1``, or a ``group:service``.
    """

    word: str
    parts: tuple["Expression", ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Each ``group:service`` once, in the order of the text; SELF is kept."""
        return tuple(dict.fromkeys(self._names()))

    def _names(self) -> Iterator[str]:
        if ":" in self.word:
            yield self.word
        for part in self.parts:
            yield from part._names()

    def holds(self, lookup: Lookup) -> bool:
        """The value, where ``lookup`` tells whether a service is good."""
        if ":" in self.word:
            return lookup(self.word)
        return _MEANING[self.word](part.holds(lookup) for part in self.parts)


def _same(values: Iterator[bool]) -> bool:
    left, right = values
    return left == right


_MEANING: dict[str, Callable[[Iterator[bool]], bool]] = {
    "0": lambda values: False,
    "1": lambda values: True,
    "and": all,
    "or": any,
    "not": lambda values: not next(values),
    "==": _same,
    "!=": lambda values: not _same(values),
}

_TOKEN = re.compile(r"\s*(?:(&&|\|\||==|!=|[!()])|([\w.-]+:[\w.-]+)|([A-Za-z]+|\d+)|(.))")

_BINARY = {
    "or": (1, "or"),
    "and": (2, "and"),
    "||": (4, "or"),
    "&&": (5, "and"),
    "==": (6, "=="),
    "!=": (6, "!="),
}
"""How tightly a binary operator binds, and what it means; `_UNARY` likewise."""
_UNARY = {"not": 3, "!": 7}
_DEEPEST = 100
"""An expression nested deeper than this would exhaust Python's stack instead of being understood."""


class _Token(Struct, frozen=True):
    text: str
    column: int


def parse(text: str) -> Expression:
    """The expression in the text.  ValueError says what is wrong, and at which column (from 1)."""
    reading = _Parser(text)
    found = [reading.expression(0)]
    while ":" in reading.next.text:
        found.append(reading.expression(0))
    if reading.next.text:
        raise reading.wrong("unexpected")
    return found[0] if len(found) == 1 else Expression("and", tuple(found))


# Expressions come from one configuration, and each is asked for with every result.
@lru_cache(maxsize=4096)
def compiled(text: str) -> Expression:
    """`parse`, remembered."""
    return parse(text)


class _Parser:
    """Climbs operator precedence over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def wrong(self, how: str) -> ValueError:
        what = f"'{self.next.text}'" if self.next.text else "end"
        return ValueError(f"{how} {what} in column {self.next.column}")

    def expression(self, least: int) -> Expression:
        left = self._operand()
        while (operator := _BINARY.get(self.next.text)) and operator[0] >= least:
            self._at += 1
            left = _join(operator[1], left, self.expression(operator[0] + 1))
        return left

    def _operand(self) -> Expression:
        token = self.next
        if token.text in _UNARY:
            self._at += 1
            # To Perl, "not (a) && b" is "(not a) && b": not before a bracket is like a function.
            least = _UNARY["!"] if self.next.text == "(" else _UNARY[token.text]
            return Expression("not", (self.expression(least),))
        if token.text == "(":
            return self._bracket()
        if ":" not in token.text and token.text not in ("0", "1"):
            raise self.wrong("expected group:service, not")
        self._at += 1
        return Expression(token.text)

    def _bracket(self) -> Expression:
        opened = self.next
        self._at += 1
        inner = self.expression(0)
        if self.next.text != ")":
            raise ValueError(f"the bracket in column {opened.column} is not closed")
        self._at += 1
        return inner


def _join(word: str, left: Expression, right: Expression) -> Expression:
    """A chain of one operator is one flat expression, however long (comparisons do not chain)."""
    if word == left.word and word in ("and", "or"):
        return Expression(word, (*left.parts, right))
    return Expression(word, (left, right))


def _tokens(text: str) -> list[_Token]:
    """The words of the text, and an empty one for its end."""
    if sum(text.count(word) for word in ("(", "!", "=", "not")) > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} brackets and negations, up to column {len(text)}")
    tokens = []
    for match in _TOKEN.finditer(text):
        word = match[match.lastindex or 0]
        if match[4] and not word.isspace():
            raise ValueError(f"'{word}' in column {match.start(4) + 1} has no meaning here")
        if not match[4]:
            tokens.append(_Token(word, match.start(match.lastindex or 0) + 1))
    return [*tokens, _Token("", len(text.rstrip()) + 1)]
