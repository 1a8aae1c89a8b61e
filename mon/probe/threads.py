"""A few daemon threads for calls that block.

The standard pool joins its threads when the interpreter ends, so one lookup that hangs would hold up
the end of the daemon (law 7); these are simply left behind.
"""

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[], Callable[[], None]]


class NotBegun(Exception):
    """All threads were busy."""


class Threads:
    """At most ``limit`` threads, started when needed, that run blocking calls for one event loop."""

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._waiting = 0  # threads without a job, less jobs that wait for one

    async def run(self, function: Callable[..., T], *arguments: Any, timeout: float) -> T:
        """``function(*arguments)`` in a thread.

        Raises NotBegun if no thread was free for ``timeout`` seconds (it is never called then), TimeoutError
        if it did not end in that time: it is left behind, so it must end by itself one day.
        """
        begun = threading.Event()
        future = self.submit(function, *arguments, begun=begun)
        done, _ = await asyncio.wait((future,), timeout=timeout)
        if done:
            return future.result()
        future.cancel()
        raise TimeoutError if begun.is_set() else NotBegun

    def submit(
        self, function: Callable[..., T], *arguments: Any, begun: threading.Event | None = None
    ) -> asyncio.Future[T]:
        """Queue ``function(*arguments)``; the future gets its result or exception.

        Cancelling the future before a thread took it up (``begun``) means that it is never called.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> Callable[[], None]:
            if future.cancelled():
                return lambda: None
            if begun:
                begun.set()
            outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
            try:
                outcome.set_result(function(*arguments))
            except BaseException as error:  # noqa: BLE001  (whatever it is belongs to whoever waits)
                outcome.set_exception(error)
            return lambda: _deliver(loop, future, outcome)

        with self._lock:
            self._waiting -= 1
            if self._waiting < 0 and self._threads < self._limit:
                self._threads += 1
                self._waiting += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._jobs.put(job)
        return future

    def close(self) -> None:
        """Let the threads end, each after the call it is in."""
        with self._lock:
            for _ in range(self._threads):
                self._jobs.put(None)
            self._threads = 0
            self._waiting = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            deliver = job()
            del job  # holds its arguments
            with self._lock:  # before anybody learns of the end: the next call is to find this thread waiting
                self._waiting += 1
            deliver()
            del deliver  # holds the error with its traceback


def _deliver(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], outcome: concurrent.futures.Future[T]
) -> None:
    try:
        loop.call_soon_threadsafe(_settle, future, outcome)
    except RuntimeError:
        pass  # the loop is closed: nobody waits any more


def _settle(future: asyncio.Future[T], outcome: concurrent.futures.Future[T]) -> None:
    if future.done():
        return
    if error := outcome.exception():
        future.set_exception(error)
    else:
        future.set_result(outcome.result())
