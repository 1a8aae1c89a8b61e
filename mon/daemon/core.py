"""The daemon: makes the parts, wires them, starts, reloads and stops them.

What each part does is said where it is; here is only who knows whom, and in which order.
"""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

from mon import notify
from mon.balancer import open_balancer
from mon.catalog import Catalog, bind
from mon.control.classic.server import PORT, ClassicServer
from mon.control.operations import ReloadReport
from mon.control.traps import TrapPort
from mon.control.unix import UnixServer
from mon.daemon import events
from mon.daemon.announce import announcement
from mon.daemon.checks import Checks
from mon.daemon.desk import Desk
from mon.daemon.keeper import Keeper
from mon.daemon.loading import Loaded, load
from mon.daemon.options import Options
from mon.daemon.recorder import Recorder, restored
from mon.engine import Book, Changes
from mon.errors import ConfigError, MonError
from mon.model.config import AlertKind
from mon.model.moment import Moment
from mon.model.notice import Delivery, Fate
from mon.model.pool import Pool, Voter
from mon.outbox import Entry, Outbox
from mon.pool.pools import Pools
from mon.probe import Probe
from mon.render import Render
from mon.runner import Runner, Spawner, Worker
from mon.runner.capabilities import become_subreaper, clear_ambient
from mon.store import HistoryStore, StateStore
from mon.timetable import Timetable

FLUSH = 5.0
"""Seconds between two savings of what can wait."""

GRACE = 1.0
"""Seconds that alerts under way get at the end; SIGTERM promises to end within 2."""

VOTES_LAST = 3
"""Saved votes count for so many intervals (DESIGN §6)."""

LEAST_AGE = 10.0
"""... and for so many seconds at least: a restart takes a moment."""


def system_clock() -> Moment:
    """The present: the only place where the daemon reads its clocks."""
    return Moment(time.time(), time.monotonic())


