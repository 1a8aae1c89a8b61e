"""The line to one balancer: a thread of its own, so that a slow kernel or socket holds up nobody."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from mon.balancer import Balancer
from mon.errors import BalancerUnreachable
from mon.model.pool import Change, Table, VirtualId
from mon.probe.threads import Threads

T = TypeVar("T")

Words = tuple[str, ...]


class Line:
    """Opens its balancer when first needed, and anew after it could not be reached."""

    def __init__(self, words: Words, open_balancer: Callable[[Words], Balancer]) -> None:
        self.words = words
        self.stale: dict[str, list[str]] = {}  # pools to bring into shape, in order, and what asks for it
        self.wake = asyncio.Event()
        self.busy = False
        self._open = open_balancer
        self._balancer: Balancer | None = None
        self._thread = Threads(1, f"balancer-{words[0]}")

    async def read(self, id: VirtualId) -> Table:
        """One virtual service as it is.  Raises BalancerError."""

        def read(balancer: Balancer) -> Table:
            return balancer.read([id]).get(id, Table(None))

        return await self._call(read)

    async def apply(self, edits: Sequence[Change]) -> None:
        """Carry out changes.  Raises BalancerError."""
        await self._call(lambda balancer: balancer.apply(edits))

    async def close(self, patience: float) -> None:
        """Finish what is under way and let go; the balancer's table stays as it is.

        One that does not answer within ``patience`` seconds is left behind with its thread.
        """
        ending = self._thread.submit(self._let_go)
        self._thread.close()
        done, _ = await asyncio.wait((ending,), timeout=patience)
        for ended in done:
            ended.result()

    async def _call(self, work: Callable[[Balancer], T]) -> T:
        return await self._thread.submit(self._do, work)

    def _do(self, work: Callable[[Balancer], T]) -> T:
        if self._balancer is None:
            self._balancer = self._open(self.words)
        try:
            return work(self._balancer)
        except BalancerUnreachable:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._balancer is not None:
            self._balancer.close()
            self._balancer = None
