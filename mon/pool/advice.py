"""Suggested weights: what the monitors of a server say it should have, within bounds, in small steps.

A suggestion is level-triggered like a vote: the latest *ok* of each voter counts, and what is unknown
leaves it as it is.  Of several the lowest is followed.  The way there is a pure function of the time: at most
one step in each period, so that no single answer moves much traffic (docs/decisions/011).
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from mon.model.moment import Moment
from mon.model.pool import Member, ServerId
from mon.pool.reasons import Said
from mon.structs import Struct

STEPS = 10
"""The steps of a change by the whole weight."""

BAND = 0.05
"""A suggestion that differs by less than this share of the weight is no news."""


class Course(Struct, frozen=True):
    """One server's weight on its way from ``start`` to ``target``, by ``step`` in each ``period`` (seconds).

    ``since`` is when it set out; the first step is one period later.
    """

    start: float
    target: float
    step: float
    period: float
    since: Moment

    @property
    def steps(self) -> int:
        """How many steps it is in all."""
        return math.ceil(abs(self.target - self.start) / self.step - 1e-9) if self.step else 0

    def taken(self, now: Moment) -> int:
        """How many of them were taken."""
        return min(self.steps, max(0, int((now.mono - self.since.mono) / self.period + 1e-9)))

    def level(self, now: Moment) -> float:
        """The weight at this moment, not yet rounded."""
        taken = self.taken(now)
        if taken == self.steps:
            return self.target
        return self.start + math.copysign(taken * self.step, self.target - self.start)

    def last(self, now: Moment) -> float:
        """When (monotonic) it took its last step, or set out."""
        return self.since.mono + self.taken(now) * self.period

    def next(self, now: Moment) -> float | None:
        """When (monotonic) it takes the next one; None: it has arrived."""
        return None if self.taken(now) == self.steps else self.last(now) + self.period


def resting(level: float, period: float, now: Moment) -> Course:
    """A weight that stays as it is."""
    return Course(level, level, 0.0, period, now)


def arrived(course: Course) -> Course:
    """The same at its end."""
    return resting(course.target, course.period, course.since)


def rounded(level: float) -> int:
    """A weight as a balancer takes it; only 0 itself is out."""
    return max(1, int(level + 0.5)) if level > 0 else 0


def aimed(member: Member, said: Said, course: Course | None, now: Moment, *, inside: bool) -> Course | None:
    """The course of a server after all that was said of it; None: it has the weight of mon.cf.

    ``inside``: it has clients, so it sets out from where it is; else it begins where it is to be.
    """
    bounds = member.bounds
    if bounds is None:
        return None
    whole, period = float(member.weight), bounds.over / STEPS
    target = suggested(member, said)
    if target is None:
        if course is None or not all(ballot.heard for _, ballot in said):
            return course  # after a restart: found on its way, and nobody has spoken yet
        if course.target == whole and course.next(now) is None:
            return None
        target = whole
    if course is None:
        if not inside:
            return resting(target, period, now)
        course = resting(whole, period, now.later(-period))
    return _turned(course, target, whole, period, now) if _news(member, course.target, target) else course


def suggested(member: Member, said: Said) -> float | None:
    """The weight that a server's voters suggest together, within its bounds; None: none of them does."""
    bounds = member.bounds
    weights = [ballot.suggests.of(member.weight) for _, ballot in said if ballot.suggests is not None]
    if bounds is None or not weights:
        return None
    low, high = bounds.low.of(member.weight), bounds.high.of(member.weight)
    return max(low, min(high, *weights))


def _news(member: Member, before: float, target: float) -> bool:
    """Is it worth a change?  The ends always are."""
    assert member.bounds is not None  # asked before
    ends = (0.0, *(end.of(member.weight) for end in (member.bounds.low, member.bounds.high)))
    if target == before:
        return False
    if target in (*ends, float(member.weight)) or not before:
        return True
    return abs(target - before) >= BAND * max(member.weight, before)


def _turned(course: Course, target: float, whole: float, period: float, now: Moment) -> Course:
    """Towards another target from where it is; the next step comes a period after the last, not sooner."""
    level = course.level(now)
    step = max(whole, abs(target - level)) / STEPS
    since = now.later(-min(period, max(0.0, now.mono - course.last(now))))
    return Course(level, target, step, period, since)


def told(member: Member, said: Said, course: Course | None, now: Moment) -> str:
    """How a suggestion is followed, in words; "" if there is none, or it is where it is to be."""
    if member.bounds is None:
        suggests = any(ballot.suggests is not None for _, ballot in said)
        return "no `weight` line lets suggestions be followed" if suggests else ""
    if course is None or course.next(now) is None:
        return ""
    return f"on its way from {rounded(course.start)} to {rounded(course.target)}"


def as_found(
    members: Sequence[Member], weights: Mapping[ServerId, int], known: Mapping[ServerId, object], now: Moment
) -> Iterator[tuple[ServerId, Course]]:
    """Servers that a start finds in with another weight than mon.cf's keep it until somebody speaks.

    ``known`` are those of which something better is known.
    """
    for member in members:
        weight = weights.get(member.id, 0)
        if member.bounds is not None and weight not in (0, member.weight) and member.id not in known:
            yield member.id, resting(float(weight), member.bounds.over / STEPS, now)


def leaving(courses: Mapping[ServerId, Course], fit: Sequence[ServerId], now: Moment) -> list[ServerId]:
    """Those of ``fit`` that are to rest, with weight 0: who came there first is the first."""
    out = [id_ for id_ in fit if id_ in courses and not rounded(courses[id_].level(now))]
    return sorted(out, key=lambda id_: courses[id_].last(now))
