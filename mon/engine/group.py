"""A group of services that are told of together (``collate``): its window and its counters.

The first thing to be told opens a window; what is decided until its end goes into the same message.
alertevery, numalerts and reminder count messages of the group; all is at rest again when all is well.
"""

from mon.model.moment import Moment
from mon.structs import Struct, replace


class Group(Struct, frozen=True):
    """``window`` is the one that is open, "" if none is; ``until`` is its end, ``counted``: it has a failure.

    ``failing`` is how many of its services fail and were told of.  ``sent`` are its messages with failures
    since all was well, ``last_alert`` and ``before`` when the last two began.  ``since`` is when its trouble
    began (wall time); ``at`` is the moment of the last change.
    """

    window: str = ""
    until: Moment | None = None
    counted: bool = False
    failing: int = 0
    sent: int = 0
    last_alert: Moment | None = None
    before: Moment | None = None
    since: float = 0.0
    at: Moment = Moment(0.0, 0.0)

    @property
    def joinable(self) -> bool:
        """Is there a message with failures that has not gone yet?"""
        return self.counted and bool(self.window)

    def thread(self, name: str) -> str:
        """The same for all messages from the first failure on until all is well."""
        return f"group/{name}/{int(self.since)}"


UNTOUCHED = Group()


def opened(group: Group, name: str, seconds: float, now: Moment) -> Group:
    """With a window, for something that is to be told."""
    if group.window:
        return replace(group, at=now)
    since = group.since if group.since and group.failing else now.wall
    window = f"{name}/{now.wall:.6f}"
    return replace(group, window=window, until=now.later(seconds), counted=False, since=since, at=now)


def counted(group: Group, now: Moment) -> Group:
    """The open window has a failure: that is a message."""
    if group.counted:
        return group
    return replace(group, counted=True, sent=group.sent + 1, last_alert=now, before=group.last_alert)


def closed(group: Group, now: Moment, *, told: bool) -> Group:
    """Without its window; if no failure in it is told after all, it was no message."""
    if group.counted and not told:
        group = replace(group, sent=max(0, group.sent - 1), last_alert=group.before)
    return replace(group, window="", until=None, counted=False, at=now)


def at_rest(group: Group, *, strict: bool) -> Group:
    """When all is well; ``strict``: alertevery goes on counting.  A failure from here on counts anew."""
    last = group.last_alert if strict else None
    return replace(group, sent=0, last_alert=last, before=None, counted=False)


def carried_over(group: Group, now: Moment) -> Group:
    """A saved group on the clocks of ``now``: its window lasts no longer than it would have."""
    shift = max(0.0, now.wall - group.at.wall)
    return replace(
        group,
        until=_later(group.until, group.at, now, shift),
        last_alert=_later(group.last_alert, group.at, now, shift),
        before=_later(group.before, group.at, now, shift),
        at=now,
    )


def _later(moment: Moment | None, at: Moment, now: Moment, shift: float) -> Moment | None:
    """The moment by ``now``'s monotonic clock, ``shift`` seconds after the ``at`` it was saved."""
    return moment and Moment(moment.wall, now.mono + (moment.mono - at.mono) - shift)
