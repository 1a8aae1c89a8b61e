"""Who may leave now, and who may not come back yet: three guards against a check that is wrong.

``suspect``  more than half of a pool within one interval: the others wait for a confirming round
``evict``    no more than so many within a time
``flap``     one that left too often is held out for a while
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, Rate, ServerId
from mon.pool.ballot import Vote
from mon.pool.floor import kept
from mon.pool.memory import Memory
from mon.pool.reasons import Said, candidate
from mon.structs import Struct, field, replace

SUSPECT = "more than half would leave within one interval, the check itself is suspect"


class Exits(Struct, frozen=True):
    """``spared`` are in although voted out, and why; ``banned`` are out although voted in."""

    spared: Mapping[ServerId, str] = field(default_factory=dict)
    banned: frozenset[ServerId] = frozenset()


def window(plan: Pool) -> float:
    """Seconds that count as one interval of the pool's voters; 0 if none has one."""
    return max((voter.interval + voter.confirm for voter in plan.voters if voter.interval), default=0.0)


def spared(
    plan: Pool, memory: Memory, leaving: Sequence[Member], said: Mapping[ServerId, Said], now: Moment
) -> dict[ServerId, str]:
    """Those of ``leaving`` (in until now, voted out) that have to stay for the time being, and why."""
    found: dict[ServerId, str] = {}
    base = sum(member.weight > 0 for member in plan.members)
    if seconds := window(plan):
        doubtful = [member for member in leaving if not _confirmed(said[member.id])]
        # One that left, came back and leaves again is still one.
        names = {member.id for member in leaving}
        others = {id_ for at, id_ in memory.exits if now.mono - at < seconds} - names
        found |= dict.fromkeys(_best(doubtful, said, max(1, base // 2) - len(others)), SUSPECT)
    if plan.evict is not None:
        rest = [member for member in leaving if member.id not in found]
        quota = plan.evict.count - _recent(memory, now, plan.evict.seconds)
        why = f"no more than {plan.evict.count} leave within {plan.evict.seconds:g} s (evict)"
        found |= dict.fromkeys(_best(rest, said, quota), why)
    return found


def banned(memory: Memory, now: Moment) -> frozenset[ServerId]:
    """Who is held out for flapping."""
    return frozenset(id_ for id_, until in memory.banned.items() if now.mono < until.mono)


def remembered(plan: Pool, memory: Memory, left: frozenset[ServerId], now: Moment) -> Memory:
    """The memory after these servers have been voted out."""
    longest = max(rate.seconds for rate in (plan.evict, plan.flap, Rate(0, window(plan))) if rate)
    exits = (*memory.exits, *((now.mono, id_) for id_ in sorted(left)))
    exits = tuple((at, id_) for at, id_ in exits if now.mono - at < longest)
    bans = {id_: until for id_, until in memory.banned.items() if now.mono < until.mono}
    if plan.flap is not None:
        times = Counter(id_ for at, id_ in exits if now.mono - at < plan.flap.seconds)
        bans |= {id_: now.later(plan.flap.hold) for id_ in left if times[id_] >= plan.flap.count}
    return replace(memory, exits=exits, banned=bans)


def deadlines(plan: Pool, memory: Memory) -> Iterator[float]:
    """When somebody may leave, or come back."""
    yield from (until.mono for until in memory.banned.values())
    for seconds in (window(plan), plan.evict.seconds if plan.evict else 0.0):
        yield from (at + seconds for at, _ in memory.exits if seconds)


def _recent(memory: Memory, now: Moment, seconds: float) -> int:
    return sum(now.mono - at < seconds for at, _ in memory.exits)


def _best(members: Sequence[Member], said: Mapping[ServerId, Said], quota: int) -> tuple[ServerId, ...]:
    """Those who stay when ``quota`` of them may leave: the best evidence."""
    return kept([candidate(member, said[member.id]) for member in members], len(members) - max(0, quota))


def _confirmed(said: Said) -> bool:
    """Has a later round said down again?"""
    return any(ballot.vote is Vote.DOWN and ballot.confirmed for _, ballot in said)
