"""A result counted on the ballots that it concerns, at a cost that the size of the pool is no part of."""

from collections.abc import Collection, Iterable

from mon.model.moment import Moment
from mon.model.result import HostResult, RunResult, Verdict
from mon.pool.ballot import Opinion, counted, ignored
from mon.pool.reasons import words
from mon.pool.record import Pair
from mon.pool.state import PoolState
from mon.structs import Struct


class Doubt(Struct, frozen=True):
    """A result that did not change a vote yet: ``lines`` say so; the next check is in ``delay`` seconds."""

    lines: tuple[str, ...]
    delay: float | None


def host_result(state: PoolState, result: HostResult, now: Moment, *, frozen: str, trap: bool) -> bool:
    """Count what is said of one host; True if the wish of the pool may be another one now."""
    opinion = Opinion(
        result.verdict, result.at, result.status, result.cause, result.detail, result.final, result.weight
    )
    pairs = state.voter_index.pairs(result.watch, result.service, result.host)
    return _count(state, [pair for pair in pairs if _heard(state, pair, trap=trap)], opinion, frozen, now)


def whole_round(
    state: PoolState, run: RunResult, now: Moment, *, frozen: str, trap: bool, disabled: Collection[str]
) -> bool:
    """Count a round for the voters that take it whole; True if the wish may be another one now."""
    spoken = {part.host for part in run.hosts if part.verdict is not Verdict.UNKNOWN}.union(disabled)
    names_others = any(part.verdict is Verdict.DOWN for part in run.hosts)
    pairs = []
    for pair in state.voter_index.groups[run.watch, run.service]:
        speaks = _heard(state, pair, trap=trap) and state.index.members[pair[0]].check not in spoken
        if speaks and (bool(state.voters[pair[1]].only) or not (run.status and names_others)):
            pairs.append(pair)
    opinion = Opinion(_of_round(run), run.ended, run.status, detail=run.summary)
    return _count(state, pairs, opinion, frozen, now)


def doubt(states: Iterable[PoolState], result: HostResult) -> Doubt | None:
    """What a result that was counted brings into doubt in these pools."""
    lines, delays = list[str](), list[float]()
    for state in states:
        for member, voter, ballot in state.doubts(result):
            lines.append(f"pool {state.plan.name}: {member.name}: {words(voter, ballot)}")
            delays += [voter.confirm] if voter.confirm else []
    return Doubt(tuple(lines), min(delays, default=None)) if lines else None


def _heard(state: PoolState, pair: Pair, *, trap: bool) -> bool:
    """Does it count for this ballot?  What was sent to us does only for ``--traps``."""
    return not trap or state.voters[pair[1]].traps


def _count(state: PoolState, pairs: Iterable[Pair], opinion: Opinion, frozen: str, now: Moment) -> bool:
    ballots = {}
    for pair in pairs:
        before = state.ballots[pair]
        ballots[pair] = ignored(before) if frozen else counted(before, opinion, state.voters[pair[1]])
    return state.take(ballots, now)


def _of_round(run: RunResult) -> Verdict:
    """What a round says of the hosts that it does not name.

    One that failed for no host and was good for some failed because the others could not be tested.
    """
    said = {part.verdict for part in run.hosts}
    if run.trouble or (run.status and Verdict.OK in said and Verdict.DOWN not in said):
        return Verdict.UNKNOWN
    return Verdict.DOWN if run.status else Verdict.OK
