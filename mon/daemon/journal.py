"""What the keeper did to a pool, as deeds for the journal: only what is news, and with its evidence."""

from collections.abc import Iterator, Sequence

from mon.daemon.sight import evidence
from mon.model.deed import Deed
from mon.model.pool import Change, Pool, ServerId, Table
from mon.pool.changes import describe
from mon.pool.facts import Facts
from mon.pool.wish import Wanted
from mon.structs import Struct, field

RESYNC = "resync"
"""What makes us look every few seconds."""

MOST = 8
"""So many of what made us look are named: each server's line in the journal has them."""

Stance = tuple[object, ...]
"""What of a server's place is news when it is another one."""


class Case(Struct, frozen=True):
    """One look at a pool: what was decided and on what grounds, what was found before and read back.

    ``trouble``: what the balancer said to it, "" if it took it.
    """

    plan: Pool
    wish: Wanted
    facts: Facts
    trigger: str
    edits: tuple[Change, ...]
    before: Table
    after: Table
    trouble: str = ""


class Journal(Struct):
    """Knows what was last written of each server of one pool."""

    stances: dict[ServerId, Stance] = field(default_factory=dict)

    def deeds(self, case: Case) -> list[Deed]:
        """What of this look belongs into the journal."""
        return [*_of_the_service(case), *self._of_servers(case)]

    def _of_servers(self, case: Case) -> Iterator[Deed]:
        old = {server.id: server.weight for server in case.before.servers}
        new = {server.id: server.weight for server in case.after.servers}
        wanted = {server.id: server.weight for server in case.wish.table.servers}
        names = _names(case.plan)
        foreign = {server.id for server in case.wish.foreign(case.after)}
        held = frozenset(case.wish.held)
        for id_ in dict.fromkeys((*names, *wanted, *new, *old)):
            if id_ in foreign:
                continue
            said = _said(case, new.get(id_), wanted.get(id_))
            stance = (wanted.get(id_), new.get(id_), said, *_grounds(case, id_), id_ in held)
            known = self.stances.get(id_)
            self.stances[id_] = stance
            if known == stance and old.get(id_) == new.get(id_):
                continue
            yield Deed(
                at=case.facts.now.wall,
                pool=case.plan.name,
                what=_what(old.get(id_), new.get(id_), found=known is None),
                why=case.wish.waiting or case.wish.why.get(id_, ""),
                trigger=case.trigger,
                server=str(id_),
                name=names.get(id_, ""),
                said=said,
                evidence=tuple(evidence(case.facts, case.wish, id_)),
            )


def _names(plan: Pool) -> dict[ServerId, str]:
    names = {member.id: member.name for member in plan.members}
    if plan.fallback is not None:
        names.setdefault(plan.fallback.id, plan.fallback.name)
    return names


def _of_the_service(case: Case) -> Iterator[Deed]:
    for edit in case.edits:
        if edit.server is None:
            at, name = case.facts.now.wall, case.plan.name
            yield Deed(at, name, describe(edit), trigger=case.trigger, said=case.trouble)


def _grounds(case: Case, id: ServerId) -> tuple[object, ...]:
    """What gave it its place, without what changes with every result: details, counts, times left."""
    facts, wish = case.facts, case.wish
    votes = tuple((voter.watch, voter.service, ballot.vote) for voter, ballot in facts.said.get(id, ()))
    word = facts.word(id)
    banned = id in facts.memory.banned
    return (wish.waiting, votes, word, wish.spared.get(id), banned, id in facts.memory.drains)


def _said(case: Case, new: int | None, wanted: int | None) -> str:
    """What the balancer says of this server, if it is not what was asked for."""
    if case.wish.waiting or new == wanted or (wanted is None and not new):
        return ""
    shown = "it is not in the table" if new is None else f"it has weight {new}"
    return f"{shown}: {case.trouble}" if case.trouble else shown


def _what(old: int | None, new: int | None, *, found: bool) -> str:
    if old == new:
        at = "not in the table" if new is None else f"weight {new}"
        return f"found: {at}" if found else f"stays: {at}"
    if old is None:
        return f"added with weight {new}"
    return f"removed (it had weight {old})" if new is None else f"weight {old} -> {new}"


def trigger(asked: Sequence[str]) -> str:
    """What made us look: the first that asked and how many more did, the resync only if nobody else did."""
    found = list(dict.fromkeys(by for by in asked if by != RESYNC))
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return "; ".join(found[:MOST]) + more or RESYNC
