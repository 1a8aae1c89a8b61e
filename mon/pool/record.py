"""What is saved of a pool: votes, operators' words, clocks, and what is ours.  Times are wall seconds."""

from collections.abc import Iterable, Mapping

from mon.model.moment import Moment
from mon.model.pool import Pool, ServerEntry, ServerId, VirtualId
from mon.model.result import Cause
from mon.model.weight import Weight
from mon.pool.advice import Course
from mon.pool.ballot import Ballot, Vote
from mon.pool.changes import Owned
from mon.pool.memory import HAND, Drain, Memory, Word
from mon.pool.past import Past
from mon.structs import Struct

Pair = tuple[ServerId, str]
"""(server, name of the voter): whose ballot it is."""


FORMER_HAND = "another hand"
"""What HAND was called in databases of before."""


class SavedBallot(Struct, frozen=True):
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
    suggests: Weight | None = None


class SavedWord(Struct, frozen=True):
    """What an operator said about a server; ``until`` 0.0 is for good."""

    server: ServerId
    weight: int
    who: str
    why: str
    at: float
    until: float = 0.0
    drain: float = 0.0
    name: str = ""


class SavedDrain(Struct, frozen=True):
    """A server that finishes its connections."""

    entry: ServerEntry
    since: float
    until: float


class SavedRamp(Struct, frozen=True):
    """A server in its slow start."""

    server: ServerId
    since: float


class SavedCourse(Struct, frozen=True):
    """A weight on its way to the one that was suggested; see ``advice.Course``."""

    server: ServerId
    start: float
    target: float
    step: float
    period: float
    since: float


class SavedPool(Struct, frozen=True):
    """One pool, also one that left the configuration and is not yet gone from its balancer."""

    name: str
    id: VirtualId
    balancer: tuple[str, ...]
    partial: bool = False
    service: bool = False  # ours to delete
    servers: tuple[ServerId, ...] = ()  # ours to delete
    ballots: tuple[SavedBallot, ...] = ()
    words: tuple[SavedWord, ...] = ()
    drains: tuple[SavedDrain, ...] = ()
    drained: tuple[ServerId, ...] = ()
    ramps: tuple[SavedRamp, ...] = ()
    banned: tuple[SavedRamp, ...] = ()  # since when it comes back, in the future
    courses: tuple[SavedCourse, ...] = ()
    past: Past = Past()

    @property
    def owned(self) -> Owned:
        """What of it is ours."""
        return Owned(self.service, frozenset(self.servers))


def to_save(
    pool: Pool,
    owned: Owned,
    ballots: Mapping[Pair, Ballot],
    words: Mapping[ServerId, Word],
    memory: Memory,
    past: Past,
) -> SavedPool:
    """The pool as it is saved: only votes that were spoken, or are on the way to it, are worth a line."""
    return SavedPool(
        name=pool.name,
        id=pool.id,
        balancer=pool.balancer,
        partial=pool.partial,
        service=owned.service,
        servers=tuple(sorted(owned.servers)),
        ballots=tuple(_saved(pair, ballot, ballot.at) for pair, ballot in ballots.items() if ballot.at),
        words=tuple(saved_word(id_, word) for id_, word in words.items()),
        drains=tuple(SavedDrain(d.entry, d.since.wall, d.until.wall) for d in memory.drains.values()),
        drained=tuple(sorted(memory.drained)),
        ramps=tuple(SavedRamp(id_, since.wall) for id_, since in memory.ramps.items()),
        banned=tuple(SavedRamp(id_, until.wall) for id_, until in memory.banned.items()),
        courses=tuple(
            SavedCourse(id_, one.start, one.target, one.step, one.period, one.since.wall)
            for id_, one in memory.courses.items()
        ),
        past=past,
    )


def saved_word(id: ServerId, word: Word) -> SavedWord:
    """An operator's word as it is saved and shown."""
    until = word.until.wall if word.until else 0.0
    return SavedWord(id, word.weight, word.who, word.why, word.at.wall, until, word.drain, word.name)


def spoken(saved: SavedPool, now: Moment) -> dict[ServerId, Word]:
    """Operators' words again.  The time since the save counts, a clock that was set back does not."""
    return {
        word.server: Word(
            word.weight,
            HAND if word.who == FORMER_HAND else word.who,
            word.why,
            _moment(word.at, now),
            _later(word.at, word.until, now) if word.until else None,
            word.drain,
            word.name,
        )
        for word in saved.words
    }


def remembered(saved: SavedPool, now: Moment) -> Memory:
    """Drains and slow starts again."""
    return Memory(
        drains={
            drain.entry.id: Drain(
                _moment(drain.since, now), _later(drain.since, drain.until, now), drain.entry
            )
            for drain in saved.drains
        },
        drained=frozenset(saved.drained),
        ramps={ramp.server: _moment(ramp.since, now) for ramp in saved.ramps},
        banned={ban.server: now.later(ban.since - now.wall) for ban in saved.banned},
        courses={
            one.server: Course(one.start, one.target, one.step, one.period, _moment(one.since, now))
            for one in saved.courses
        },
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
        suggests=saved.suggests,
    )


def by_pair(ballots: Iterable[SavedBallot]) -> dict[Pair, SavedBallot]:
    """Saved ballots by whose they are."""
    return {(ballot.server, ballot.voter): ballot for ballot in ballots}


def _saved(pair: Pair, ballot: Ballot, at: Moment) -> SavedBallot:
    return SavedBallot(
        server=pair[0],
        voter=pair[1],
        vote=ballot.vote,
        toward=ballot.toward,
        streak=ballot.streak,
        cause=ballot.cause,
        detail=ballot.detail,
        since=ballot.since.wall if ballot.since else at.wall,
        at=at.wall,
        suggests=ballot.suggests,
    )


def _moment(wall: float, now: Moment) -> Moment:
    return now.later(-max(0.0, now.wall - wall))


def _later(since: float, until: float, now: Moment) -> Moment:
    """An end after a beginning: never farther off than the whole time between them."""
    return now.later(min(until - now.wall, until - since))
