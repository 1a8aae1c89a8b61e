"""Results that others send us: the traps of the classic mon, one UDP datagram each (PROTOCOL §4).

There is no answer.  What is dropped is logged with its reason.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from typing import Any

from mon.control.classic.session import Gate
from mon.control.datagrams import Trap, parse
from mon.control.operations import Operations
from mon.engine import Book
from mon.errors import ControlError
from mon.model.config import Key

_log = logging.getLogger(__name__)

DEFAULT = "default"
"""The watch, and its service, that traps for unknown groups go to."""

MOST_WAITING = 1000
"""Traps that wait for their turn; more are dropped, so that a flood costs no memory."""

MOST_OF_ONE = MOST_WAITING // 4
"""Those of them that come from one address: one that floods leaves room for the others."""

TELL, MOST_LINES = 10.0, 20
"""In so many seconds so many dropped traps are told, each with its reason."""

TURN, SMALL = 8192, 400
"""Octets of traps that are handled before everything else in the loop gets its turn; a small one counts as
400.  One that is full of lines and names takes as long as a hundred of these."""


def destination(trap: Trap, book: Book) -> tuple[Key, str]:
    """The service that the trap is for, and ``GROUP:SERVICE`` as sent if that is the default's.

    A known group with an unknown service does not go to the default.  Raises ControlError for no service.
    """
    group, intended = trap.group, ""
    if group not in book.config.watches:
        group, intended = DEFAULT, f"{trap.group}:{trap.service}"
    candidates = [(group, trap.service)]
    if group == DEFAULT:
        candidates.append((DEFAULT, DEFAULT))
    for key in candidates:
        if key in book.services:
            return key, intended
    raise ControlError(f"unknown group or service {trap.group:.80}/{trap.service:.80}")


class TrapPort(asyncio.DatagramProtocol):
    """Receives traps and hands them to the engine, in the order in which they came.

    Without an auth.cf whose trap section names its host, no sender is trusted.
    """

    def __init__(self, operations: Operations, gate: Gate) -> None:
        self._operations = operations
        self._gate = gate
        self._waiting: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._from: Counter[str] = Counter()
        self.dropped = 0
        self._told = -TELL
        self._lines = 0

    async def start(self, address: str = "", port: int = 2583) -> int:
        """Listen; returns the port, which 0 lets the system choose.

        Raises ControlError when that cannot be done.
        """
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(address or "0.0.0.0", port)
            )
        except OSError as error:
            raise ControlError(
                f"cannot listen at {address or '*'} UDP port {port}: {error.strerror}"
            ) from error
        self._task = loop.create_task(self._serve())
        return int(self._transport.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Hear no more."""
        if self._transport is not None and self._task is not None:
            self._transport.close()
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Queue it, unless its sender has many waiting."""
        address = str(addr[0]).removeprefix("::ffff:")
        if self._waiting.full() or self._from[address] >= MOST_OF_ONE:
            self._drop(
                address, f"{self._from[address]} of its own are waiting, and {self._waiting.qsize()} in all"
            )
            return
        self._from[address] += 1
        self._waiting.put_nowait((data, address))

    def _drop(self, address: str, why: str) -> None:
        """Count it, and tell the first ones of each TELL seconds: more would be a flood of lines."""
        self.dropped += 1
        now = asyncio.get_running_loop().time()
        if now - self._told >= TELL:
            self._told, self._lines = now, 0
        self._lines += 1
        if self._lines <= MOST_LINES:
            _log.warning("a trap from %s is dropped: %.300s", address, why)
        if self._lines == MOST_LINES:
            _log.warning("%d traps were dropped so far; the next ones are only counted", self.dropped)

    async def _serve(self) -> None:
        handled = 0
        while True:
            if handled >= TURN:
                handled = 0
                await asyncio.sleep(0)
            data, address = await self._waiting.get()
            handled += max(SMALL, len(data))
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]
            try:
                await self._take(data, address)
            except ControlError as error:
                self._drop(address, str(error))
            except Exception:  # noqa: BLE001 - a fault of ours with one trap must not end those to come
                _log.exception("a trap from %s failed", address)

    async def _take(self, data: bytes, address: str) -> None:
        trap = parse(data)
        await self._gate.admit(trap.user, trap.password, address)
        operations = self._operations
        key, intended = destination(trap, operations.book)
        await operations.trap(key, trap.status, trap.output, intended=intended, word=trap.word)
