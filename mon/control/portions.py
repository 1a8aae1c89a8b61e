"""Long answers without long silences: the loop gets its turn in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

PORTION = 200
"""Items in one turn of the loop: about 5 ms of status lines."""


async def in_portions(items: Iterable[T]) -> AsyncIterator[T]:
    """The items one by one; 10,000 status lines would else keep checks waiting for a quarter of a second."""
    for number, item in enumerate(items, 1):
        yield item
        if number % PORTION == 0:
            await asyncio.sleep(0)
