"""A new configuration for a running daemon: ``reload`` by laws 8 and 9, and the classic ``reset``."""

import asyncio
import logging
import time

from mon import notify
from mon.catalog import relinked
from mon.control.operations import ReloadReport
from mon.daemon import events
from mon.daemon.classicfiles import states
from mon.daemon.differences import NEEDS_RESTART, held
from mon.daemon.loading import classic_words
from mon.daemon.options import Options
from mon.daemon.parts import Parts
from mon.daemon.renewed import Renewed, aside, compare, let_go, read
from mon.errors import ConfigError
from mon.model.config import AlertKind, Key
from mon.model.source import Severity
from mon.pool.guard import losses
from mon.structs import replace

FORCE = "say `mon reload --force` if it is meant"


async def reload(parts: Parts, options: Options, *, force: bool = False) -> ReloadReport:
    """Read the configuration again; an error changes nothing (law 8).

    Neither does one that leaves a pool below its floor or to nobody, unless ``force`` (law 2).
    """
    notify.notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    in_force = held(parts.loaded.plan.config.settings)
    try:
        renewed = await _read(parts, replace(options, held=in_force))
    except ConfigError as error:
        events.say(logging.ERROR, "reload", f"the configuration has errors, nothing changed: {error}")
        return ReloadReport(False, tuple(str(problem) for problem in error.problems))
    finally:
        notify.notify("READY=1")
    lost = _lost(parts, renewed)
    if lost and not force:
        events.say(logging.ERROR, "reload", f"refused, nothing changed: {'; '.join((*lost, FORCE))}")
        return ReloadReport(False, (*lost, f"nothing changed: {FORCE}"))
    take(parts, renewed)
    lines = (*(f"forced: {line}" for line in lost), *_told(renewed))
    grave = lost or any(line.startswith(NEEDS_RESTART) for line in lines)
    events.say(logging.WARNING if grave else logging.INFO, "reload", f"reloaded: {'; '.join(lines)}")
    return ReloadReport(True, lines)


def _lost(parts: Parts, renewed: Renewed) -> tuple[str, ...]:
    """What pools would lose that they need; asked in the same turn of the loop as ``take``."""
    return tuple(map(str, losses(parts.pools, renewed.loaded.plan.pools, parts.clock())))


async def reset(parts: Parts, options: Options, *, keepstate: bool, stopped: bool) -> str:
    """Classic ``reset`` (PROTOCOL §12): all services anew; "" or the errors of the file."""
    before = parts.loaded.plan.config.settings
    if keepstate:
        await states.save(parts.loaded.places.statedir, (states.ALL,), parts.book, parts.clock())
    kept = {name: getattr(before, name) for name in before.given}
    try:
        renewed = await _read(parts, replace(options, kept=kept))
    except ConfigError as error:
        return classic_words(error)
    if lost := _lost(parts, renewed):  # the classic protocol has no word for "it is meant"
        events.say(logging.WARNING, "reset", f"a reset goes through all the same: {'; '.join(lost)}")
    take(parts, renewed)
    loaded = renewed.loaded
    parts.book.reset(loaded.plan.config, parts.clock(), keepstate=keepstate)
    parts.checks.start_over(loaded.plan)
    await begin_journals(parts)
    if stopped:
        parts.book.stop(parts.clock())
    if loaded.plan.config.settings.startupalerts_on_reset:
        await startup_alerts(parts)
    return ""


def take(parts: Parts, renewed: Renewed) -> None:
    """Put a new configuration in force, keeping the state of what is the same.

    It is done in one turn of the loop, so it touches what is different only.
    """
    now, loaded, changes, old = parts.clock(), renewed.loaded, renewed.changes, [parts.loaded]
    parts.book.reload(loaded.plan.config, now, changes)
    parts.pools.reload(loaded.plan.pools, now)
    parts.adopt(loaded, renewed.checks)
    parts.checks.timetable.every("resync", loaded.plan.config.settings.resync, parts.keeper.resync)
    parts.keeper.resync(by="reload")
    parts.begin_pools(at_once=True)
    for key in (*changes.added, *changes.removed, *changes.changed):
        parts.recorder.touch(key)
    parts.recorder.touch_pools(*parts.pools.recorded)
    parts.background.spawn(asyncio.to_thread(let_go, old))


async def _read(parts: Parts, options: Options) -> Renewed:
    """Load and compare in a thread, again if another configuration has come into force meanwhile."""
    with aside():
        before = parts.loaded
        renewed = await asyncio.to_thread(read, before, options)
        while parts.loaded is not before:
            before = parts.loaded
            renewed = await asyncio.to_thread(compare, before, renewed.loaded)
        return renewed


async def rebind(parts: Parts, key: Key) -> None:
    """Let the monitor of a service be what it is set to; one that cannot be used is told and never runs."""
    loaded = parts.loaded
    check, problems = await asyncio.to_thread(relinked, loaded.plan, loaded.catalog, parts.book.services[key])
    for problem in problems:
        events.say(logging.WARNING, "set", f"{'/'.join(key)}: {problem.what}: {problem.remedy}")
    if parts.loaded is loaded:
        checks = {**loaded.plan.checks, key: check}
        parts.adopt(replace(loaded, plan=replace(loaded.plan, checks=checks)))


async def begin_journals(parts: Parts) -> None:
    """Head the downtime log and read the alert history back, as at each start and each reset."""
    entries = await parts.journals.begin(parts.loaded.plan.config.settings, parts.clock())
    if entries is not None:
        parts.book.alert_history.clear()
        parts.book.alert_history.extend(entries)


async def startup_alerts(parts: Parts) -> None:
    """Call the startupalerts of every service that has any."""
    for key, service in tuple(parts.book.services.items()):
        lines = any(period.of_kind(AlertKind.STARTUPALERT) for period in service.periods)
        if lines or service.redistribute:
            await parts.recorder.carry_out(parts.book.startup(key, parts.clock(), parts.environment))


def _told(renewed: Renewed) -> list[str]:
    """What a reload did, in lines."""
    warnings = (problem for problem in renewed.loaded.problems if problem.severity is Severity.WARNING)
    return [*(renewed.lines or ("nothing changed",)), *map(str, warnings)]
