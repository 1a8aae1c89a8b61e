"""The engines under our monitors: TCP and TLS bytes and lines, ICMP sweeps, names, blocking calls.

A monitor that declares a parameter annotated with ``Probe`` is given the daemon's one.  Its methods raise
``Down`` (what was seen is the host's trouble) or ``Unknown`` (ours), never an error of a socket.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from mon.errors import Down, Undeliverable, Unknown
from mon.model.result import Cause
from mon.probe import datagram
from mon.probe.address import is_local, numeric
from mon.probe.attempts import interleaved
from mon.probe.connector import Connector, Way
from mon.probe.deadlines import Deadlines
from mon.probe.faults import UNREADABLE, unreadable
from mon.probe.held import Held
from mon.probe.icmp import REMEDY, Echo, Icmp
from mon.probe.lent import Lent
from mon.probe.ourname import GOOD_FOR, own_name
from mon.probe.poller import Poller
from mon.probe.pulse import Pulse
from mon.probe.resolver import Resolver
from mon.probe.route import Hop, Statistics, statistics, trace
from mon.probe.stream import Complete, anything
from mon.probe.talk import Talk
from mon.probe.threads import NotBegun, Threads
from mon.probe.tls import Contexts, Tls
from mon.probe.where import endpoints, of_family, whence
from mon.secret import secret

__all__ = ["Echo", "Hop", "Probe", "Statistics", "Talk", "Tls"]

T = TypeVar("T")
LIMIT = 1 << 20
"""Bytes of an answer that are read unless a check says otherwise."""

THREADS = 32
"""Blocking calls at once; the others wait for their turn within their time limit."""


class Probe:
    """One owner of the resolver, the ICMP sockets, the TLS contexts and the threads for blocking calls.

    Everything is opened when first needed.  ``advise`` is told once what an operator should change about
    the machine (a privilege that is missing); ``advice`` keeps it.  One event loop; ``close`` at the end.
    """

    def __init__(
        self, *, advise: Callable[[str], None] | None = None, resolver: Resolver | None = None
    ) -> None:
        self.advice: list[str] = []
        self._advise = advise
        self._pulse = Pulse()
        self._poller = Poller()
        self._deadlines = Deadlines()
        self._resolver = resolver or Resolver()
        self._connector = Connector(self._pulse, self._poller, self._deadlines)
        self._lent = Contexts()
        self._named: tuple[str, float] | None = None
        self._icmp = Icmp(self._pulse, self._note)
        self._threads = Threads(THREADS, "mon-blocking")

    async def resolve(self, host: str, *, timeout: float = 5.0) -> tuple[str, ...]:
        """The addresses of ``host``, best first.  Raises Unknown if none in ``timeout`` s."""
        return await self._resolver.resolve(host, timeout=timeout)

    async def exchange(
        self,
        host: str,
        port: int,
        send: bytes,
        complete: Complete,
        *,
        timeout: float,
        tls: Tls | None = None,
        bind: str = "",
        limit: int = LIMIT,
        proxy_protocol: int = 0,
    ) -> bytes:
        """Connect, write ``send``, read until ``complete(buffer)``, end of stream, or ``limit`` bytes.

        ``timeout`` (seconds) covers everything, the lookup of the name too.  ``bind`` is the local address,
        ``proxy_protocol`` the version of a header of that protocol to send first.
        The answer may be cut short by the other side: judging it is the check's business.
        """
        way = Way(timeout, limit, tls, bind, proxy_protocol)
        stream = await self._connector.connect(self._resolver, host, port, way, send, complete)
        try:
            if tls and tls.resume:
                self._connector.keep_session(tls, host, port, stream)
            return bytes(stream.buffer)
        finally:
            stream.close()

    @asynccontextmanager
    async def talk(
        self,
        host: str,
        port: int,
        *,
        timeout: float,
        tls: Tls | None = None,
        bind: str = "",
        limit: int = LIMIT,
    ) -> AsyncIterator[Talk]:
        """A connection for a conversation in lines; ``timeout`` (seconds) covers all of it."""
        way = Way(timeout, limit, tls, bind)
        stream = await self._connector.connect(self._resolver, host, port, way, b"", anything)
        try:
            yield Talk(stream, host, self._connector.contexts)
        except UNREADABLE as error:
            raise unreadable(error) from error
        finally:
            stream.close()

    async def hold(self, host: str, port: int, *, timeout: float, bind: str = "") -> Held:
        """A connection on which nothing is said; ``timeout`` (seconds) is for making it.  Close it."""
        return await self._connector.hold(self._resolver, host, port, timeout=timeout, bind=bind)

    async def ask(
        self,
        host: str,
        port: int,
        send: bytes,
        take: Callable[[bytes], T | None],
        *,
        timeout: float,
        attempts: int = 3,
        bind: str = "",
    ) -> T:
        """Send a datagram, up to ``attempts`` times within ``timeout`` s; what ``take`` makes of the answer.

        ``take`` gives None for what is no answer to this question (a stranger's, a late one); raising Down
        ends the wait.
        """
        addresses = await self._resolver.resolve(host, timeout=timeout)
        local = whence(bind) if bind else None
        return await datagram.ask(
            endpoints(addresses, port),
            send,
            take,
            timeout=timeout,
            attempts=attempts,
            bind=local,
            clocks=datagram.Clocks(self._poller, self._deadlines),
        )

    async def lend(
        self, host: str, port: int, function: Callable[[socket.socket], T], *, timeout: float
    ) -> T:
        """Call a library that blocks, in a thread, with a connected socket; it is broken off at the end.

        So the call ends whatever the server does: ``timeout`` (seconds) covers everything.  Errors of
        sockets and of TLS become Down or Unknown, also those under exceptions of the library.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        addresses = interleaved(await self._resolver.resolve(host, timeout=timeout))
        lent = Lent(endpoints(addresses, port), timeout)
        guard = loop.create_task(lent.guard())
        try:
            return await self.in_thread(lent.call, function, timeout=until - loop.time())
        except TimeoutError as error:
            raise Down(f"no whole answer within {timeout:g} s", cause=Cause.TIMEOUT) from error
        finally:
            guard.cancel()
            lent.break_off()

    async def local(self, host: str, *, timeout: float = 5.0) -> None:
        """Raise Unknown unless ``host`` is the machine that we run on."""
        for address in await self.resolve(host, timeout=timeout):
            if is_local(address):
                return
        raise Unknown(f"this looks at the machine mon runs on, and {host} is another", cause=Cause.NONE)

    async def secret(self, word: str, *, timeout: float) -> str:
        """A password as options give it (mon.secret; ``/a/file`` is ``@/a/file``); of a file the first line.

        Raises Unknown.
        """
        if not word.startswith(("/", "@", "env:")):
            return word
        try:
            found = await self.in_thread(secret, word.replace("/", "@/", word[0] == "/"), timeout=timeout)
            return found.partition("\n")[0]
        except (Undeliverable, TimeoutError) as error:
            raise Unknown(f"cannot read the password: {error}", cause=Cause.NONE) from error

    async def own_name(self, *, timeout: float) -> str:
        """The full name of this machine, "" if it has none."""
        now = asyncio.get_running_loop().time()
        if self._named is None or now > self._named[1]:
            with suppress(TimeoutError):
                self._named = await self.in_thread(own_name, timeout=timeout), now + GOOD_FOR
        return self._named[0] if self._named else ""

    def context(self, tls: Tls) -> ssl.SSLContext:
        """An SSL context for a library, shared by all that ask for these settings.  Raises Unknown.

        Not those of ``exchange``: libraries change what they are given (urllib3 sets the ALPN protocols).
        """
        return self._lent.get(tls)

    async def ping_sweep(
        self, hosts: Iterable[str], report: Callable[[Echo], None], *, timeout: float = 2.0, retries: int = 3
    ) -> None:
        """Ping every host over one socket; ``report`` is called for each as soon as its fate is known.

        ``timeout`` (seconds) is waited after each of 1 + ``retries`` requests.  Never raises for a host.
        """
        addresses: list[tuple[str, str]] = []
        names: list[str] = []
        for host in hosts:
            if address := numeric(host):
                addresses.append((host, address))
            else:
                names.append(host)
        addresses += await self._resolved(names, report, timeout * (retries + 1))
        await self._icmp.sweep(addresses, report, timeout=timeout, attempts=retries + 1)

    async def ping(
        self, host: str, *, count: int = 3, interval: float = 0.2, timeout: float = 2.0, family: int = 0
    ) -> Statistics:
        """Ping one host ``count`` times, one by one.  ``family`` 4 or 6 chooses among its addresses."""
        address = of_family(host, await self._resolver.resolve(host, family=family), family)
        return await self._bounded(
            count * (interval + timeout) + 5, statistics, address, count, interval, timeout
        )

    async def traceroute(self, host: str, *, timeout: float = 1.0, hops: int = 30) -> tuple[Hop, ...]:
        """The gateways to ``host`` that answered, each within ``timeout`` seconds."""
        address = (await self.resolve(host))[0]
        return await self._bounded((hops + 1) * (timeout + 1), trace, address, timeout, hops)

    async def in_thread(self, function: Callable[..., T], *arguments: Any, timeout: float) -> T:
        """Call something that blocks, in a thread.  Raises TimeoutError after ``timeout`` seconds.

        It is left behind then, so give it a time limit of its own.  Raises Unknown if no thread was free.
        """
        try:
            return await self._threads.run(function, *arguments, timeout=timeout)
        except NotBegun as error:
            raise Unknown(f"no thread was free for {timeout:g} s", cause=Cause.NONE) from error

    async def close(self) -> None:
        """Close sockets, forget names; threads that hang are left behind."""
        self._icmp.close()
        self._resolver.close()
        self._threads.close()
        self._poller.close()
        self._deadlines.close()
        self._pulse.stop()

    async def _resolved(
        self, names: list[str], report: Callable[[Echo], None], timeout: float
    ) -> list[tuple[str, str]]:
        """(name, address) of the names that can be resolved; the others are reported."""
        found: list[tuple[str, str]] = []

        async def one(name: str) -> None:
            try:
                found.append((name, (await self.resolve(name, timeout=min(timeout, 5.0)))[0]))
            except Unknown as finding:
                report(Echo.unknown(name, finding.detail))

        await asyncio.gather(*map(one, dict.fromkeys(names)))
        return found

    async def _bounded(self, most: float, function: Callable[..., T], *arguments: Any) -> T:
        """A call that bounds itself, so that overrunning ``most`` seconds is our own trouble."""
        try:
            return await self.in_thread(function, *arguments, timeout=most)
        except TimeoutError as error:
            raise Unknown(f"no end within {most:g} s", cause=Cause.NONE) from error
        except Unknown as finding:
            if finding.detail == REMEDY:
                self._note(REMEDY)
            raise

    def _note(self, advice: str) -> None:
        if advice not in self.advice:
            self.advice.append(advice)
            if self._advise:
                self._advise(advice)
