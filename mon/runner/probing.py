"""The worker that runs our own monitors for the daemon: ``python -m mon.worker probe``.

Its stdin is the socket on which it is told what to check and says what it finds.  It has the daemon's user,
of its capabilities that of ping alone, and no state: it may be killed at any moment, and goes when the
daemon goes.
"""

import asyncio
import os
import signal
import socket
import sys
import time

from mon.catalog.catalog import OURS, Catalog
from mon.catalog.plan import Bound, Check, Kind
from mon.codec import decode
from mon.errors import MonError
from mon.model.config import CommandLine, Service
from mon.model.moment import Moment
from mon.model.result import HostResult, Verdict
from mon.probe import Probe
from mon.probe.resolver import Resolver
from mon.runner import loop
from mon.runner.capabilities import clear_ambient, die_with_parent
from mon.runner.orders import Known, Order, Orders, Said, Turn
from mon.runner.peer import Channel
from mon.runner.runner import Runner

PAUSE = 0.005
"""Seconds that a result *ok* may wait for others, when one was said just before."""

SILENT = "the monitor said nothing about it"


class Probing:
    """Does what the daemon says, until ``ended``.  Make it inside the running loop."""

    def __init__(self, end: socket.socket) -> None:
        self.ended = asyncio.Event()
        self._resolver = Resolver()
        self._probe = Probe(advise=self._advise, resolver=self._resolver)
        self._runner = Runner(self._probe, None, None, clock=_present)
        self._plugins = Catalog()
        self._checks: dict[int, Check] = {}
        self._broken: dict[int, str] = {}
        self._channel = Channel(end, self._hear, self._hung_up)
        self._turn = Turn(Said, self._channel.send, pause=PAUSE)
        self._turn.now()  # the first word: here we are

    async def serve(self) -> None:
        """Until the daemon hangs up."""
        await self.ended.wait()
        self._channel.close()
        await self._runner.close(0.0)
        await self._probe.close()

    def _hung_up(self, _why: str) -> None:
        self.ended.set()

    def _advise(self, text: str) -> None:
        self._turn.now().advice.append(text)

    def _hear(self, message: bytes) -> None:
        orders = decode(message, Orders)
        if orders.pinned is not None:
            self._resolver.pinned = orders.pinned
        for number in orders.forget:
            self._broken.pop(number, None)
            if check := self._checks.pop(number, None):
                self._runner.cancel(check.key)
        for known in orders.known:
            self._learn(known)
        for order in orders.orders:
            self._begin(order)
        if orders.answer:
            self._turn.now()

    def _learn(self, known: Known) -> None:
        try:
            plugin = self._plugins.find(Kind.MONITOR, OURS + known.plugin)
        except MonError as error:  # the installed files have changed under us
            self._broken[known.number] = str(error)
            return
        monitor = Bound(plugin, known.options, CommandLine(known.plugin, (known.plugin,)))
        self._checks[known.number] = Check(Service(known.watch, known.service), monitor, (), known.timeout)

    def _begin(self, order: Order) -> None:
        """Check the hosts; what is not ok is said in the turn of the loop in which it is known."""
        check = self._checks.get(order.known)
        if check is None:
            self._turn.now().ended.append((order.number, self._broken.get(order.known, SILENT)))
            return
        number, left = order.number, len(order.hosts)

        def report(result: HostResult) -> None:
            nonlocal left
            left -= 1
            turn = self._turn.later() if result.verdict is Verdict.OK else self._turn.now()
            turn.results.append((number, result))

        def done(_result: object) -> None:
            if left:
                self._turn.now().ended.append((number, SILENT))

        if left == 1:
            self._runner.again(check, order.hosts[0], {}, report, done)
        else:
            self._runner.begin(check, order.hosts, {}, report, done)


def _present() -> Moment:
    return Moment(time.time(), time.monotonic())


async def _serve(end: socket.socket) -> None:
    probing = Probing(end)
    loop.freeze()
    await probing.serve()


def serve() -> int:
    """Answer on the socket that is our stdin."""
    clear_ambient()  # before anything else: what monitors of ours start gets none
    die_with_parent(signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the daemon: it hangs up when it has ended
    end = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    loop.run(_serve(end))
    sys.stdout.flush()
    os._exit(0)  # threads that hang in blocking calls are left behind
