"""Which ballots a result concerns: a host's result finds its ballots, however many servers there are."""

from collections.abc import Collection, Iterable, Mapping

from mon.model.config import Key
from mon.model.pool import Member, ServerId, Voter
from mon.pool.ballot import Ballot
from mon.pool.record import Pair
from mon.structs import Struct

ResultKey = tuple[str, str, str]
"""(watch, service, host): what a result is about."""


class VoterIndex(Struct):
    """``hosts``: the ballots that a host's result concerns; ``groups``: those of voters that take a round
    whole (``--group``), by service; ``voters``: the names of those that vote on each server.  ``unheard``:
    the ballots that no result has reached yet.
    """

    hosts: Mapping[ResultKey, Collection[Pair]]
    groups: Mapping[Key, Collection[Pair]]
    voters: Mapping[ServerId, Collection[str]]
    unheard: set[Pair]

    def pairs(self, watch: str, service: str, host: str) -> Collection[Pair]:
        """The ballots that this host's result concerns."""
        return self.hosts.get((watch, service, host), ())


def voter_index(
    members: Iterable[Member], voters: Mapping[str, Voter], ballots: Mapping[Pair, Ballot]
) -> VoterIndex:
    """The index of the ballots of a pool."""
    hosts: dict[ResultKey, list[Pair]] = {}
    groups: dict[Key, list[Pair]] = {}
    names: dict[ServerId, list[str]] = {}
    for member in members:
        for name, voter in voters.items():
            pair = (member.id, name)
            if pair not in ballots:
                continue
            names.setdefault(member.id, []).append(name)
            hosts.setdefault((voter.watch, voter.service, member.check), []).append(pair)
            if voter.group:
                groups.setdefault((voter.watch, voter.service), []).append(pair)
    return VoterIndex(hosts, groups, names, {pair for pair, ballot in ballots.items() if not ballot.heard})
