"""The life of a daemon: start, serve, reload, stop."""

import asyncio
import logging
import signal
import time

from mon import notify
from mon.control.classic.server import PORT, ClassicServer
from mon.control.operations import ReloadReport
from mon.control.traps import TrapPort
from mon.control.unix import AnotherDaemon, UnixServer
from mon.daemon import events, renewal
from mon.daemon.classicfiles import states
from mon.daemon.deadman import Deadman
from mon.daemon.desk import Desk
from mon.daemon.loading import Loaded
from mon.daemon.options import Options
from mon.daemon.owntrouble import OwnTrouble
from mon.daemon.parts import Parts
from mon.daemon.recorder import restored, restored_pools
from mon.errors import ControlError
from mon.model.moment import Moment
from mon.runner.loop import freeze
from mon.store import Saved

FLUSH = 1.0
"""Seconds between two savings of what can wait."""

WINDOWS = 0.5
"""Seconds between two looks whether something that is told together is due."""

GRACE = 1.0
"""Seconds that alerts under way get at the end; SIGTERM promises to end within 2."""


SETTLED = 30.0
"""Seconds after a start or a reload, when what is there is there to stay."""


def system_clock() -> Moment:
    """The present: the only place where the daemon reads its clocks."""
    return Moment(time.time(), time.monotonic())


