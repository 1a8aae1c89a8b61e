"""Sweeps: ICMP echo to many hosts over one socket per address family, shared by all sweeps.

A reply counts when it carries the socket's cookie and a number that is waited for, and comes from the
address that was asked: neither another process with the same ICMP identifier nor a sequence that wraps
makes a dead host look alive.
"""

import asyncio
import errno
import itertools
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mon.model.result import OK, Verdict
from mon.probe.address import SockAddress, endpoint
from mon.probe.echosocket import BURST, PROTOCOL, WHERE, EchoSocket, name_of
from mon.probe.faults import judged
from mon.probe.pulse import Pulse

Targets = Sequence[tuple[str, SockAddress]]
"""Host and address."""

REMEDY = (
    'ping is not permitted: sysctl -w net.ipv4.ping_group_range="0 2147483647" '
    "(for good: in /etc/sysctl.d), or give mon CAP_NET_RAW"
)
LAST = 200
"""Bursts read at the end of a sweep; more than 50,000 replies come from somebody who floods."""

PATIENCE = 100
"""Milliseconds to wait for room in the socket before a request counts as not sent."""


class Echo(NamedTuple):
    """What became of one host of a sweep; ``rtt`` is in seconds, None without a reply."""

    host: str
    verdict: Verdict
    detail: str
    rtt: float | None = None

    @classmethod
    def alive(cls, host: str, rtt: float) -> "Echo":
        """It answered."""
        return cls(host, OK, f"answered in {rtt * 1000:.2f} ms", rtt)

    @classmethod
    def dead(cls, host: str, attempts: int) -> "Echo":
        """It did not."""
        return cls(host, Verdict.DOWN, f"no answer to {attempts} ping{'s' if attempts != 1 else ''}")

    @classmethod
    def unknown(cls, host: str, why: str) -> "Echo":
        """It could not be asked."""
        return cls(host, Verdict.UNKNOWN, why)


NOT_ASKED = OSError(errno.EAGAIN, "the socket took no request")


class Sweep:
    """The hosts of one sweep on one family.  An index is a place in ``hosts`` and ``names``.

    ``waiting`` are those that have not answered, ``asks`` has when each was asked (wall seconds), a dict for
    each attempt, and ``trouble`` why a request could not be sent.
    """

    def __init__(
        self, family: socket.AddressFamily, targets: Targets, report: Callable[[Echo], None]
    ) -> None:
        self.hosts = [host for host, _ in targets]
        self.names = [name_of(family, address) for _, address in targets]
        self.waiting = set(range(len(targets)))
        self.asks: list[dict[int, float]] = []
        self.trouble: dict[int, OSError] = {}
        self.began = time.monotonic()
        self._report = report
        self._done: asyncio.Future[None] | None = None

    def answered(self, index: int, rtt: float) -> None:
        """The first answer counts; later ones answer the retries."""
        if index in self.waiting:
            self.waiting.remove(index)
            self._report(Echo.alive(self.hosts[index], rtt))
            if not self.waiting:
                self._settle()

    async def all_answered(self, timeout: float) -> None:
        """Wait for that, ``timeout`` seconds at most."""
        if not self.waiting:
            return
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        timer = loop.call_later(timeout, self._settle)
        try:
            await self._done
        finally:
            timer.cancel()
            self._done = None

    def give_up(self, attempts: int, trouble: str) -> None:
        """Report the hosts that have not answered: down, or unknown if ``trouble`` was ours."""
        waiting, self.waiting = self.waiting, set()
        for index in sorted(waiting):
            why = trouble or self._not_asked(index)
            host = self.hosts[index]
            self._report(Echo.unknown(host, why) if why else Echo.dead(host, attempts))

    def _not_asked(self, index: int) -> str:
        if any(index in sent for sent in self.asks):
            return ""
        return judged(self.trouble.get(index, NOT_ASKED), at_once=True, doing="ping").detail

    def _settle(self) -> None:
        if self._done and not self._done.done():
            self._done.set_result(None)


