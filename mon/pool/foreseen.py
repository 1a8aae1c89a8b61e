"""What follows when the checks under way confirm what the latest results said.

While a vote is in doubt the pool is still as it was, and whoever reads of the failure would be told of a pool
that is about to be another one.  So what is shown says both: how it is, and what is about to follow.
"""

from collections.abc import Mapping

from mon.model.moment import Moment
from mon.model.pool import ServerId, Voter
from mon.pool.ballot import Ballot, doubtful, needed
from mon.pool.decide import decide
from mon.pool.drift import overlaid
from mon.pool.facts import Facts
from mon.pool.reasons import Said
from mon.pool.wish import Wanted
from mon.structs import Struct, field, replace


class Foreseen(Struct, frozen=True):
    """``soon``: for each server whose weight is about to change, what and when, in words.

    ``outlook`` is what there will be to say of the pool as a whole, if that is news.  ``due``: the seconds
    until the checks are due that decide it (0 while they run), None if they wait for the next rounds.
    """

    soon: Mapping[ServerId, str] = field(default_factory=dict)
    outlook: str = ""
    due: float | None = None


NOTHING = Foreseen()

OVERDUE = 5.0
"""A check that is late by so many seconds is held back (something is disabled): no time is told."""


def foreseen(facts: Facts, wish: Wanted) -> Foreseen:
    """What follows, given all that the present ``wish`` was decided by."""
    doubted = {id_: pairs for id_, said in facts.said.items() if (pairs := _doubted(said))}
    if not doubted or wish.waiting:
        return NOTHING
    said = {id_: [(v, settled(ballot)) for v, ballot in each] for id_, each in facts.said.items()}
    then = decide(replace(facts, said=said))[0]
    will = {one.id: one.weight for one in overlaid(then.table, facts.memory).servers}
    now = {one.id: one.weight for one in wish.table.servers}
    soon, dues = dict[ServerId, str](), list[float | None]()
    for member in facts.plan.members:
        before, after = now.get(member.id, 0), will.get(member.id, 0)
        if before != after:
            pairs = doubted.get(member.id, [])
            soon[member.id] = f"{_words(before, after)}{_when(pairs, facts.now)}"
            dues += [_left(voter, ballot, facts.now) for voter, ballot in pairs]
    known = [due for due in dues if due is not None]
    outlook = then.overrides if then.overrides != wish.overrides else ""
    return Foreseen(soon, outlook, max(known) if known and len(known) == len(dues) else None)


def settled(ballot: Ballot) -> Ballot:
    """The ballot once more results have said what the latest one did."""
    if not doubtful(ballot):
        return ballot
    return replace(ballot, vote=ballot.toward, detail=ballot.doubt, since=ballot.at, streak=0, doubt="")


def _doubted(said: Said) -> list[tuple[Voter, Ballot]]:
    return [(voter, ballot) for voter, ballot in said if doubtful(ballot)]


def _words(before: int, after: int) -> str:
    if not after:
        return "leaves when confirmed"
    return (
        f"comes back with weight {after} when confirmed"
        if not before
        else f"gets weight {after} when confirmed"
    )


def _when(pairs: list[tuple[Voter, Ballot]], now: Moment) -> str:
    """``, in 0.2 s``, ``, by 2 more checks``; the last of several voters counts."""
    if not pairs:
        return ""
    dues = [_left(voter, ballot, now) for voter, ballot in pairs]
    known = [due for due in dues if due is not None]
    if known and len(known) == len(dues):
        return f", in {max(known):.1f} s" if max(known) >= 0.05 else ", at any moment"
    more = max(_missing(voter, ballot) for voter, ballot in pairs)
    return f", by {more} more checks" if more > 1 else ", by the next check"


def _left(voter: Voter, ballot: Ballot, now: Moment) -> float | None:
    """Seconds until the checks are due that confirm it; None: nothing but the next rounds do."""
    if not voter.confirm or ballot.at is None:
        return None
    left = ballot.at.mono + _missing(voter, ballot) * voter.confirm - now.mono
    return max(0.0, left) if left > -OVERDUE else None


def _missing(voter: Voter, ballot: Ballot) -> int:
    return max(1, needed(ballot, ballot.toward, voter) - ballot.streak)
