"""Operators' words from one plan of a pool to the next.

A word holds until it is taken back or its time is over.  So it outlives the server's line in mon.cf: a server
that comes back is found as the operator left it.
"""

from collections.abc import Collection, Mapping

from mon.model.pool import Pool, ServerId
from mon.pool.memory import HAND, Word


def carried(
    plan: Pool, words: Mapping[ServerId, Word], before: Collection[ServerId] = ()
) -> dict[ServerId, Word]:
    """The words under a plan; ``before`` are the servers of the one that it follows.

    The word on a server that has another address or port now follows its name, if one new server alone has
    that name.  What was changed by hand in the balancer's table ends with the server's line.
    """
    members = {member.id for member in plan.members}
    fresh: dict[str, list[ServerId]] = {}
    for member in plan.members:
        if member.id not in before and member.id not in words:
            fresh.setdefault(member.name, []).append(member.id)
    found = {id_: word for id_, word in words.items() if id_ in members}
    for id_, word in words.items():
        if id_ not in members and word.who != HAND:
            found[_followed(id_, fresh.get(word.name, ()), moved=id_ in before)] = word
    return found


def _followed(id: ServerId, named: Collection[ServerId], *, moved: bool) -> ServerId:
    """The server that a name stands for now; the same if that is not sure."""
    alike = [each for each in named if moved or each.port == id.port]
    return alike[0] if len(alike) == 1 == len(named) else id
