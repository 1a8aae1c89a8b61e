"""Reasons in words: why a server has the weight it has."""

from collections.abc import Iterator, Sequence

from mon.model.pool import Member, ServerId, Voter
from mon.model.result import Cause
from mon.pool.ballot import Ballot, Vote, doubtful, needed
from mon.pool.floor import EVIDENCE, Candidate

Said = Sequence[tuple[Voter, Ballot]]
"""What the voters of one member say about it."""


def admitted(said: Said, *, first_round_over: bool) -> bool:
    """Do the votes let a server be in (law 1)?

    Of a virtual service that the balancer did not have (a reboot), a voter that cannot say anything holds
    nobody back once the first round is over: our own trouble never empties a pool (DESIGN §1).  Somebody
    must have said ok then.
    """
    if all(ballot.good for _, ballot in said):
        return True
    spoken = any(ballot.vote is Vote.OK for _, ballot in said)
    return first_round_over and spoken and all(ballot.good or ballot.silent for _, ballot in said)


def candidate(member: Member, said: Said) -> Candidate:
    """The member as the floor judges it: by its worst cause, and by when it first failed."""
    down = [ballot for _, ballot in said if ballot.vote is Vote.DOWN]
    failed = [ballot.since.mono for ballot in down if ballot.since is not None]
    worst = max((ballot.cause for ballot in down), key=EVIDENCE.index, default=Cause.NONE)
    return Candidate(member.id, worst, min(failed, default=None))


def votes(said: Said, *, against: bool = False) -> str:
    """What the voters say; ``against``: only those that keep the server out."""
    return ", ".join(words(voter, ballot) for voter, ballot in said if not (against and ballot.good))


def words(voter: Voter, ballot: Ballot) -> str:
    """``webfarm/http down (connection refused)``, ``webfarm/http ok, failing 1 of 2 (HTTP 500)``.

    With a suggested weight ``webfarm/agent ok (suggests weight 75%)``.
    """
    return f"{voter.watch}/{voter.service} {_vote(ballot)}{doubt(voter, ballot)}"


def doubt(voter: Voter, ballot: Ballot) -> str:
    """``, failing 1 of 2 (HTTP 500)``; "" when the latest result says what the vote says."""
    if not doubtful(ballot):
        return ""
    way = "failing" if ballot.toward is Vote.DOWN else "rising"
    detail = f" ({ballot.doubt})" if ballot.doubt and ballot.toward is Vote.DOWN else ""
    return f", {way} {ballot.streak} of {needed(ballot, ballot.toward, voter)}{detail}"


def _vote(ballot: Ballot) -> str:
    if ballot.vote is Vote.UNSPOKEN:
        before = "new" if ballot.unplaced else "in" if ballot.presumed else "out"
        return f"has not spoken (it was {before})"
    if ballot.vote is Vote.OK:
        suggests = f" (suggests weight {ballot.suggests})" if ballot.suggests is not None else ""
        return f"{ballot.vote}{suggests}"
    return f"{ballot.vote}" + (f" ({ballot.detail})" if ballot.detail else "")


def named(ids: Sequence[ServerId]) -> Iterator[str]:
    """Servers in words."""
    return map(str, ids)
