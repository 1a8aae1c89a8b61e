"""The quorum: are so many servers healthy, and when does that turn (keepalived's rule with hysteresis)."""

from mon.model.moment import Moment
from mon.model.quorum import Quorum
from mon.pool.exits import SUSPECT
from mon.pool.facts import Facts
from mon.pool.selection import away, selected
from mon.structs import Struct

SAME_BOOT = 300.0
"""Seconds that the two clocks may have drifted apart since something was saved, unless mon's machine was
started anew meanwhile (the monotonic clock begins with the machine)."""


class Standing(Struct, frozen=True):
    """The quorum as its commands were last told: is it there, and since when."""

    up: bool
    since: Moment


class Turn(Struct, frozen=True):
    """The quorum is there (``up``), or is lost; ``healthy`` servers of ``base`` made it so."""

    quorum: Quorum
    up: bool
    healthy: int
    base: int

    def __str__(self) -> str:
        state = "there" if self.up else "lost"
        return f"quorum {self.quorum} is {state}: {self.healthy} of {self.base} servers are healthy"


def healthy(facts: Facts) -> int:
    """How many servers count: in by their votes and by nobody's word out.

    Not those that the floor holds in, nor one that is left to somebody else who has it out.
    """
    return len(frozenset(selected(facts).healthy) - away(facts.memory))


def turning(quorum: Quorum, standing: Standing | None, facts: Facts) -> Turn | None:
    """The turn that is due, if one is.

    Servers that may not leave before a confirming round (the check itself is suspect) still count
    against losing the quorum, and do not count for getting it.  What was never known is decided by the number
    alone.
    """
    sure = healthy(facts)
    hoped = sure + sum(why == SUSPECT for why in selected(facts).exits.spared.values())
    if standing is None:
        up = sure >= quorum.count
    elif standing.up:
        up = hoped >= quorum.count - quorum.hysteresis
    else:
        up = sure >= quorum.count + quorum.hysteresis
    if standing is not None and up is standing.up:
        return None
    return Turn(quorum, up, sure, sum(member.weight > 0 for member in facts.plan.members))


def same_boot(then: Moment, now: Moment) -> bool:
    """Has the machine not been started anew since?"""
    return then.mono <= now.mono and abs((now.wall - then.wall) - (now.mono - then.mono)) < SAME_BOOT
