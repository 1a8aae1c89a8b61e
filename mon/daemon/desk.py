"""The daemon as the control channels see it (mon.control.operations)."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mon.balancer import commands
from mon.catalog import Plan
from mon.control.operations import PendingAlert, PoolStep, PoolView, Records, ReloadReport, TestReport
from mon.daemon import events, renewal
from mon.daemon.classicfiles import states
from mon.daemon.classicwords import first_error
from mon.daemon.loading import load
from mon.daemon.remote import Remote
from mon.daemon.trapped import opinion_set, trapped
from mon.engine import Book, Step
from mon.errors import ConfigError, ControlError
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.result import OpStatus
from mon.pool.changes import describe
from mon.pool.operators import Order
from mon.pool.record import SavedWord
from mon.structs import replace

if TYPE_CHECKING:  # the daemon makes the desk
    from mon.daemon.core import Daemon


class Desk:
    """Implements Operations."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._parts = daemon.parts
        self._remote = Remote(daemon.parts)

    @property
    def book(self) -> Book:
        """The owner of all states."""
        return self._parts.book

    @property
    def plan(self) -> Plan:
        """The linked configuration in force."""
        return self._parts.loaded.plan

    @property
    def environment(self) -> Mapping[str, str]:
        """The static MON_* variables."""
        return self._parts.environment

    @property
    def downtime_log(self) -> Path | None:
        """The file of the downtime log, None if it is off."""
        return self._parts.downtime_log

    @property
    def userfile(self) -> Path:
        """The file of users and their crypted passwords."""
        return self._parts.loaded.places.userfile

    @property
    def records(self) -> Records:
        """The outbox and the databases."""
        return Records(self._parts.outbox, self._parts.store, self._parts.history)

    def now(self) -> Moment:
        """The present."""
        return self._parts.clock()

    def due_in(self, key: Key) -> float | None:
        """Seconds to the next run."""
        return self._parts.checks.timetable.due_in(key)

    def running(self, key: Key) -> int | None:
        """The process of the running monitor, 0 for one of ours."""
        return self._parts.checks.running(key)

    def check_now(self, key: Key) -> bool:
        """Run it at the next turn."""
        return self._parts.checks.check_now(key)

    def set_timer(self, key: Key, seconds: float) -> None:
        """Let the next run be in so many seconds."""
        self._parts.checks.timetable.again(key, seconds)

    async def test_check(self, key: Key) -> TestReport:
        """Run the monitor and say what would follow."""
        return await self._parts.checks.test(key)

    async def carry_out(self, step: Step) -> None:
        """Commit and deliver."""
        await self._parts.recorder.carry_out(step)

    async def trap(self, key: Key, status: int, output: str, *, intended: str = "", word: str = "") -> None:
        """Take a result that somebody sent us."""
        await trapped(self._parts, key, status, output, intended=intended, word=word)

    async def set_opstatus(self, key: Key, status: OpStatus) -> None:
        """Set the standing opinion."""
        await opinion_set(self._parts, key, status)

    async def rebind(self, key: Key) -> None:
        """Let the monitor that an operator has set be what runs."""
        await renewal.rebind(self._parts, key)

    def dump(self) -> bool:
        """Write what is known of each service to the log."""
        if self._daemon.options.debug:
            for key, state in self.book.states.items():
                events.say(logging.INFO, "dump", f"{'/'.join(key)}: {self.book.services[key]} {state}")
        return self._daemon.options.debug

    def tell_remote(self, *words: str) -> None:
        """Call ``monremote``."""
        self._remote.tell(*words)

    async def reload(self, *, force: bool = False) -> ReloadReport:
        """Read the configuration again."""
        return await self._daemon.reload(force=force)

    async def reset(self, *, keepstate: bool, stopped: bool) -> str:
        """Classic ``reset`` (PROTOCOL §12): all services anew; "" or the errors of the file."""
        return await self._daemon.reset(keepstate=keepstate, stopped=stopped)

    async def check_config(self) -> Sequence[str]:
        """The errors of the file on disk."""
        try:
            await asyncio.to_thread(load, self._daemon.options)
        except ConfigError as error:
            return (first_error(error),)
        return ()

    def start_scheduler(self) -> None:
        """Run monitors and alerts again."""
        self.book.start()

    def stop_scheduler(self) -> None:
        """Run nothing until started again."""
        self.book.stop(self.now())

    def terminate(self) -> None:
        """End the daemon."""
        self._daemon.terminate(0)

    async def save_state(self, kinds: Iterable[str]) -> None:
        """Write the classic files of these kinds, and our own database; raises ControlError if it cannot."""
        saved = await self._parts.recorder.save()
        await states.save(self._parts.loaded.places.statedir, tuple(kinds), self.book, self.now())
        if not saved:
            raise ControlError(self._not_saved())

    def _not_saved(self) -> str:
        trouble = self._parts.recorder.trouble
        return (
            f"it is in force, but not saved: {trouble}; mon goes on trying, and forgets it if it ends before"
        )

    async def load_state(self, kinds: Iterable[str]) -> None:
        """Read the classic files of these kinds."""
        statedir = self._parts.loaded.places.statedir
        for key in await states.load(statedir, tuple(kinds), self.book, self.now()):
            self._parts.recorder.touch(key)

    def pools(self) -> Sequence[PoolView]:
        """The pools as last read."""
        return self._parts.keeper.views()

    async def instruct(self, order: Order) -> str:
        """Take an operator's word on a server; it is applied at once, and on disk when this returns.

        Raises ControlError when it was refused, or could not be saved.
        """
        said = self._parts.keeper.instruct(order)
        if not await self._parts.recorder.save():
            raise ControlError(f"{said}; {self._not_saved()}")
        return said

    async def plan_pools(self, config: str, order: Order | None) -> Sequence[PoolStep]:
        """What would be done to the balancers."""
        plans = None
        if config:
            given = replace(self._daemon.options, config=Path(config))
            plans = (await asyncio.to_thread(load, given)).plan.pools
        return [
            PoolStep(
                step.pool,
                tuple(describe(change) for change in step.changes),
                commands(step.balancer, step.changes),
                step.outlook,
            )
            for step in await self._parts.keeper.plan(plans, order)
        ]

    def explain(self, server: str) -> Sequence[str]:
        """Why a real server has its weight."""
        return self._parts.keeper.explain(server)

    def words(self) -> Sequence[tuple[str, SavedWord]]:
        """All words of operators on servers."""
        pools = self._parts.pools
        return [(name, word) for name in pools.names for word in pools.words(name)]

    def pending(self) -> Sequence[PendingAlert]:
        """What is in the outbox."""
        return tuple(
            PendingAlert(
                watch=entry.notice.watch,
                service=entry.notice.service,
                alert=entry.line.command.text,
                type=entry.notice.type.value,
                decided=entry.notice.at,
                attempts=entry.attempts,
                next=entry.next_at,
                why=entry.why,
            )
            for entry in self._parts.outbox.pending()
        )
