"""Connects a check to its host: the name looked up, its addresses tried, TLS and what goes before it."""

import asyncio
import ssl
from collections.abc import Awaitable
from functools import partial

from mon.errors import Finding
from mon.probe.address import Endpoint, endpoint
from mon.probe.attempts import interleaved, race
from mon.probe.deadlines import Deadlines
from mon.probe.faults import judged
from mon.probe.held import Held, hold
from mon.probe.poller import Poller
from mon.probe.preface import introduce
from mon.probe.pulse import Pulse
from mon.probe.resolver import Resolver
from mon.probe.stream import Complete, Stream, anything
from mon.probe.tls import Contexts, Sessions, Tls, tls_name
from mon.probe.where import whence
from mon.structs import Struct


class Way(Struct, frozen=True):
    """How to get to a host: see ``Probe.exchange``.  ``proxy_protocol`` is its version, 0 for none."""

    timeout: float
    limit: int
    tls: Tls | None = None
    bind: str = ""
    proxy_protocol: int = 0


class Connector:
    """Connects for one event loop; what it needs is lent."""

    def __init__(self, pulse: Pulse, poller: Poller, deadlines: Deadlines) -> None:
        self.contexts = Contexts()
        self._pulse = pulse
        self._poller = poller
        self._deadlines = deadlines
        self._sessions = Sessions()

    async def connect(
        self, resolver: Resolver, host: str, port: int, way: Way, send: bytes, complete: Complete
    ) -> Stream:
        """A stream to the first address of ``host`` that connects; that was said on it, and answered."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        addresses = await resolver.resolve(host, timeout=way.timeout)
        if len(addresses) == 1:  # nearly always: without a task, a closure or another coroutine
            stream = self._stream(host, port, way, loop.time() - start)
            try:
                finding = await stream.connect(_endpoint(addresses[0], port), send, complete)
            except BaseException:  # cancelled, too
                stream.close()
                raise
            if finding is None:
                return stream
            stream.close()
            raise finding

        async def attempt(address: str) -> Stream:
            stream = self._stream(host, port, way, loop.time() - start)
            return await _or_closed(stream, stream.connect(_endpoint(address, port), b"", anything))

        attempts = [partial(attempt, each) for each in interleaved(addresses)]
        stream = await race(attempts, way.timeout - (loop.time() - start), Stream.close)
        return await _or_closed(stream, stream.ask(send, complete))

    async def hold(self, resolver: Resolver, host: str, port: int, *, timeout: float, bind: str) -> Held:
        """See ``Probe.hold``."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        local = whence(bind) if bind else None

        async def attempt(address: str) -> Held:
            left = until - loop.time()
            return await hold(_endpoint(address, port), timeout=left, told=timeout, bind=local)

        addresses = interleaved(await resolver.resolve(host, timeout=timeout))
        return await race([partial(attempt, each) for each in addresses], until - loop.time(), Held.close)

    def keep_session(self, tls: Tls, host: str, port: int, stream: Stream) -> None:
        """Offer the session of this connection the next time."""
        self._sessions.keep(tls, host, port, self.contexts.get(tls), stream.session)

    def _stream(self, host: str, port: int, way: Way, late: float) -> Stream:
        tls, context, name, session = way.tls, None, "", None
        if tls is not None:
            context, name = self.contexts.get(tls), tls_name(tls, host)
            session = self._session(tls, host, port, context)
        return Stream(
            self._poller,
            self._deadlines,
            self._pulse,
            timeout=way.timeout,
            limit=way.limit,
            late=late,
            preface=partial(introduce, version=way.proxy_protocol) if way.proxy_protocol else None,
            bind=whence(way.bind) if way.bind else None,
            tls=context,
            name=name,
            session=session,
        )

    def _session(self, tls: Tls, host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSession | None:
        return self._sessions.of(tls, host, port, context) if tls.resume else None


async def _or_closed(stream: Stream, wish: Awaitable[Finding | None]) -> Stream:
    """The stream when its wish came true; closed, if not."""
    try:
        if finding := await wish:
            raise finding
        return stream
    except BaseException:  # cancelled, too
        stream.close()
        raise


def _endpoint(address: str, port: int) -> Endpoint:
    try:
        return endpoint(address, port)
    except OSError as error:  # a scope that names no interface
        raise judged(error, at_once=True) from error