class Family:
    """The socket of one address family, and who is waited for under which number."""

    def __init__(self, family: socket.AddressFamily, pulse: Pulse, advise: Callable[[str], None]) -> None:
        self._family = family
        self._advise = advise
        self._where = WHERE[family]
        self._pulse = pulse
        self._socket: EchoSocket | None = None
        self._asks: dict[int, tuple[Sweep, dict[int, float]]] = {}
        self._numbers = itertools.count()

    async def sweep(self, sweep: Sweep, timeout: float, attempts: int) -> None:
        """Ask the hosts of the sweep up to ``attempts`` times, ``timeout`` seconds each, and report them."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            self._open()
        except OSError as error:
            trouble = f"cannot ping: {error.strerror}"
            if isinstance(error, PermissionError):
                trouble = REMEDY
                self._advise(REMEDY)
            return sweep.give_up(attempts, trouble)
        self._pulse.begin()
        numbers = []
        try:
            for _ in range(attempts):
                numbers.append(next(self._numbers) & 0xFFFFFFFF)
                await self._ask(sweep, numbers[-1])
                await sweep.all_answered(timeout)
            for _ in range(LAST):
                if not self._drain():
                    break
            held_up = self._pulse.held_up(since)
        finally:
            self._pulse.end()
            for number in numbers:
                self._asks.pop(number, None)
        mine = held_up > timeout * attempts / 2
        return sweep.give_up(attempts, f"mon itself was held up for {held_up:.1f} s" if mine else "")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        if self._socket is None:
            self._socket = EchoSocket(self._family)
            asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain)

    async def _ask(self, sweep: Sweep, number: int) -> None:
        """One request to each that is waited for, in bursts, reading the replies in between."""
        sent: dict[int, float] = {}
        sweep.asks.append(sent)
        self._asks[number] = (sweep, sent)
        indexes = sorted(sweep.waiting)
        for start in range(0, len(indexes), BURST):
            left = self._burst(sweep, number, indexes[start : start + BURST])
            while left:
                left = await self._send_patiently(sweep, number, left)
            self._drain()
            await asyncio.sleep(0)

    async def _send_patiently(self, sweep: Sweep, number: int, indexes: list[int]) -> list[int]:
        """Those that are left when there was room again; without any the first one is not asked."""
        for _ in range(PATIENCE):
            await asyncio.sleep(0.001)
            left = self._burst(sweep, number, indexes)
            if len(left) < len(indexes):
                return left
        return indexes[1:]

    def _burst(self, sweep: Sweep, number: int, indexes: list[int]) -> list[int]:
        """Send a request to each; those for which the socket takes no more just now."""
        sent = self._asks[number][1]
        while indexes and self._socket is not None:  # closed meanwhile
            began = time.time()
            try:
                count = self._socket.send(number, indexes, sweep.names)
            except BlockingIOError:
                return indexes
            except OSError as error:
                sweep.trouble[indexes[0]] = error
                indexes = indexes[1:]
                continue
            each = (time.time() - began) / count  # they went one after the other
            sent.update(zip(indexes, [began + each * place for place in range(count)], strict=False))
            indexes = indexes[count:]
        return []

    def _drain(self) -> bool:
        """Read some of the replies and tell the sweeps; were there any?"""
        if self._socket is None:
            return False
        asks, where, now, mono = self._asks, self._where, time.time(), time.monotonic()
        replies = self._socket.receive()
        for address, number, index, arrival in replies:
            found = asks.get(number)
            if found is None:
                continue
            sweep, sent = found
            wall = sent.get(index)
            if wall is None or sweep.names[index][where] != address:
                continue
            rtt = (arrival or now) - wall  # by the kernel's clock: it may have waited for us
            if not 0.0 <= rtt <= mono - sweep.began:  # which was set meanwhile
                rtt = 0.0 if rtt < 0.0 else mono - sweep.began
            sweep.answered(index, rtt)
        return bool(replies)


class Icmp:
    """Pings on both address families; ``advise`` is told what an operator should change about the machine."""

    def __init__(self, pulse: Pulse, advise: Callable[[str], None]) -> None:
        self._families = {family: Family(family, pulse, advise) for family in PROTOCOL}

    async def sweep(
        self,
        hosts: Sequence[tuple[str, str]],
        report: Callable[[Echo], None],
        *,
        timeout: float,
        attempts: int,
    ) -> None:
        """Ask each (host, canonical numeric address), both families side by side."""
        ipv4: list[tuple[str, SockAddress]] = []
        targets = {socket.AF_INET: ipv4, socket.AF_INET6: list[tuple[str, SockAddress]]()}
        for host, address in hosts:
            if ":" not in address:
                ipv4.append((host, (address, 0)))
                continue
            try:
                to = endpoint(address, 0)
            except OSError as error:
                report(Echo.unknown(host, judged(error, at_once=True, doing="ping").detail))
            else:
                targets[to.family].append((host, to.address))
        sweeps = (
            self._families[family].sweep(Sweep(family, some, report), timeout, attempts)
            for family, some in targets.items()
            if some
        )
        await asyncio.gather(*sweeps)

    def close(self) -> None:
        """Close the sockets."""
        for family in self._families.values():
            family.close()
