"""One call of a Python monitor, ours or an operator's, under a deadline; whatever happens is a finding."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mon.catalog.plan import Bound, Check, Form
from mon.model.config import Key
from mon.model.result import OK, Cause, Verdict
from mon.model.weight import Detail, detail_of
from mon.probe.deadlines import Deadlines
from mon.probe.pulse import Pulse
from mon.probe.threads import Threads
from mon.runner.hosted import Worker
from mon.runner.judging import finding
from mon.runner.messages import Job, Word

Finding = tuple[Verdict, Detail, Cause]
Tell = Callable[[str, Finding], None]
"""Called with the host's target as soon as something is known about it."""


class Calls:
    """Makes the calls.  ``given`` are the daemon's own objects by the class that a plugin asks for."""

    def __init__(self, worker: Worker | None, threads: Threads, given: Mapping[str, object]) -> None:
        self._worker = worker
        self._threads = threads
        self._given = given
        self._pulse = Pulse()
        self._deadlines = Deadlines()
        self._blocked: dict[tuple[Key, str], threading.Event] = {}
        self._starved: set[tuple[Key, str]] = set()

    async def call(
        self, check: Check, bound: Bound, targets: list[str], tell: Tell, task: asyncio.Task[Any]
    ) -> Finding:
        """One call of the plugin for ``targets``, in ``task``, which nobody else has any part in.

        Returns what is to be said of those targets that were not told of.
        """
        if bound.plugin.form is Form.PYTHON:
            return await self._hosted(check, bound, targets, tell)
        began = asyncio.get_running_loop().time()
        deadline = self._deadlines.set(check.timeout, task.cancel)
        self._pulse.begin()
        try:
            found = await self._native(check, bound, targets, tell)
        except asyncio.CancelledError:
            if not deadline.struck or task.uncancel():  # somebody else cancelled it (too)
                raise
            found = self._late(check, targets[0])
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes a result
            found = finding(error)
        finally:
            deadline.cancel()
            self._pulse.end()
        return self._excused(found, began, check.timeout)

    def close(self) -> None:
        """No call is under way any more."""
        self._deadlines.close()
        self._pulse.stop()

    def _excused(self, found: Finding, began: float, timeout: float) -> Finding:
        """A timeout says nothing about the host if it was we who were held up (DESIGN §1)."""
        verdict, _, cause = found
        if verdict is not Verdict.DOWN or cause is not Cause.TIMEOUT:
            return found
        held_up = self._pulse.held_up(began)
        if held_up <= timeout / 2:
            return found
        return Verdict.UNKNOWN, f"mon itself was held up for {held_up:.1f} s of the check's time", Cause.NONE

    # -- ours ----------------------------------------------------------------------------------

    async def _native(self, check: Check, bound: Bound, targets: list[str], tell: Tell) -> Finding:
        plugin = bound.plugin
        assert plugin.function is not None  # there for a native plugin
        given = {name: self._given[kind] for name, kind in plugin.about.needs}
        if plugin.sweep:
            began = asyncio.get_running_loop().time()
            excuse = partial(self._excused, began=began, timeout=check.timeout)
            await plugin.function(targets, _reporter(tell, excuse), **bound.options, **given)
            return Verdict.UNKNOWN, "the monitor said nothing about it", Cause.NONE
        if not plugin.about.waits:
            call = partial(plugin.function, **bound.options, **given)
            return await self._in_thread(check, call, targets[0])
        said = await plugin.function(targets[0], **bound.options, **given)
        return Verdict.OK, detail_of(said), Cause.NONE

    async def _in_thread(self, check: Check, call: Callable[[str], object], target: str) -> Finding:
        """A check that blocks.  A thread cannot be ended, so one that hangs is not started again."""
        thread = (check.key, target)
        if thread in self._blocked:
            return Verdict.DOWN, "still no end of the check before", Cause.TIMEOUT
        loop = asyncio.get_running_loop()
        begun = self._blocked[thread] = threading.Event()

        def blocking() -> object:
            begun.set()
            try:
                return call(target)
            finally:
                with suppress(RuntimeError):  # the loop is closed: nobody counts any more
                    loop.call_soon_threadsafe(self._blocked.pop, thread, None)

        try:
            return Verdict.OK, detail_of(await self._threads.submit(blocking)), Cause.NONE
        except asyncio.CancelledError:
            if not begun.is_set():  # and it never will be: the call was taken back
                del self._blocked[thread]
                self._starved.add(thread)
            raise

    def _late(self, check: Check, target: str) -> Finding:
        """The deadline struck: is it the host, or did we never begin?"""
        if (check.key, target) in self._starved:
            self._starved.discard((check.key, target))
            return Verdict.UNKNOWN, "no thread was free for it", Cause.NONE
        return Verdict.DOWN, f"no answer within {check.timeout:g} s", Cause.TIMEOUT

    # -- operators' ----------------------------------------------------------------------------

    async def _hosted(self, check: Check, bound: Bound, targets: list[str], tell: Tell) -> Finding:
        if self._worker is None:
            return Verdict.UNKNOWN, "there is no worker process", Cause.NONE
        job = Job(
            0, path=str(bound.plugin.path), options=dict(bound.options), hosts=tuple(targets),
            timeout=check.timeout,
        )  # fmt: skip

        began = asyncio.get_running_loop().time()

        def say(word: Word) -> None:
            tell(word.host, self._excused((word.verdict, word.said, word.cause), began, check.timeout))

        self._pulse.begin()
        try:
            last = await self._worker.run(job, say, user=bound.command.runas)
        finally:
            self._pulse.end()
        return Verdict.UNKNOWN, last.trouble or "the monitor said nothing about it", Cause.NONE


def _reporter(tell: Tell, excuse: Callable[[Finding], Finding]) -> Callable[..., None]:
    """The ``report`` that a sweep is given."""

    def report(host: str, verdict: Verdict, detail: Detail = "", cause: Cause = Cause.NONE) -> None:
        if verdict is OK:  # nearly all, nearly always
            tell(host, (verdict, detail, cause))
        else:
            tell(host, excuse((Verdict(verdict), detail, cause)))

    return report
