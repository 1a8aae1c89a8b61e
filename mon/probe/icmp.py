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
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mon.model.result import Verdict
from mon.probe.address import SockAddress, endpoint
from mon.probe.echosocket import PROTOCOL, EchoSocket
from mon.probe.faults import judged
from mon.probe.pulse import Pulse

REMEDY = (
    'ping is not permitted: sysctl -w net.ipv4.ping_group_range="0 2147483647" '
    "(for good: in /etc/sysctl.d), or give mon CAP_NET_RAW"
)
BURST = 64
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
        return cls(host, Verdict.OK, f"answered in {rtt * 1000:.2f} ms", rtt)

    @classmethod
    def dead(cls, host: str, attempts: int) -> "Echo":
        """It did not."""
        return cls(host, Verdict.DOWN, f"no answer to {attempts} ping{'s' if attempts != 1 else ''}")

    @classmethod
    def unknown(cls, host: str, why: str) -> "Echo":
        """It could not be asked."""
        return cls(host, Verdict.UNKNOWN, why)


NOT_ASKED = OSError(errno.EAGAIN, "the socket took no request")
LATE = object()


class Asked:
    """One host that is being asked.  ``trouble`` is why no request to it could be sent so far."""

    __slots__ = ("address", "host", "sweep", "trouble")

    def __init__(self, sweep: "Sweep", host: str, address: SockAddress) -> None:
        self.sweep = sweep
        self.host = host
        self.address = address
        self.trouble: OSError | None = NOT_ASKED


class Sweep:
    """The hosts of one sweep on one family that have not answered yet."""

    def __init__(self, targets: Iterable[tuple[str, SockAddress]], report: Callable[[Echo], None]) -> None:
        self.waiting = dict.fromkeys(Asked(self, host, address) for host, address in targets)
        self.numbers: list[int] = []
        self.began = time.monotonic()
        self._report = report
        self._done: asyncio.Future[None] | None = None

    def answered(self, asked: Asked, rtt: float) -> None:
        """The first answer counts; later ones answer the retries."""
        if self.waiting.pop(asked, LATE) is not LATE:
            self._report(Echo.alive(asked.host, rtt))
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
        for asked in self.waiting:
            why = trouble or (
                judged(asked.trouble, at_once=True, doing="ping").detail if asked.trouble else ""
            )
            self._report(Echo.unknown(asked.host, why) if why else Echo.dead(asked.host, attempts))
        self.waiting.clear()

    def _settle(self) -> None:
        if self._done and not self._done.done():
            self._done.set_result(None)


class Family:
    """The socket of one address family, and who is waited for under which number."""

    def __init__(self, family: socket.AddressFamily, pulse: Pulse) -> None:
        self._family = family
        self._pulse = pulse
        self._socket: EchoSocket | None = None
        self._waited: dict[int, tuple[Asked, float]] = {}  # number: who was asked, and when (wall)
        self._numbers = itertools.count()

    async def sweep(self, sweep: Sweep, timeout: float, attempts: int) -> None:
        """Ask the hosts of the sweep up to ``attempts`` times, ``timeout`` seconds each, and report them."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            self._open()
        except OSError as error:
            trouble = REMEDY if isinstance(error, PermissionError) else f"cannot ping: {error.strerror}"
            return sweep.give_up(attempts, trouble)
        self._pulse.begin()
        try:
            for _ in range(attempts):
                await self._ask(sweep)
                await sweep.all_answered(timeout)
            self._drain(1 << 20)
            held_up = self._pulse.held_up(since)
        finally:
            self._pulse.end()
            for number in sweep.numbers:
                self._waited.pop(number, None)
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

    async def _ask(self, sweep: Sweep) -> None:
        """One request to each that is waited for, in bursts, reading the replies in between."""
        hosts = list(sweep.waiting)
        for start in range(0, len(hosts), BURST):
            for asked in self._burst(hosts[start : start + BURST]):
                await self._send_patiently(asked)
            self._drain()
            await asyncio.sleep(0)

    async def _send_patiently(self, asked: Asked) -> None:
        for _ in range(PATIENCE):
            await asyncio.sleep(0.001)
            if not self._burst((asked,)):
                return

    def _burst(self, hosts: Iterable[Asked]) -> list[Asked]:
        """Send a request to each; those for which the socket takes no more just now."""
        if self._socket is None:
            return []  # closed meanwhile
        send, waited, numbers, clock = self._socket.send, self._waited, self._numbers, time.time
        left: list[Asked] = []
        for asked in hosts:
            number = next(numbers) & 0xFFFFFFFF
            waited[number] = (asked, clock())
            asked.sweep.numbers.append(number)
            try:
                send(number, asked.address)
            except BlockingIOError:
                left.append(asked)
            except OSError as error:
                if asked.trouble is not None:
                    asked.trouble = error
            else:
                asked.trouble = None
        return left

    def _drain(self, most: int = BURST * 4) -> None:
        """Read up to ``most`` replies and tell the sweeps."""
        if self._socket is None:
            return
        waited, now, mono = self._waited, time.time(), time.monotonic()
        for number, source, arrival in self._socket.receive(most):
            found = waited.get(number)
            if found is None:
                continue
            asked, wall = found
            if source != asked.address[0] and source.partition("%")[0] != asked.address[0]:
                continue
            rtt = (arrival or now) - wall  # by the kernel's clock: it may have waited for us
            if not 0.0 <= rtt <= mono - asked.sweep.began:  # which was set meanwhile
                rtt = 0.0 if rtt < 0.0 else mono - asked.sweep.began
            asked.sweep.answered(asked, rtt)


class Icmp:
    """Pings on both address families."""

    def __init__(self, pulse: Pulse) -> None:
        self._families = {family: Family(family, pulse) for family in PROTOCOL}

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
            self._families[family].sweep(Sweep(some, report), timeout, attempts)
            for family, some in targets.items()
            if some
        )
        await asyncio.gather(*sweeps)

    def close(self) -> None:
        """Close the sockets."""
        for family in self._families.values():
            family.close()
