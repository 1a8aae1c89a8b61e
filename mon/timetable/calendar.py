"""What is done every so often, by APScheduler, whose only importer this is.

It plans by the wall clock.  So its triggers skip missed turns at once instead of counting them one by one,
and a watchdog on the loop's clock moves its plans when the wall clock steps: neither direction stops or
bunches anything.
"""

import inspect
import logging
import math
from asyncio import Task, TimerHandle, get_running_loop
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from mon.model.moment import Moment

STEP_LOOK = 0.5
STEP = 0.5
"""Every ``STEP_LOOK`` seconds the clocks are compared; from ``STEP`` seconds on a difference is a step."""

_TICK_JOB = "tick"
_log = logging.getLogger("mon.timetable")


class Calendar:
    """Calls functions in the loop: ``tick`` every ``period`` seconds if any ``is_due``, others by name."""

    def __init__(
        self,
        clock: Callable[[], Moment],
        period: float,
        tick: Callable[[], object],
        is_due: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._period = period
        self._tick = tick
        self._scheduler = _Scheduler(
            period,
            is_due,
            timezone=UTC,
            executors={"default": _Inline(), "coroutines": _Tasks()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._watchdog: TimerHandle | None = None
        self._offset = 0.0

    def every(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        """Call a function, plain or ``async``, in the loop every so often; a second one replaces the first.

        A coroutine that is still running is not started again.
        """
        executor = "coroutines" if inspect.iscoroutinefunction(function) else "default"
        trigger = _Every(seconds)
        self._scheduler.add_job(function, trigger, id=name, executor=executor, replace_existing=True)

    def start(self) -> None:
        """Begin; needs the running loop."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it writes two lines per run
        self.every(_TICK_JOB, self._period, self._tick)
        self._scheduler.start()
        self._offset = self._clock_offset()
        self._watchdog = get_running_loop().call_later(STEP_LOOK, self._look_for_step)

    def stop(self) -> None:
        """Call nothing any more."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
            self._scheduler.pause()  # at once; the shutdown comes with the next turn of the loop
            self._scheduler.shutdown(wait=False)

    def _clock_offset(self) -> float:
        moment = self._clock()
        return moment.wall - moment.mono

    def _look_for_step(self) -> None:
        """Move APScheduler's plans along with a wall clock that was set.

        Forward it has only to look: it runs what is due, once each.  Backward its plans are too far ahead.
        """
        offset, self._offset = self._offset, self._clock_offset()
        step = self._offset - offset
        if abs(step) >= STEP:
            _log.warning("the clock was set by %+.1f s; checks go on as planned", step)
            self._scheduler.wakeup()
        if step <= -STEP:
            for job in self._scheduler.get_jobs():
                self._scheduler.modify_job(job.id, next_run_time=job.next_run_time + timedelta(seconds=step))
        self._watchdog = get_running_loop().call_later(STEP_LOOK, self._look_for_step)


class _Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Every so many seconds; missed turns are skipped at once (a step of an hour missed 180,000 ticks)."""

    __slots__ = ("_period",)

    def __init__(self, seconds: float) -> None:
        self._period = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The turn after ``previous`` that is still to come."""
        following = (previous or now) + self._period
        if following <= now:
            following += self._period * ((now - following) // self._period + 1)
        return following


class _Inline(BaseExecutor):  # type: ignore[misc]
    """Calls the function at once: no thread, no task, no events, nothing logged per run."""

    def submit_job(self, job: object, run_times: object) -> None:
        """Run it; what it raises is logged by the scheduler with a traceback."""
        job.func()  # type: ignore[attr-defined]

    def _do_submit_job(self, job: object, run_times: object) -> None:
        raise NotImplementedError("submit_job does it all")


class _Tasks(BaseExecutor):  # type: ignore[misc]
    """Runs coroutine functions as tasks; one that still runs is not started again, without a warning."""

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, Task[None]] = {}

    def submit_job(self, job: Any, run_times: object) -> None:
        """Start it, unless it runs."""
        if job.id not in self._running:
            task = self._running[job.id] = get_running_loop().create_task(job.func())
            task.add_done_callback(lambda ended: self._ended(job.id, ended))

    def _ended(self, name: str, task: "Task[None]") -> None:
        del self._running[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed: %s", name, error, exc_info=error)

    def _do_submit_job(self, job: object, run_times: object) -> None:
        raise NotImplementedError("submit_job does it all")


class _Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """Looks for due jobs in the timer's own turn of the loop.

    The original wakes the loop through its pipe first, as if from another thread: twice the turns.  And it
    is not asked (some 200 us) at a tick at which neither the heap nor the calendar has anything that is due.
    """

    def __init__(self, tick: float, is_due: Callable[[], bool], **options: Any) -> None:
        super().__init__(**options)
        self._tick = tick
        self._is_due = is_due
        self._next_tick = 0.0
        self._calendar: float | None = None

    def _start_timer(self, wait_seconds: float | None) -> None:
        self._stop_timer()
        self._calendar = None
        if wait_seconds is not None:
            self._next_tick = self._eventloop.time() + wait_seconds
            self._timeout = self._eventloop.call_later(wait_seconds, self._look)

    def _look(self) -> None:
        self._stop_timer()
        if self._is_due() or self._calendar_due() <= self._eventloop.time():
            self._start_timer(self._process_jobs())
        else:
            self._timeout = self._eventloop.call_later(self._tick, self._look)

    def _calendar_due(self) -> float:
        """When the first job but the tick is due, on the loop's clock, as planned at the last real look."""
        if self._calendar is None:
            plans = {job.id: job.next_run_time for job in self.get_jobs() if job.next_run_time}
            first = min(plans.values(), default=None)
            others = [plan for name, plan in plans.items() if name != _TICK_JOB]
            if first is None or len(others) == len(plans):
                return self._next_tick
            behind = (min(others) - first).total_seconds() if others else math.inf
            self._calendar = self._next_tick + behind
        return self._calendar