class Daemon:
    """One running mon.  ``serve`` is its whole life."""

    def __init__(self, loaded: Loaded, options: Options) -> None:
        self.options = options
        self.loaded = loaded
        self.clock = system_clock
        self.ended = asyncio.Event()
        self.status = 0
        self._background: set[asyncio.Task[None]] = set()

    async def serve(self) -> int:
        """Start, run until told to end, stop; returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.terminate, 1 if self.options.classic else 0)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._make()
        try:
            await self._start()
            await self.ended.wait()
        finally:
            await self._stop()
        return self.status

    def terminate(self, status: int = 0) -> None:
        """End soon, with this exit status."""
        self.status = status
        self.ended.set()

    # Making the parts.

    def _make(self) -> None:
        where, plan, now = self.loaded.places, self.loaded.plan, self.clock()
        where.statedir.mkdir(parents=True, exist_ok=True)
        clear_ambient()
        become_subreaper()
        self.environment = {
            "MON_STATEDIR": str(where.statedir),
            "MON_LOGDIR": str(where.logdir),
            "MON_CFBASEDIR": str(where.cfbasedir),
        }
        self.history = HistoryStore.open(where.history_db)
        self.store = StateStore.open(where.state_db, history=self.history)
        self.book = Book(plan.config, now)
        self.pools = Pools(plan.pools, now)
        self.keeper = Keeper(
            self.pools,
            self.clock,
            open_balancer,
            changed=lambda: self.recorder.touch_pools(),  # noqa: PLW0108 - it is made later
            tell=self._tell,
            max_age=self._max_age,
        )
        self.probe = Probe(advise=lambda text: events.say(logging.WARNING, "advice", text))
        user = plan.config.settings.pluginuser
        self.runner = Runner(
            self.probe,
            Render(where.templatedirs),
            Worker(user=user),
            clock=self.clock,
            spawner=Spawner(user=user),
            templates=[str(directory) for directory in where.templatedirs],
        )
        self.outbox = Outbox(self.store, self._send, self.clock)
        self.outbox.observers.append(self._delivered)
        self.recorder = Recorder(self.book, self.pools, self.store, self.outbox, self.clock)
        random = Random()
        self.checks = Checks(
            self.book,
            self.pools,
            self.keeper,
            self.runner,
            self.recorder,
            self.clock,
            self.environment,
            lambda start: Timetable(self.clock, start, random),
            random,
            classic=self.options.classic,
        )
        self.desk = Desk(self)
        self.unix = UnixServer(self.desk, where.socket)
        self.classic = self._classic_server()
        self.traps = TrapPort(self.desk, self.classic.gate) if self.classic is not None else None

    def _classic_server(self) -> ClassicServer | None:
        settings = self.loaded.plan.config.settings
        if not (self.options.classic or settings.serverport is not None):
            return None
        return ClassicServer(
            self.desk,
            auth_file=self.loaded.places.authfile,
            idle=settings.cltimeout,
            allow=settings.clientallow,
        )

    def _max_age(self, voter: Voter) -> float:
        interval = self.book.interval((voter.watch, voter.service)) or 0.0
        return max(LEAST_AGE, VOTES_LAST * interval)

    # Starting.

    async def _start(self) -> None:
        saved, plan = self.store.load(), self.loaded.plan
        for warning in (*saved.warnings, *self.history.warnings):
            events.say(logging.WARNING, "store", warning)
        known = restored(saved, self.book, self.clock()) if self._remembers() else {}
        self._adopt()
        if self.options.stopped:
            self.book.stop(self.clock())
        await self.keeper.start(known)
        await self.unix.start()
        settings = plan.config.settings
        if self.classic is not None:
            await self.classic.start(settings.serverbind, settings.serverport or PORT)
        if self.traps is not None:
            await self.traps.start(settings.trapbind, settings.trapport or PORT)
        for warning in await self.outbox.start():
            events.say(logging.WARNING, "outbox", warning)
        self._keep_time()
        self.checks.timetable.start()
        if not self.options.stopped:
            await self.startup_alerts()
        gc.freeze()  # a full collection over 50,000 services' objects takes 122 ms
        notify.notify("READY=1")
        services, pools = len(self.book.services), len(self.pools.names)
        events.say(logging.INFO, "started", f"watching {services} services, {pools} pools")

    def _remembers(self) -> bool:
        """Does a restart keep what was known?  Ours does (law 9); the classic one only with ``-l``."""
        return not self.options.classic or "opstatus" in self.options.load

    def _keep_time(self) -> None:
        """The calendar: what is done every few seconds besides checks."""
        table, plan = self.checks.timetable, self.loaded.plan
        table.every("resync", plan.config.settings.resync, self.keeper.resync)
        table.every("flush", FLUSH, self.recorder.flush)
        table.every("traps", 1.0, self._trap_timers)
        if (seconds := notify.watchdog_interval()) is not None:
            table.every("watchdog", seconds, lambda: notify.notify("WATCHDOG=1"))
        voters = [check.timeout for check in plan.checks.values() if check.votes]
        delay = max(voters, default=0.0) + 1.0
        asyncio.get_running_loop().call_later(delay, self._first_round_over)

    def _first_round_over(self) -> None:
        self.keeper.wake(*self.pools.first_round_over(self.clock()))

    async def _trap_timers(self) -> None:
        await self.recorder.carry_out(self.book.trap_timers(self.clock(), self.environment))

    async def startup_alerts(self) -> None:
        """Call the startupalerts of every service that has any."""
        for key, service in tuple(self.book.services.items()):
            if (
                any(period.of_kind(AlertKind.STARTUPALERT) for period in service.periods)
                or service.redistribute
            ):
                await self.recorder.carry_out(self.book.startup(key, self.clock(), self.environment))

    def _adopt(self) -> None:
        """Let every part know the plan in force."""
        plan = self.loaded.plan
        lines = (
            line for service in plan.config.services.values() for p in service.periods for line in p.lines
        )
        self.book.missing = frozenset(line.command.plugin for line in lines if line not in plan.alerts)
        self.recorder.plan = plan
        self.checks.adopt(plan)

    # Reloading.

    def _hang_up(self) -> None:
        work = self.desk.reset(keepstate=True, stopped=False) if self.options.classic else self.reload()
        self._spawn(_forget_value(work))

    async def reload(self) -> ReloadReport:
        """Read the configuration again; an error changes nothing (law 8)."""
        notify.notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            loaded = await asyncio.to_thread(load, self.options)
        except ConfigError as error:
            events.say(logging.ERROR, "reload", f"the configuration has errors, nothing changed: {error}")
            return ReloadReport(False, tuple(str(problem) for problem in error.problems))
        finally:
            notify.notify("READY=1")
        changes = self.take(loaded)
        lines = tuple(_told(changes, self.loaded))
        events.say(logging.INFO, "reload", f"reloaded: {'; '.join(lines)}")
        return ReloadReport(True, lines)

    def take(self, loaded: Loaded) -> Changes:
        """Put a new configuration in force, keeping the state of what is the same."""
        now = self.clock()
        self.loaded = loaded
        changes = self.book.reload(loaded.plan.config, now)
        self.pools.reload(loaded.plan.pools, now)
        self._adopt()
        self.checks.timetable.every("resync", loaded.plan.config.settings.resync, self.keeper.resync)
        self.keeper.resync()
        for key in (*changes.added, *changes.removed, *changes.changed):
            self.recorder.touch(key)
        if self.classic is not None:
            settings = loaded.plan.config.settings
            self.classic.configure(idle=settings.cltimeout, allow=settings.clientallow)
        return changes

    # Stopping.

    async def _stop(self) -> None:
        notify.notify("STOPPING=1")
        await self.checks.close()
        await self.outbox.stop(GRACE)
        await self.runner.close(0.0)
        await self.unix.close()
        if self.classic is not None:
            await self.classic.close()
        if self.traps is not None:
            await self.traps.close()
        await self.keeper.close()
        for key in self.book.services:
            self.recorder.touch(key)
        self.recorder.touch_pools()
        await self.recorder.flush()
        await self.probe.close()
        await asyncio.to_thread(self.store.close)
        await asyncio.to_thread(self.history.close)
        events.say(logging.INFO, "stopped", "stopped, everything is saved")

    # Alerts.

    async def _send(self, entry: Entry, attempt: int) -> Delivery:
        """Send one entry of the outbox by the plugin that its line names now."""
        bound = self.loaded.plan.alerts.get(entry.line)
        if bound is None:
            where = self.loaded.places
            try:
                catalog = Catalog(where.mondirs, where.alertdirs)
                bound = bind(catalog.find("alert", entry.line.command.plugin), entry.line.command)
            except MonError as error:
                return Delivery(Fate.FAILED, str(error))
        return await self.runner.send(bound, entry.notice, attempt=attempt)

    def _delivered(self, entry: Entry, delivery: Delivery) -> None:
        command = entry.line.command.text
        notice = entry.notice
        events.alert(
            notice.watch,
            notice.service,
            notice.period,
            entry.line.kind,
            notice.type,
            command,
            delivery.fate,
            delivery.why,
        )

    def _tell(self, pool: Pool, text: str) -> None:
        """People must know of a pool in trouble."""
        step = announcement(self.loaded.plan, pool, text, self.clock())
        self._spawn(self.recorder.carry_out(step))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            events.log.error("work in the background failed: %s", error, exc_info=error)

    @property
    def downtime_log(self) -> Path | None:
        """The file of the downtime log, None if it is off."""
        settings = self.loaded.plan.config.settings
        if not (settings.dtlogging and settings.dtlogfile):
            return None
        return self.loaded.places.logdir / settings.dtlogfile


async def _forget_value(work: Coroutine[Any, Any, object]) -> None:
    await work


def _told(changes: Changes, loaded: Loaded) -> list[str]:
    """What a reload did, in lines."""
    lines = [
        f"{word} {'/'.join(key)}"
        for word, keys in (
            ("added", changes.added),
            ("removed", changes.removed),
            ("changed", changes.changed),
        )
        for key in keys
    ]
    lines += [str(problem) for problem in loaded.problems if problem.severity.value == "warning"]
    return lines or ["nothing changed"]
