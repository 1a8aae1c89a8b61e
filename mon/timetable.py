"""Which service is due when: the importer of apscheduler.

One APScheduler job every ``TICK`` seconds drains a heap of our own that runs on the monotonic clock:
15 us per check where a job per check costs 100, and no wall clock in it.  The rest (resync, reports,
expiry) are APScheduler jobs (``every``).

APScheduler itself plans by the wall clock.  So its triggers skip missed turns at once instead of
counting them one by one, and a watchdog on the loop's clock moves its plans when the wall clock
steps: neither direction stops or bunches anything.
"""

import heapq
import inspect
import logging
import math
from asyncio import AbstractEventLoop, Handle, Task, TimerHandle, get_running_loop
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from mon.model.config import Key
from mon.model.moment import Moment
from mon.structs import Struct

TICK = 0.020
"""Seconds between two looks at the heap: the most that a check is late on an idle machine."""

SPELL = 0.002
LOT = 8
"""Many may be due at once: after each lot the clock is looked at, and after a spell of so many seconds all
else in the loop has its turn before it goes on.  What is started is worked off in the next turn, and takes
as long again: a reaction meets a few such turns on its way to the balancer."""

STEP_LOOK = 0.5
STEP = 0.5
"""Every ``STEP_LOOK`` seconds the clocks are compared; from ``STEP`` seconds on a difference is a step."""

_TICK_JOB = "tick"
_log = logging.getLogger(__name__)


class _Turn(Struct):
    """The plan for one service.  ``base`` is its turn without skew, ``due`` with it (monotonic seconds)."""

    interval: float
    skew: float
    base: float
    due: float
    number: int  # of the heap entry that counts; older ones are left to be skipped
    started: float | None = None


class Timetable:
    """Calls ``start(key)`` in the loop, once per turn, for every key that was put in.

    Turns keep their phase: a late start does not delay the next one, missed turns are skipped.
    ``start`` must not block; what it raises is logged and concerns no other key.
    """

    def __init__(self, clock: Callable[[], Moment], start: Callable[[Key], None], random: Random) -> None:
        self._clock = clock
        self._start = start
        self._random = random
        self._turns: dict[Key, _Turn] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._numbers = count()
        self._scheduler = _scheduler(self._is_due)
        self._loop: AbstractEventLoop | None = None
        self._rest: Handle | None = None
        self._watchdog: TimerHandle | None = None
        self._offset = 0.0

    def put(self, key: Key, interval: float, *, first: float, skew: float = 0.0) -> None:
        """Plan a service: first in ``first`` seconds, then every ``interval``, give or take ``skew``.

        A known key with the same interval keeps its turn.  A changed interval counts from the last
        start; if that is past already, ``first`` applies.
        """
        if interval <= 0:
            raise ValueError(f"interval of {key} is {interval}, must be above 0")
        now = self._clock().mono
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = _Turn(interval, skew, base=0.0, due=0.0, number=-1)
            self._plan(key, turn, now + first)
        elif turn.interval != interval:
            turn.interval = interval
            renewed = (turn.started if turn.started is not None else now) + interval
            self._plan(key, turn, renewed if renewed > now else now + first)
        turn.skew = skew

    def remove(self, key: Key) -> None:
        """Forget a service; nothing happens if it is not known."""
        self._turns.pop(key, None)

    def again(self, key: Key, delay: float) -> None:
        """Let the next turn be in ``delay`` seconds, and count the later ones from there."""
        if turn := self._turns.get(key):
            self._plan(key, turn, self._clock().mono + delay)

    def interval(self, key: Key) -> float | None:
        """Seconds between its turns, None for an unknown key."""
        turn = self._turns.get(key)
        return None if turn is None else turn.interval

    def due_in(self, key: Key) -> float | None:
        """Seconds to the next turn (0.0 if it is late), None for an unknown key."""
        turn = self._turns.get(key)
        return None if turn is None else max(0.0, turn.due - self._clock().mono)

    def __len__(self) -> int:
        return len(self._turns)

    def every(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        """Call a function, plain or ``async``, in the loop every so often; a second one replaces the first.

        A coroutine that is still running is not started again.
        """
        executor = "coroutines" if inspect.iscoroutinefunction(function) else "default"
        trigger = _Every(seconds)
        self._scheduler.add_job(function, trigger, id=name, executor=executor, replace_existing=True)

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._scheduler.add_job(self._tick, _Every(TICK), id=_TICK_JOB, replace_existing=True)
        self._scheduler.start()
        self._offset = self._clock_offset()
        self._loop = get_running_loop()
        self._watchdog = self._loop.call_later(STEP_LOOK, self._look_for_step)

    def stop(self) -> None:
        """Start nothing any more."""
        self._loop = None
        if self._rest is not None:
            self._rest.cancel()
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
            self._scheduler.pause()  # at once; the shutdown comes with the next turn of the loop
            self._scheduler.shutdown(wait=False)

    def _plan(self, key: Key, turn: _Turn, base: float) -> None:
        turn.base = turn.due = base
        self._push(key, turn)

    def _push(self, key: Key, turn: _Turn) -> None:
        turn.number = next(self._numbers)
        heapq.heappush(self._heap, (turn.due, turn.number, key))
        if len(self._heap) > 2 * len(self._turns) + 64:
            self._heap = [(turn.due, turn.number, key) for key, turn in self._turns.items()]
            heapq.heapify(self._heap)

    def _is_due(self) -> bool:
        return bool(self._heap) and self._heap[0][0] <= self._clock().mono

    def _tick(self) -> None:
        if self._rest is None:  # else it goes on by itself
            self._start_what_is_due()

    def _start_what_is_due(self) -> None:
        began = now = self._clock().mono
        self._rest, starts = None, 0
        while self._heap and self._heap[0][0] <= now:
            _, number, key = heapq.heappop(self._heap)
            turn = self._turns.get(key)
            if turn is not None and turn.number == number:
                self._advance(key, turn, now)
                self._start(key)
                starts += 1
                if not starts % LOT and self._clock().mono - began > SPELL:
                    return self._pause()
        return None

    def _pause(self) -> None:
        """Go on in the next turn of the loop."""
        if self._loop is not None:
            self._rest = self._loop.call_soon(self._start_what_is_due)

    def _advance(self, key: Key, turn: _Turn, now: float) -> None:
        turn.started = now
        turn.base += turn.interval * (max(0.0, now - turn.base) // turn.interval + 1)
        if turn.base <= now:  # by a rounding error
            turn.base += turn.interval
        jitter = self._random.uniform(-turn.skew, turn.skew) if turn.skew else 0.0
        turn.due = max(now, turn.base + jitter)
        self._push(key, turn)

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

    def __init__(self, is_due: Callable[[], bool], **options: Any) -> None:
        super().__init__(**options)
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
            self._timeout = self._eventloop.call_later(TICK, self._look)

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


def _scheduler(is_due: Callable[[], bool]) -> _Scheduler:
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it writes two lines per run
    return _Scheduler(
        is_due,
        timezone=UTC,
        executors={"default": _Inline(), "coroutines": _Tasks()},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