class Daemon:
    """One running mon.  ``serve`` is its whole life."""

    def __init__(self, loaded: Loaded, options: Options) -> None:
        self.options = options
        self.status = 0
        self._loaded = loaded
        self._ended = asyncio.Event()
        self._remembers = False  # what was saved is taken over: before that there is nothing to save
        self._socket_trouble = ""

    async def serve(self) -> int:
        """Start, run until told to end, stop; returns the exit status.

        Raises StoreError or ControlError when it cannot start.
        """
        loop = asyncio.get_running_loop()
        self.parts = Parts(self._loaded, self.options, system_clock)
        self.parts.ours.begin(self._loaded.plan.config.settings.monerrfile)
        self.desk = Desk(self)
        parts = self.parts
        self._trouble = OwnTrouble(
            lambda line: not parts.outbox.policy.is_action(line), parts.recorder.submit
        )
        self._channels()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.terminate, 1 if self.options.classic else 0)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        try:
            await self._start()
            await self._ended.wait()
        finally:
            await self._stop()
        return self.status

    def terminate(self, status: int = 0) -> None:
        """End soon, with this exit status."""
        self.status = status
        self._ended.set()

    async def reload(self, *, force: bool = False) -> ReloadReport:
        """Read the configuration again; ``force``: though a pool loses what it needs."""
        report = await renewal.reload(self.parts, self.options, force=force)
        self._settle_memory()
        self._configure()
        return report

    async def reset(self, *, keepstate: bool, stopped: bool) -> str:
        """Classic ``reset``."""
        errors = await renewal.reset(self.parts, self.options, keepstate=keepstate, stopped=stopped)
        self._configure()
        return errors

    def _hang_up(self) -> None:
        work = self.reset(keepstate=True, stopped=False) if self.options.classic else self.reload()
        self.parts.background.spawn(work)

    # Control channels.

    def _channels(self) -> None:
        settings, where = self._loaded.plan.config.settings, self._loaded.places
        self._unix = UnixServer(self.desk, where.socket)
        self._classic: ClassicServer | None = None
        self._traps: TrapPort | None = None
        if self.options.classic or settings.serverport is not None:
            self._classic = ClassicServer(
                self.desk, auth_file=where.authfile, idle=settings.cltimeout, allow=settings.clientallow
            )
            self._traps = TrapPort(self.desk, self._classic.gate)

    def _configure(self) -> None:
        settings = self.parts.loaded.plan.config.settings
        if self._classic is not None:
            self._classic.configure(idle=settings.cltimeout, allow=settings.clientallow)

    async def _listen(self) -> None:
        settings = self._loaded.plan.config.settings
        await self._look_at_socket(starting=True)
        if self._classic is not None and self._traps is not None:
            await self._classic.start(settings.serverbind, settings.serverport or PORT)
            await self._traps.start(settings.trapbind, settings.trapport or PORT)

    async def _hear_no_more(self) -> None:
        await self._unix.close()
        if self._classic is not None and self._traps is not None:
            await self._classic.close()
            await self._traps.close()

    # Start and stop.

    async def _start(self) -> None:
        parts = self.parts
        saved = parts.store.load()
        for warning in (*saved.warnings, *parts.history.warnings):
            events.say(logging.WARNING, "store", warning)
        await self._remember(saved)
        self._remembers = True
        parts.adopt(self._loaded)
        await renewal.begin_journals(parts)
        if self.options.stopped:
            parts.book.stop(parts.clock())
        parts.recorder.know_pools(saved.pools)
        await parts.keeper.start(restored_pools(saved))
        await self._listen()
        for warning in await parts.outbox.start(saved.entries):
            events.say(logging.WARNING, "outbox", warning)
        self._keep_time()
        if not self.options.stopped:
            await renewal.startup_alerts(parts)
        self._settle_memory()
        notify.notify("READY=1")
        services, pools = len(parts.book.services), len(parts.pools.names)
        events.say(logging.INFO, "started", f"watching {services} services, {pools} pools")

    def _settle_memory(self) -> None:
        """Let the garbage collector look at what is young only: now, and when every service has a state."""
        freeze()
        asyncio.get_running_loop().call_later(SETTLED, freeze)

    async def _remember(self, saved: Saved) -> None:
        """Take over what was known: ours all of it (law 9), the classic one the files that ``-l`` names.

        Before there is a database of ours, the classic files are all that is known.
        """
        book, now = self.parts.book, self.parts.clock()
        if self.options.classic:
            kinds = self.options.load
        else:
            restored(saved, book, now)
            kinds = () if saved.at else (states.ALL,)
        for key in await states.load(self._loaded.places.statedir, kinds, book, now):
            self.parts.recorder.touch(key)

    def _keep_time(self) -> None:
        """The calendar: what is done every few seconds besides checks."""
        parts, plan = self.parts, self._loaded.plan
        table = parts.checks.timetable
        table.every("resync", plan.config.settings.resync, parts.keeper.resync)
        table.every("flush", FLUSH, parts.recorder.flush_some)
        table.every("files", FLUSH, self._look_at_files)
        table.every("traps", 1.0, self._trap_timers)
        table.every("windows", WINDOWS, parts.recorder.look_at_windows)
        table.every("names", 1.0, parts.names.look)
        table.every("deadman", 1.0, Deadman(parts).look)
        if (seconds := notify.watchdog_interval()) is not None:
            table.every("watchdog", seconds, lambda: notify.notify("WATCHDOG=1"))
        parts.begin_pools()
        table.start()

    async def _look_at_files(self) -> None:
        """What others removed or moved away is made anew."""
        parts = self.parts
        await parts.ours.look()
        parts.history.look()
        for remark in parts.history.remarks():
            events.say(logging.WARNING, "store", remark)
        await self._look_at_socket()
        trouble = parts.store.unopened or parts.recorder.trouble or parts.outbox.trouble
        self._trouble.look(parts.loaded.plan, trouble, parts.clock(), at_once=bool(parts.store.unopened))

    async def _look_at_socket(self, *, starting: bool = False) -> None:
        """Listen, and listen again when the socket is gone; where it cannot be made, that is said once.

        Raises ControlError when another daemon listens there as we start.
        """
        trouble = ""
        try:
            if await self._unix.look():
                where = self.parts.loaded.places.socket
                events.say(logging.WARNING, "files", f"{where} was removed: made anew")
        except ControlError as error:
            if starting and isinstance(error, AnotherDaemon):
                raise
            trouble = str(error)
        if trouble and trouble != self._socket_trouble:
            events.say(logging.ERROR, "files", trouble)
        self._socket_trouble = trouble

    async def _trap_timers(self) -> None:
        parts = self.parts
        parts.recorder.submit(parts.book.trap_timers(parts.clock(), parts.environment))

    async def _stop(self) -> None:
        parts = self.parts
        notify.notify("STOPPING=1")
        await parts.checks.close()
        await parts.outbox.stop(GRACE)
        await parts.runner.close(0.0)
        await self._hear_no_more()
        await parts.background.close()
        await parts.keeper.close()
        saved, _ = await asyncio.gather(self._saved(), self._save_classic())
        parts.names.close()
        await parts.probe.close()
        await asyncio.to_thread(parts.close_files)
        if saved and not parts.store.unsaved:
            events.say(logging.INFO, "stopped", "stopped, everything is saved")
        else:
            why = parts.recorder.trouble or "the disk does not answer"
            waiting = len(parts.outbox.pending())
            text = f"stopped; what changed last is not saved ({why}): {waiting} alerts were waiting"
            events.say(logging.ERROR, "stopped", text, waiting=waiting)
        freeze()  # or the interpreter looks at all that there is once more as it ends, for garbage

    async def _saved(self) -> bool:
        """Save the state; True if the disk has it."""
        return await self.parts.recorder.close() if self._remembers else True

    async def _save_classic(self) -> None:
        """The classic files, while the disk is busy with ours: mon's own users do that by ``savestate``."""
        if self._remembers and not self.options.classic:
            parts = self.parts
            await states.save(parts.loaded.places.statedir, (states.ALL,), parts.book, parts.clock())
