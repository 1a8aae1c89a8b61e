"""What a daemon is made of, and who knows whom."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from random import Random

from mon.balancer import open_balancer
from mon.catalog import Bound, Kind, bind
from mon.daemon import events
from mon.daemon.announce import News, announcement
from mon.daemon.background import Background
from mon.daemon.checks import Checks
from mon.daemon.classicfiles.journals import Journals
from mon.daemon.keeper import Keeper
from mon.daemon.loading import Loaded
from mon.daemon.lookups import Addresses
from mon.daemon.names import Names
from mon.daemon.options import Options
from mon.daemon.ourfiles import OurFiles
from mon.daemon.quorum import quorum_called
from mon.daemon.recorder import Recorder
from mon.daemon.telling import Telling
from mon.engine import Book
from mon.errors import MonError
from mon.model.config import CommandLine, Key
from mon.model.deed import Deed
from mon.model.moment import Moment
from mon.model.notice import Delivery, Fate
from mon.model.pool import Pool, Voter
from mon.outbox import Entry, Outbox
from mon.pool.pools import Pools
from mon.probe import Probe
from mon.probe.resolver import Resolver
from mon.render import Render
from mon.runner import Runner, Spawner, Worker
from mon.runner.cgroups import settle
from mon.store import HistoryStore, StateStore
from mon.timetable import Timetable

VOTES_LAST = 3
"""Saved votes count for so many intervals (DESIGN §6)."""

LEAST_AGE = 10.0
"""... and for so many seconds at least: a restart takes a moment."""


class Parts:
    """One of each; ``loaded`` is the configuration in force.  Made inside the running loop.

    Raises StoreError when the state directory cannot be used.
    """

    def __init__(self, loaded: Loaded, options: Options, clock: Callable[[], Moment]) -> None:
        random = Random()
        self.loaded = loaded
        self.clock = clock
        self.environment = {
            "MON_STATEDIR": str(loaded.places.statedir),
            "MON_LOGDIR": str(loaded.places.logdir),
            "MON_CFBASEDIR": str(loaded.places.cfbasedir),
        }
        self.background = Background()
        self._open_files(loaded)
        self.book = Book(loaded.plan.config, clock())
        self.pools = Pools(loaded.plan.pools, clock())
        self._make_runner(loaded)
        self._make_outbox(options, random)
        self._make_keeper(options)
        self._make_checks(options, random)

    def _open_files(self, loaded: Loaded) -> None:
        where = loaded.places
        self.ours = OurFiles(where)  # before anything is touched
        self.store = StateStore.open(where.state_db)
        keep, guard = loaded.plan.config.settings.keep, self.store.keep_lock
        self.history = HistoryStore.open(where.history_db, age=keep, guard=guard)
        self.store.history = self.history

    def _make_runner(self, loaded: Loaded) -> None:
        settings = loaded.plan.config.settings
        self._resolver = Resolver()
        self.probe = Probe(
            resolver=self._resolver, advise=lambda text: events.say(logging.WARNING, "advice", text)
        )
        self._scopes = settle()
        self.spawner = Spawner(
            directory=str(loaded.places.basedir),
            user=settings.pluginuser,
            also=settings.pluginenv,
            scopes=self._scopes,
        )
        self.runner = self._runner(loaded)

    def _make_outbox(self, options: Options, random: Random) -> None:
        self.outbox = Outbox(self.store, self._send, self.clock, chance=random.random)
        self.outbox.observers.append(_delivered)
        self.journals = Journals(self._path, self.clock())
        self.recorder = Recorder(self.book, self.pools, self.store, self.outbox, self.journals, self.clock)
        self.recorder.silent = options.passive

    def _make_keeper(self, options: Options) -> None:
        self.keeper = Keeper(
            self.pools,
            self.clock,
            open_balancer,
            changed=self._pools_changed,
            tell=self._tell,
            turn=self._turn,
            max_age=self._max_age,
            journal=self.history.journal,
            passive=options.passive,
            quiet=lambda: not self.book.running,
        )
        self.telling = Telling(self.pools, self.keeper.sight, self.clock)
        self.names = Names(
            self.pools,
            self.clock,
            apply=self._readdress,
            heed=lambda names: self.keeper.wake(*names, by="the address of a name"),
            pin=self._pin,
            moved_hosts=self._moved_hosts,
        )

    def _make_checks(self, options: Options, random: Random) -> None:
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
            classic=options.classic,
        )

    def adopt(self, loaded: Loaded, keys: Collection[Key] | None = None) -> None:
        """Let every part know the configuration in force.

        ``keys`` are the services whose checks are not as before, None for any.
        """
        plan = loaded.plan
        self.loaded = loaded
        self.book.missing = plan.missing
        self.recorder.plan = plan
        self.runner.spread(plan.config.settings.workers)
        self.outbox.policy.plan = plan
        does = (line for line in plan.alerts if line in plan.votes or self.outbox.policy.is_action(line))
        self.book.direct = frozenset(does)
        self.journals.adopt(plan.config.settings, loaded.places.logdir)
        self.checks.adopt(plan, keys)
        self.names.adopt(loaded)

    def close_files(self) -> None:
        """Write what is queued, close the databases, and give up the state directory."""
        self.store.close()
        self.history.close()
        self.ours.close()

    @property
    def downtime_log(self) -> Path | None:
        """The file of the downtime log, None if it is off."""
        return self.journals.downtimes.file

    def _pools_changed(self, name: str) -> None:
        """Save what is ours on a balancer as soon as it is there, without waiting for it (law 3).

        Of a server that a kill -9 came before, a later mon would not know that it may take it away.
        """
        self.recorder.touch_pools(name)
        self.recorder.save_soon()

    def _readdress(self, loaded: Loaded, why: str) -> None:
        """The same configuration with another address for a name of a pool."""
        self.pools.reload(loaded.plan.pools, self.clock())
        self.adopt(loaded, ())
        self.keeper.resync(by=why)

    def _pin(self, addresses: Mapping[str, Addresses]) -> None:
        self._resolver.pinned = addresses
        self.runner.pin(addresses)

    def _moved_hosts(self, hosts: Mapping[str, str]) -> None:
        self.checks.moved_hosts = hosts

    def _path(self, command: CommandLine) -> str:
        return self.loaded.plan.path(command)

    def _runner(self, loaded: Loaded) -> Runner:
        templates, settings = loaded.places.templatedirs, loaded.plan.config.settings
        return Runner(
            self.probe,
            Render(templates),
            Worker(user=settings.pluginuser, also=settings.pluginenv, scopes=self._scopes),
            clock=self.clock,
            spawner=self.spawner,
            templates=[str(directory) for directory in templates],
        )

    def _max_age(self, voter: Voter) -> float:
        interval = self.book.interval((voter.watch, voter.service)) or 0.0
        return max(LEAST_AGE, VOTES_LAST * interval)

    def begin_pools(self, *, at_once: bool = False) -> None:
        """Checks begin: pools that are new wait for the first round of their voters (run ``at_once``)."""
        self.pools.first_round(self.clock(), self._at_once if at_once else self._patience)
        self.keeper.resync()

    def _at_once(self, voter: Voter) -> float:
        self.checks.check_now((voter.watch, voter.service))
        return self._patience(voter)

    def _patience(self, voter: Voter) -> float:
        """Seconds until a voter has been heard, or cannot be: its next run and its deadline."""
        key = (voter.watch, voter.service)
        check = self.loaded.plan.checks.get(key)
        return 1.0 + (check.timeout + (self.checks.timetable.due_in(key) or 0.0) if check else 0.0)

    async def _send(self, entry: Entry, attempt: int) -> Delivery:
        """Send one entry of the outbox by the plugin that its line names now."""
        if entry.line.plain:
            return await self.runner.call(entry.line.command, entry.notice, attempt=attempt)
        bound = self.loaded.plan.alerts.get(entry.line)
        if bound is None:  # the line is gone from mon.cf; what was decided is still sent (law 6)
            try:
                bound = await asyncio.to_thread(self._bind, entry.line.command)
            except MonError as error:
                return Delivery(Fate.FAILED, str(error))
        notice = entry.notice if entry.action else await self.telling.told(entry.notice)
        return await self.runner.send(bound, notice, attempt=attempt)

    def _bind(self, command: CommandLine) -> Bound:
        return bind(self.loaded.catalog.find(Kind.ALERT, command.plugin), command)

    def _tell(self, pool: Pool, news: News) -> None:
        """People must know of a pool in trouble, and that it is well again.

        What was told and the telling of it go to disk together: a restart tells it neither twice nor never.
        """
        if self.pools.news(pool.name, news.topic) != news.about:
            self.pools.tell(pool.name, news.topic, news.about)
            step = announcement(self.loaded.plan, pool, news, self.clock())
            self.recorder.submit(step, pools=(pool.name,))

    def _turn(self, pool: Pool) -> None:
        """The quorum of a pool turned: its command is to be called."""
        turn = self.pools.turn(pool.name, self.clock())
        if turn is not None:
            text = f"pool {pool.name}: {turn}"
            events.say(
                logging.INFO if turn.up else logging.WARNING, "quorum", text, pool=pool.name, up=turn.up
            )
            self.history.journal([Deed(self.clock().wall, pool.name, str(turn))])
            step = quorum_called(self.loaded.plan, pool, turn, self.environment, self.clock())
            self.recorder.submit(step, pools=(pool.name,))


def _delivered(entry: Entry, delivery: Delivery) -> None:
    notice, line = entry.notice, entry.line
    events.alert(
        notice.watch,
        notice.service,
        notice.period,
        line.kind,
        notice.type,
        line.command.text,
        delivery.fate,
        delivery.why,
    )
