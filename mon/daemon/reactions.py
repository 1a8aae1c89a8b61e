"""What the word of an event monitor sets off, and when its *ok* may count.

An event monitor sees that a process ended; that somebody accepts connections again says little.  So its
*down* counts at once, and its *ok* after a down only when each other service that votes on the host has
said ok since then, as often as that vote's ``rise``.  Any other *ok* (a restart too quick to be down)
only makes the others check the host now.
"""

from collections.abc import Callable, Iterator, Mapping

from mon.catalog import Plan
from mon.model.config import Key
from mon.model.result import HostResult, Verdict
from mon.structs import Struct, replace

Pair = tuple[Key, str]
"""An event monitor's service, and a host of it."""


class _Return(Struct):
    """A host that came down by an event: the results that are still wanted, and the *ok* that waits."""

    wanted: dict[Key, int]
    ok: HostResult | None = None


class Reactions:
    """``recheck(key, host)`` has another service check one host now; ``frozen(key, host)`` is why its vote
    does not count at the moment, or ""; ``changed(key)`` is called when an event changed what is thought of a
    host after its first word.
    """

    def __init__(
        self,
        recheck: Callable[[Key, str], None],
        frozen: Callable[[Key, str], str],
        changed: Callable[[Key], None],
    ) -> None:
        self._recheck = recheck
        self._frozen = frozen
        self._changed = changed
        self._others: Mapping[Pair, Mapping[Key, int]] = {}
        self._witnesses: dict[Pair, list[Pair]] = {}
        self._returns: dict[Pair, _Return] = {}
        self._last: dict[Pair, Verdict] = {}

    def adopt(self, plan: Plan) -> None:
        """Learn who votes beside whom; what waits goes on waiting, for those that are left."""
        self._others = _others(plan)
        self._witnesses = {}
        for pair, others in self._others.items():
            for key in others:
                self._witnesses.setdefault((key, pair[1]), []).append(pair)
        for known in (self._returns, self._last):
            for pair in [pair for pair in known if pair[0] not in plan.checks]:
                del known[pair]
        for pair, coming in self._returns.items():
            others = self._others.get(pair, {})
            coming.wanted = {key: coming.wanted.get(key, rise) for key, rise in others.items()}

    def of(self, result: HostResult) -> list[HostResult]:
        """The results to count now that this one came: itself or not, and an *ok* that waited for it."""
        if not (result.final or self._witnesses):
            return [result]
        pair = ((result.watch, result.service), result.host)
        if result.final:
            return self._event(pair, result)
        return [result, *self._freed_by(pair, result)]

    def freed(self, key: Key) -> list[HostResult]:
        """What has nothing more to wait for, since the others were disabled meanwhile."""
        return [result for pair in list(self._returns) if pair[0] == key for result in self._release(pair)]

    def _event(self, pair: Pair, result: HostResult) -> list[HostResult]:
        before = self._last.get(pair)
        self._last[pair] = result.verdict
        others = self._others.get(pair, {})
        counted = [result]
        if result.verdict is Verdict.DOWN:
            self._returns[pair] = _Return(dict(others))
        elif result.verdict is Verdict.OK:
            if pair in self._returns:
                self._returns[pair].ok = result
                counted = self._release(pair)
            for key in others if before is not None else ():
                self._recheck(key, pair[1])
        if before not in (None, result.verdict):
            self._changed(pair[0])
        return counted

    def _freed_by(self, other: Pair, result: HostResult) -> Iterator[HostResult]:
        for pair in self._witnesses.get(other, ()):
            coming = self._returns.get(pair)
            if coming is not None and other[0] in coming.wanted:
                rise = self._others[pair][other[0]]
                # Who cannot test cannot hold anybody out: our own trouble never empties a pool.
                left = {Verdict.OK: coming.wanted[other[0]] - 1, Verdict.DOWN: rise, Verdict.UNKNOWN: 0}
                coming.wanted[other[0]] = left[result.verdict]
                yield from self._release(pair)

    def _release(self, pair: Pair) -> list[HostResult]:
        """The *ok* that waited, if nothing is wanted any more."""
        coming = self._returns[pair]
        waiting = [key for key, left in coming.wanted.items() if left > 0 and not self._frozen(key, pair[1])]
        if coming.ok is None or waiting:
            return []
        del self._returns[pair]
        names = ", ".join("/".join(key) for key in coming.wanted)
        said = f"{coming.ok.detail}; {names} ok since" if names else coming.ok.detail
        return [replace(coming.ok, detail=said)]


def _others(plan: Plan) -> dict[Pair, dict[Key, int]]:
    """For each host of each event monitor that votes: who else votes on it, and how often it must say ok."""
    events = {key for key, check in plan.checks.items() if check.monitor and check.monitor.plugin.follows}
    found: dict[Pair, dict[Key, int]] = {}
    for pool in plan.pools:
        rises: dict[Key, int] = {}
        for voter in pool.voters:
            key = (voter.watch, voter.service)
            rises[key] = max(voter.rise, rises.get(key, 1))
        for key in events & set(rises):
            for member in pool.members:
                others = found.setdefault((key, member.check), {})
                others |= {one: rise for one, rise in rises.items() if one not in events}
    return found
