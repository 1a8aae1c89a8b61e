"""One voter's opinion on one real server, and how a result changes it."""

from enum import StrEnum

from mon.model.moment import Moment
from mon.model.pool import Voter
from mon.model.result import Cause, Verdict
from mon.model.weight import Weight
from mon.structs import Struct, replace


class Vote(StrEnum):
    """The opinion itself.  ``UNSPOKEN``: no row of results long enough for an opinion was seen yet."""

    UNSPOKEN = "unspoken"
    OK = "ok"
    DOWN = "down"


class Opinion(Struct, frozen=True, gc=False):
    """One result as a ballot sees it: a host's part of a round, or a whole round (``--group``).

    ``final``: an event and not a sample, so it counts for as many as rise or fall ask for.
    """

    verdict: Verdict
    at: Moment
    status: int = 0
    cause: Cause = Cause.NONE
    detail: str = ""
    final: bool = False
    weight: Weight | None = None


class Ballot(Struct, frozen=True, gc=False):
    """What one voter last said about one server.

    ``streak`` is how many results in a row spoke for ``toward``, a vote other than the present one.
    ``since`` is when the vote became what it is; ``at`` is the last result that counted.  ``heard`` is
    true after a result that made up its mind, or could not count.  ``doubt`` is what the latest result said
    while the row is too short.  ``presumed`` stands in for a vote that was never spoken: was the server in
    when this voter's silence began?  None: nobody has looked yet.  ``unplaced``: the balancer had no such
    virtual service then, so nothing says that the server was out.  ``final``: an event made the vote, which
    needs no confirming.  ``suggests`` is the weight that the latest *ok* came with.
    """

    vote: Vote = Vote.UNSPOKEN
    toward: Vote = Vote.UNSPOKEN
    streak: int = 0
    cause: Cause = Cause.NONE
    detail: str = ""
    doubt: str = ""
    since: Moment | None = None
    at: Moment | None = None
    heard: bool = False
    presumed: bool | None = None
    unplaced: bool = False
    final: bool = False
    suggests: Weight | None = None

    @property
    def good(self) -> bool:
        """Does this ballot let the server be in (law 1)?"""
        return self.vote is Vote.OK or (self.vote is Vote.UNSPOKEN and self.presumed is True)

    @property
    def confirmed(self) -> bool:
        """Has a later result said the same as the one that made the vote?"""
        later = self.since is not None and self.at is not None and self.at.mono > self.since.mono
        return self.final or (later and not self.streak)

    @property
    def silent(self) -> bool:
        """Is there neither a vote nor a past to go by?"""
        return self.vote is Vote.UNSPOKEN and self.unplaced


def ignored(ballot: Ballot) -> Ballot:
    """The ballot after a result that must not count: heard, and otherwise unchanged."""
    return ballot if ballot.heard else replace(ballot, heard=True)


def counted(ballot: Ballot, opinion: Opinion, voter: Voter) -> Ballot:
    """The ballot after one more result.  What is *unknown*, or outside the voter's exit range, freezes it."""
    vote = _meaning(opinion, voter)
    if vote is Vote.UNSPOKEN:
        return ignored(ballot)
    suggests = opinion.weight if vote is Vote.OK else ballot.suggests
    if vote is ballot.vote:
        return _said_again(ballot, opinion, suggests)
    streak = ballot.streak + 1 if ballot.toward is vote else 1
    if streak < needed(ballot, vote, voter) and not opinion.final:
        return replace(
            ballot, toward=vote, streak=streak, at=opinion.at, doubt=opinion.detail, suggests=suggests
        )
    return Ballot(
        vote=vote,
        toward=vote,
        cause=opinion.cause,
        detail=opinion.detail,
        since=opinion.at,
        at=opinion.at,
        heard=True,
        presumed=ballot.presumed,
        unplaced=ballot.unplaced,
        final=opinion.final,
        suggests=suggests,
    )


def _said_again(ballot: Ballot, opinion: Opinion, suggests: Weight | None) -> Ballot:
    """The newest evidence is kept, the age of the vote is not touched: the floor compares both."""
    return replace(
        ballot,
        toward=ballot.vote,
        streak=0,
        doubt="",
        cause=opinion.cause,
        detail=opinion.detail,
        at=opinion.at,
        heard=True,
        suggests=suggests,
    )


def placed(ballot: Ballot, voter: Voter, *, serving: bool, unplaced: bool) -> Ballot:
    """The ballot when the balancer's table has been read.

    Results that came before that may be enough now: one is, for what the table shows.
    """
    known = replace(ballot, presumed=serving, unplaced=unplaced)
    if (
        not known.streak
        or known.vote is not Vote.UNSPOKEN
        or known.streak < needed(known, known.toward, voter)
    ):
        return known
    return replace(
        known, vote=known.toward, streak=0, detail=known.doubt, doubt="", since=known.at, heard=True
    )


def needed(ballot: Ballot, vote: Vote, voter: Voter) -> int:
    """How many results in a row make it ``vote``.

    One is enough for what the table shows already, and for a server of a virtual service that is new.
    """
    shown = {True: Vote.OK, False: Vote.DOWN, None: Vote.UNSPOKEN}[ballot.presumed]
    if ballot.vote is Vote.UNSPOKEN and (ballot.unplaced or vote is shown):
        return 1
    return voter.rise if vote is Vote.OK else voter.fall


def doubtful(ballot: Ballot) -> bool:
    """Did the latest result say something else than the vote, without being enough to change it?"""
    return ballot.streak > 0


def _meaning(opinion: Opinion, voter: Voter) -> Vote:
    """What a result says to this voter; UNSPOKEN: nothing."""
    if opinion.verdict is Verdict.OK:
        return Vote.OK
    if opinion.verdict is Verdict.UNKNOWN:
        return Vote.UNSPOKEN
    if voter.exit is not None and not voter.exit[0] <= opinion.status <= voter.exit[1]:
        return Vote.UNSPOKEN
    return Vote.DOWN
