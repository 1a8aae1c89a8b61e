"""Names of real servers looked up side by side, and not waited for if the resolver does not answer.

What is not answered has no address, or at a start the one that was saved: see ``names``.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from mon.catalog.addresses import targets
from mon.model.config import Config
from mon.structs import Struct

MOST_THREADS = 16

Addresses = tuple[str, ...]


class Patience(Struct, frozen=True):
    """For how many seconds answers are waited for: since the last one, and altogether."""

    silence: float
    whole: float


AT_START = Patience(2.0, 10.0)
"""Checks wait for it."""

AT_LEISURE = Patience(10.0, 60.0)
"""For ``mon check`` and a reload: somebody wants to know what is wrong."""


class Lookups:
    """Looks names up from the moment it is made; called with a name it gives the addresses, () for none.

    ``saved`` are those that were known before, for names that have none now: ``remembered`` are the names
    they were taken for.  ``found`` is all that was given.
    """

    def __init__(
        self,
        names: Iterable[str],
        look_up: Callable[[str], Addresses],
        patience: Patience,
        saved: Mapping[str, Addresses] | None = None,
    ) -> None:
        self.found: dict[str, Addresses] = {}
        self.remembered: dict[str, Addresses] = {}
        self._look_up = look_up
        self._patience = patience
        self._saved = saved or {}
        self._answers: dict[str, Addresses] = {}
        self._waiting: deque[str] = deque()
        self._asked: set[str] = set()
        self._threads = 0
        self._changed = threading.Condition()
        self._began = self._latest = time.monotonic()
        for name in names:
            self._ask(name)

    def __call__(self, name: str) -> Addresses:
        """The addresses of a name, in the resolver's order."""
        if name not in self.found:
            self._ask(name)
            answer = self._answer(name)
            if not answer and name in self._saved:
                answer = self.remembered[name] = self._saved[name]
            self.found[name] = answer
        return self.found[name]

    def _ask(self, name: str) -> None:
        with self._changed:
            if name in self._asked:
                return
            self._asked.add(name)
            self._waiting.append(name)
            if self._threads < MOST_THREADS:
                self._threads += 1
                # Not of a pool that is joined at the end: a lookup may hang for minutes.
                threading.Thread(target=self._work, name="mon-lookup", daemon=True).start()

    def _answer(self, name: str) -> Addresses:
        with self._changed:
            while name not in self._answers and (left := self._left()) > 0:
                self._changed.wait(left)
            return self._answers.get(name, ())

    def _left(self) -> float:
        until = min(self._began + self._patience.whole, self._latest + self._patience.silence)
        return until - time.monotonic()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._threads -= 1
                    return
                name = self._waiting.popleft()
            answer = self._look_up(name)
            with self._changed:
                self._answers[name] = answer
                self._latest = time.monotonic()
                self._changed.notify_all()


def names_of(config: Config) -> list[str]:
    """What has to be looked up for the pools of a configuration, as far as its blocks tell."""
    known = targets(config)
    servers = (real.host for virtual in config.virtuals.values() for real in virtual.reals)
    fallbacks = (virtual.fallback.host for virtual in config.virtuals.values() if virtual.fallback)
    return list(dict.fromkeys(known.get(name, name) for name in (*servers, *fallbacks)))
