"""Changes of the balancer's table that we did not make: what to put back, what to leave and report.

The table is compared with how we last left it.  ``guard`` puts back what was lost, and leaves a weight set
to 0 by hand or a single removal, as a word of "another hand" that an operator makes official or takes
back.  ``repair`` puts everything back, ``report`` nothing.  What was put back three times within a minute
is somebody else's: it is left alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from mon.model.moment import Moment
from mon.model.pool import Drift, Pool, ServerEntry, ServerId, Table
from mon.pool.memory import HAND, Memory, Word
from mon.structs import Struct, field, replace

TIMES, WITHIN = 3, 60.0
"""Put back so often within so many seconds: enough."""

SERVICE = "the virtual service"


class Look(Struct, frozen=True):
    """The table as it is, and as it should be.  ``bearable``: may the pool lose this server?"""

    plan: Pool
    table: Table
    wanted: Table
    now: Moment
    bearable: Callable[[ServerId], bool]


class Found(Struct):
    """What a look leads to: the memory and the words after it, and what to log."""

    memory: Memory
    words: dict[ServerId, Word]
    notes: list[str] = field(default_factory=list)


def drifted(look: Look, memory: Memory, words: Mapping[ServerId, Word]) -> Found:
    """Judge what another hand did since we last left the table."""
    found = Found(memory, dict(words))
    if memory.left is None or look.plan.partial:
        return found
    if look.table.service is None:
        if memory.left.service is not None:
            _service_gone(look, found)
        return found
    found.memory = replace(found.memory, hands_off="")
    if memory.left.service not in (None, look.table.service) and look.table.service != look.wanted.service:
        _settings_changed(look, found)
    changes = dict(_servers(look, memory.left))
    lost = [id_ for id_, now in changes.items() if now is None]
    for id_, now in changes.items():
        _judge(look, found, id_, now, alone=len(lost) == 1)
    return found


def _servers(look: Look, left: Table) -> Iterator[tuple[ServerId, ServerEntry | None]]:
    """Our servers that are not as we left them, as they are now (None: not there)."""
    now = {server.id: server for server in look.table.servers}
    before = {server.id: server for server in left.servers}
    for server in look.wanted.servers:
        if now.get(server.id) != before.get(server.id):
            yield server.id, now.get(server.id)


def _judge(look: Look, found: Found, id: ServerId, now: ServerEntry | None, *, alone: bool) -> None:
    """One server that another hand changed."""
    wanted = next(server for server in look.wanted.servers if server.id == id)
    word = found.words.get(id)
    if word is not None and word.who == HAND and now is not None and now.weight:
        del found.words[id]
        found.memory = replace(found.memory, drained=found.memory.drained - {id})
        found.notes.append(f"{id} was put back by another hand")
    elif now == wanted:
        found.memory = _unpinned(found.memory, id)
    elif id in found.memory.pinned:
        found.memory = _pinned(found.memory, id, now)
    elif look.plan.drift is Drift.REPORT:
        found.memory = _pinned(found.memory, id, now)
        found.notes.append(f"{id} {_done(now)} by another hand and is left so (drift report)")
    elif look.plan.drift is Drift.GUARD and _deliberate(look, wanted, now, alone=alone):
        _leave(look, found, id, now)
    elif _too_often(look, found, str(id)):
        found.memory = _pinned(found.memory, id, now)
        found.notes.append(f"somebody else manages {id}: put back {TIMES} times in a minute, left alone now")
    else:
        found.notes.append(f"{id} {_done(now)} by another hand: put back")


def _deliberate(look: Look, wanted: ServerEntry, now: ServerEntry | None, *, alone: bool) -> bool:
    """Does it look meant (weight 0, or this one removed), and can the pool do without?"""
    meant = alone if now is None else not now.weight and wanted.weight > 0
    members = {member.id for member in look.plan.members}
    return meant and wanted.id in members and look.bearable(wanted.id)


def _leave(look: Look, found: Found, id: ServerId, now: ServerEntry | None) -> None:
    """Let it be, as a word that nobody has said yet."""
    done, name = _done(now), next(member.name for member in look.plan.members if member.id == id)
    official = f"`mon pool {look.plan.name} disable {name}` makes it official, `enable` takes it back"
    found.words[id] = Word(0, HAND, f"it {done}: {official}", look.now)
    drained = found.memory.drained | {id} if now is None else found.memory.drained
    found.memory = replace(found.memory, drained=drained)
    found.notes.append(f"{id} {done} by another hand and is left so: {official}")


def _service_gone(look: Look, found: Found) -> None:
    if look.plan.drift is Drift.REPORT:
        _hands_off(found, f"{SERVICE} {look.plan.id} was removed by another hand (drift report)")
    elif _too_often(look, found, SERVICE):
        _hands_off(found, f"somebody else removes {look.plan.id}: put back {TIMES} times in a minute")
    else:
        found.notes.append(f"{SERVICE} {look.plan.id} was removed by another hand: put back")


def _hands_off(found: Found, why: str) -> None:
    if not found.memory.hands_off:
        found.notes.append(f"{why}, left alone now")
    found.memory = replace(found.memory, hands_off=why)


def _settings_changed(look: Look, found: Found) -> None:
    done = f"{look.plan.id} was set by another hand"
    if found.memory.service is not None or look.plan.drift is Drift.REPORT:
        found.memory = replace(found.memory, service=look.table.service)
        found.notes.append(f"{done} and is left so")
    elif _too_often(look, found, "settings"):
        found.memory = replace(found.memory, service=look.table.service)
        found.notes.append(f"somebody else manages {look.plan.id}: its settings are left alone now")
    else:
        found.notes.append(f"{done}: put back")


def _too_often(look: Look, found: Found, what: str) -> bool:
    """Has this been put back often enough?  If not, it is noted as put back once more."""
    recent = tuple(repair for repair in found.memory.repairs if look.now.mono - repair[0] < WITHIN)
    enough = Counter(name for _, name in recent)[what] >= TIMES
    found.memory = replace(found.memory, repairs=recent if enough else (*recent, (look.now.mono, what)))
    return enough


def _pinned(memory: Memory, id: ServerId, now: ServerEntry | None) -> Memory:
    return replace(memory, pinned={**memory.pinned, id: now})


def _unpinned(memory: Memory, id: ServerId) -> Memory:
    pinned = {each: entry for each, entry in memory.pinned.items() if each != id}
    return replace(memory, pinned=pinned)


def _done(now: ServerEntry | None) -> str:
    return "was removed" if now is None else f"was set to weight {now.weight}"


def overlaid(table: Table, memory: Memory) -> Table:
    """The table that should be, with what is left to others as they have it."""
    if not memory.pinned and memory.service is None:
        return table
    servers = (memory.pinned.get(server.id, server) for server in table.servers)
    service = memory.service if memory.service is not None else table.service
    return Table(service, tuple(server for server in servers if server is not None))


def alarms(plan: Pool, memory: Memory, words: Mapping[ServerId, Word]) -> tuple[str, ...]:
    """What people must know of it, as long as it is so."""
    lines = [f"{id_} {word.why}" for id_, word in words.items() if word.who == HAND]
    lines += [f"{id_} is left to somebody else" for id_ in memory.pinned]
    lines += [f"the settings of {plan.id} are left to somebody else"] if memory.service else []
    return tuple(lines) + ((memory.hands_off,) if memory.hands_off else ())
