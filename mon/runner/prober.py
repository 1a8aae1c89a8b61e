"""The daemon's side of one worker that probes: started, told, watched, and replaced when it dies."""

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from mon.catalog.plan import Check
from mon.codec import decode
from mon.model.config import Host, Key
from mon.model.result import HostResult
from mon.runner.capabilities import CAP_NET_RAW, lent
from mon.runner.orders import Known, Order, Orders, Said, Turn
from mon.runner.peer import Peer
from mon.runner.variables import clean

log = logging.getLogger("mon.runner")

SILENT = 10
"""Looks (a second each) without a word from a worker that was asked for one, until it is killed."""

BEGINNING = 60
"""... and without its first word, while it loads."""

STEADY = 10.0
"""Seconds of life after which the next one is started at once; else a little later each time."""

LONGEST = 30.0


class Prober:
    """One worker.  ``heard`` gets each host result, ``ended`` each order that came to nothing, by number.

    ``lost`` gets the numbers of the orders that died with it, and whether it had begun to work on them.
    """

    def __init__(
        self,
        heard: Callable[[int, HostResult], None],
        ended: Callable[[int, str], None],
        lost: Callable[[set[int], bool], None],
        advise: Callable[[str], None],
    ) -> None:
        self._heard, self._ended, self._lost, self._advise = heard, ended, lost, advise
        self._loop = asyncio.get_running_loop()
        self._turn = Turn(Orders, self._send)
        self._numbers = itertools.count(1)
        self._known: dict[Key, tuple[int, Check]] = {}
        self._peer: Peer | None = None
        self._leaving: list[Peer] = []
        self._held: list[Orders] = []
        self._silent = 0
        self._since = 0.0
        self._pause = 0.0
        self._again: asyncio.TimerHandle | None = None
        self._closed = False
        self._pinned: dict[str, tuple[str, ...]] = {}
        self.asked: set[int] = set()
        self.ready = False
        self._start()

    @property
    def there(self) -> bool:
        """Is there a process, be it that it is still loading?"""
        return self._peer is not None

    @property
    def pid(self) -> int:
        """Its process number, 0 if there is none."""
        return self._peer.pid if self._peer else 0

    def ask(self, number: int, check: Check, hosts: Sequence[Host]) -> None:
        """Have these hosts checked, as soon as there is a process; something is heard of each."""
        turn = self._turn.now()
        turn.orders.append(Order(number, self._number(check), tuple(hosts)))
        self.asked.add(number)

    def pin(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        """Have it take these addresses for these names."""
        if dict(addresses) != self._pinned:
            self._pinned = dict(addresses)
            self._turn.now().pinned = self._pinned

    def forget(self, key: Key) -> None:
        """A service is gone, or its monitor is another one."""
        known = self._known.pop(key, None)
        if known is not None:
            self._turn.now().forget.append(known[0])

    def look(self) -> None:
        """Once a second: does it live?"""
        if self._peer is None or (self.ready and not self.asked):
            self._silent = 0
            return
        self._silent += 1
        if self._silent > (SILENT if self.ready else BEGINNING):
            self._peer.fail("did not answer")
        elif self.ready and self._silent > 1:
            self._turn.now().answer = True

    async def close(self) -> None:
        """Hang up: it ends what it does, and goes."""
        self._closed = True
        if self._again:
            self._again.cancel()
        if self._peer:
            self._leaving.append(self._peer)
            self._peer = None
        self.ready = False
        self.asked.clear()
        await asyncio.gather(*(peer.close() for peer in self._leaving))

    def _number(self, check: Check) -> int:
        """What it knows this check as; it is told what it does not know yet."""
        known = self._known.get(check.key)
        if known is not None and _same(known[1], check):
            return known[0]
        self.forget(check.key)
        number = next(self._numbers)
        self._known[check.key] = (number, check)
        bound = check.monitor
        assert bound is not None  # what never runs is not asked for
        self._turn.now().known.append(
            Known(number, *check.key, bound.plugin.name, dict(bound.options), check.timeout)
        )
        return number

    def _start(self) -> None:
        self._again = None
        self._since = self._loop.time()
        self._silent = 0
        words = (sys.executable, "-P", "-m", "mon.worker", "probe")
        try:
            with lent(CAP_NET_RAW):  # for ping; of our capabilities the only one that a check may need
                self._peer = Peer(words, clean(os.environ), self._hear, self._died)
        except OSError as error:
            self._pause = self._pause or 0.5
            log.error("a worker could not be started: %s: its checks are made by the daemon", error)
            self._start_later()
            return
        if self._pinned:
            self._peer.send(Orders(pinned=self._pinned))
        held, self._held = self._held, []
        for orders in held:
            self._peer.send(orders)

    def _start_later(self) -> None:
        """At once after a long life; after a short one a little later each time."""
        steady = self._loop.time() - self._since >= STEADY
        self._pause, pause = (0.0, 0.0) if steady else (max(0.5, 2 * self._pause), self._pause)
        if pause:
            self._again = self._loop.call_later(min(pause, LONGEST), self._start)
        else:
            self._start()

    def _send(self, orders: Orders) -> None:
        if self._peer is not None:
            self._peer.send(orders)
        elif not self._closed:
            self._held.append(orders)

    def _hear(self, message: bytes) -> None:
        said = decode(message, Said)
        self.ready = True
        self._silent = 0
        for number, result in said.results:
            self._heard(number, result)
        for number, trouble in said.ended:
            self._ended(number, trouble)
        for text in said.advice:
            self._advise(text)

    def _died(self, why: str) -> None:
        if self._peer is None or self._closed:
            return
        pid, begun, asked = self._peer.pid, self.ready, self.asked
        self._leaving = [peer for peer in self._leaving if not peer.reaped] + [self._peer]
        self._peer = None
        self.ready = False
        self.asked = set()
        self._known.clear()
        self._held.clear()
        self._turn.drop()
        log.warning("worker process %d %s: %d checks are repeated", pid, why, len(asked))
        self._start_later()
        self._lost(asked, begun)


def _same(one: Check, other: Check) -> bool:
    """Would a worker do the same for both?"""
    return one is other or (one.monitor == other.monitor and one.timeout == other.timeout)
