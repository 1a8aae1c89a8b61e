"""What balancers and their programs print: numbers and places with bounds, and the error for the rest."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager

from mon.errors import BalancerUnreachable

DIGITS = 10
"""Digits of a number: weights, ports and connections are of 32 bits."""


def number(text: str | None) -> int:
    """A number of a few digits.  Raises ValueError; None is a column that is not there."""
    if text is None:
        raise ValueError("a line is cut short")
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise ValueError(f"{text!r:.40} is no number")
    return int(text)


def place(text: str) -> tuple[str, int]:
    """Address and port of ``10.0.0.1:80`` or ``[2001:db8::1]:80``.  Raises ValueError."""
    address, colon, port = text.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    if not colon or not bare or "]" in bare:
        raise ValueError(f"{text!r:.80} is not an address and a port")
    return bare, number(port)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Whatever is odd in what ``what`` said is a BalancerUnreachable with it."""
    try:
        yield
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, csv.Error) as error:
        raise BalancerUnreachable(f"{what}: what it says cannot be read: {str(error)[:200]}") from error
