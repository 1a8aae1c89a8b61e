"""What is saved of a pool: the votes, and what is ours on the balancer.  Times are wall seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mon.model.moment import Moment
from mon.model.pool import Pool, ServerId, VirtualId
from mon.model.result import Cause
from mon.pool.ballot import Ballot, Vote
from mon.pool.changes import Owned

Seat = tuple[ServerId, str]
"""(server, name of the voter): whose ballot it is."""


@dataclass(frozen=True, slots=True)
class SavedBallot:
    """One ballot.  ``at`` is when the last result counted; the vote is as old as that."""

    server: ServerId
    voter: str
    vote: Vote
    toward: Vote = Vote.UNSPOKEN
    streak: int = 0
    cause: Cause = Cause.NONE
    detail: str = ""
    since: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class SavedPool:
    """One pool, also one that left the configuration and is not yet gone from its balancer."""

    name: str
    id: VirtualId
    balancer: tuple[str, ...]
    partial: bool = False
    service: bool = False  # ours to delete
    servers: tuple[ServerId, ...] = ()  # ours to delete
    ballots: tuple[SavedBallot, ...] = ()

    @property
    def owned(self) -> Owned:
        """What of it is ours."""
        return Owned(self.service, frozenset(self.servers))


def to_save(pool: Pool, owned: Owned, ballots: Mapping[Seat, Ballot]) -> SavedPool:
    """The pool as it is saved: only votes that were spoken, or are on the way to it, are worth a line."""
    return SavedPool(
        name=pool.name,
        id=pool.id,
        balancer=pool.balancer,
        partial=pool.partial,
        service=owned.service,
        servers=tuple(sorted(owned.servers)),
        ballots=tuple(_saved(seat, ballot, ballot.at) for seat, ballot in ballots.items() if ballot.at),
    )


def restored(saved: SavedBallot, now: Moment) -> Ballot:
    """The ballot again, its times moved to this boot's monotonic clock (what lies in the future is now)."""
    return Ballot(
        vote=saved.vote,
        toward=saved.toward,
        streak=saved.streak,
        cause=saved.cause,
        detail=saved.detail,
        since=_moment(saved.since, now),
        at=_moment(saved.at, now),
    )


def by_seat(ballots: Iterable[SavedBallot]) -> dict[Seat, SavedBallot]:
    """Saved ballots by whose they are."""
    return {(ballot.server, ballot.voter): ballot for ballot in ballots}


def _saved(seat: Seat, ballot: Ballot, at: Moment) -> SavedBallot:
    return SavedBallot(
        server=seat[0],
        voter=seat[1],
        vote=ballot.vote,
        toward=ballot.toward,
        streak=ballot.streak,
        cause=ballot.cause,
        detail=ballot.detail,
        since=ballot.since.wall if ballot.since else at.wall,
        at=at.wall,
    )


def _moment(wall: float, now: Moment) -> Moment:
    return now.later(-max(0.0, now.wall - wall))
