"""Which service is due when, and what else is done every so often.

``turns``     the services: a heap of our own on the monotonic clock, a fifth of the cost of a job for each
``calendar``  the rest (the tick itself, resync, reports, expiry): jobs of APScheduler, by the wall clock
"""

from mon.timetable.turns import LONG, LOT, SPELL, TICK, Timetable

__all__ = ["LONG", "LOT", "SPELL", "TICK", "Timetable"]
