"""The disk under a store: well, full, or so slow that it waits to be let go."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mon.store import StateStore


class Disk:
    """``full`` refuses every transaction; within ``slow()`` each waits for the end of it."""

    def __init__(self, store: StateStore) -> None:
        self.full = False
        self._go = threading.Event()
        self._go.set()
        self._works: Callable[[Sequence[Any]], list[Any]] = store._writer._transaction
        store._writer._transaction = self._transaction  # type: ignore[method-assign]

    @contextmanager
    def slow(self) -> Iterator[None]:
        self._go.clear()
        try:
            yield
        finally:
            self._go.set()

    def _transaction(self, jobs: Sequence[Any]) -> list[Any]:
        self._go.wait()
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        return self._works(jobs)
