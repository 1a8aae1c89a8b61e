"""Changes of the balancer's table that we did not make: what to put back, what to leave and report.

The table is compared with how we last left it.  ``guard`` puts back what was lost, and leaves a weight set
to 0 by hand or a single removal, as a word that an operator makes official or takes back.  ``repair`` puts
everything back, ``report`` nothing.  What was put back three times within a minute is somebody else's: it is
left alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from mon.model.moment import Moment
from mon.model.pool import Drift, Member, Pool, ServerEntry, ServerId, Table
from mon.pool.bearing import Bearing
from mon.pool.memory import HAND, Memory, Word
from mon.structs import Struct, replace

TIMES, WITHIN = 3, 60.0
"""Put back so often within so many seconds: enough."""

SERVICE = "the virtual service"


class Look(Struct, frozen=True):
    """The table as it is, and as it should be.  ``bearing`` tells what more the pool can lose."""

    plan: Pool
    members: Mapping[ServerId, Member]
    table: Table
    wanted: Table
    now: Moment
    bearing: Bearing


class Found(Struct, frozen=True):
    """What a look leads to: the memory and the words after it, and what to log."""

    memory: Memory
    words: dict[ServerId, Word]
    notes: list[str]


def drifted(look: Look, memory: Memory, words: Mapping[ServerId, Word]) -> Found | None:
    """Judge what was done by hand since we last left the table; None: nothing that is of account."""
    if memory.left is None or look.plan.partial:
        return None
    judge = _Judge(look, memory, words)
    if look.table.service is None:
        if memory.left.service is not None:
            judge.service_gone()
        return judge.found()
    judge.hands_off = ""
    if memory.left.service not in (None, look.table.service) and look.table.service != look.wanted.service:
        judge.settings_changed()
    changed = list(_servers(look, memory.left))
    alone = sum(now is None for _, now in changed) == 1
    for wanted, now in changed:
        judge.server(wanted, now, alone=alone)
    return judge.found()


def _servers(look: Look, left: Table) -> Iterator[tuple[ServerEntry, ServerEntry | None]]:
    """Our servers that are not as we left them: as they should be, and as they are (None: not there)."""
    now = {server.id: server for server in look.table.servers}
    before = {server.id: server for server in left.servers}
    for server in look.wanted.servers:
        if now.get(server.id) != before.get(server.id):
            yield server, now.get(server.id)


class _Judge:
    """Judges one difference after another, each at the same cost."""

    def __init__(self, look: Look, memory: Memory, words: Mapping[ServerId, Word]) -> None:
        self.hands_off = memory.hands_off
        self._look = look
        self._memory = memory
        self._words = dict(words)
        self._notes: list[str] = []
        self._pinned = dict(memory.pinned)
        self._drained = set(memory.drained)
        self._service = memory.service
        self._repairs = [each for each in memory.repairs if look.now.mono - each[0] < WITHIN]
        self._counts = Counter(name for _, name in self._repairs)
        self._repaired = False

    def found(self) -> Found | None:
        """What came of it."""
        memory = replace(
            self._memory,
            pinned=self._pinned,
            drained=frozenset(self._drained),
            service=self._service,
            hands_off=self.hands_off,
            repairs=tuple(self._repairs) if self._repaired else self._memory.repairs,
        )
        return None if memory == self._memory and not self._notes else Found(memory, self._words, self._notes)

    def server(self, wanted: ServerEntry, now: ServerEntry | None, *, alone: bool) -> None:
        """One server that was changed by hand; ``alone``: no other one was removed."""
        look, id_ = self._look, wanted.id
        word = self._words.get(id_)
        if word is not None and word.who == HAND and now is not None and now.weight:
            del self._words[id_]
            self._drained.discard(id_)
            self._notes.append(f"{id_} was put back by hand")
        elif now == wanted:
            self._pinned.pop(id_, None)
        elif id_ in self._pinned:
            self._pinned[id_] = now
        elif look.plan.drift is Drift.REPORT:
            self._pinned[id_] = now
            self._notes.append(f"{id_} {_done(now)} by hand and is left so (drift report)")
        elif look.plan.drift is Drift.GUARD and self._deliberate(wanted, now, alone=alone):
            self._leave(id_, now)
        elif self._too_often(str(id_)):
            self._pinned[id_] = now
            self._notes.append(
                f"somebody else manages {id_}: put back {TIMES} times in a minute, left alone now"
            )
        else:
            self._notes.append(f"{id_} {_done(now)} by hand: put back")

    def _deliberate(self, wanted: ServerEntry, now: ServerEntry | None, *, alone: bool) -> bool:
        """Does it look meant (weight 0, or this one removed), and can the pool do without?"""
        meant = alone if now is None else not now.weight and wanted.weight > 0
        return meant and wanted.id in self._look.members and self._look.bearing.take(wanted.id)

    def _leave(self, id: ServerId, now: ServerEntry | None) -> None:
        """Let it be, as a word that nobody has said yet."""
        done, name = _done(now), self._look.members[id].name
        official = (
            f"`mon pool {self._look.plan.name} disable {name}` makes it official, `enable` takes it back"
        )
        self._words[id] = Word(0, HAND, f"it {done}: {official}", self._look.now, name=name)
        if now is None:
            self._drained.add(id)
        self._notes.append(f"{id} {done} by hand and is left so: {official}")

    def service_gone(self) -> None:
        """The virtual service is not there any more."""
        id_ = self._look.plan.id
        if self._look.plan.drift is Drift.REPORT:
            self._give_up(f"{SERVICE} {id_} was removed by hand (drift report)")
        elif self._too_often(SERVICE):
            self._give_up(f"somebody else removes {id_}: put back {TIMES} times in a minute")
        else:
            self._notes.append(f"{SERVICE} {id_} was removed by hand: put back")

    def _give_up(self, why: str) -> None:
        if not self.hands_off:
            self._notes.append(f"{why}, left alone now")
        self.hands_off = why

    def settings_changed(self) -> None:
        """The virtual service has other settings."""
        done, plan = f"{self._look.plan.id} was set by hand", self._look.plan
        if self._service is not None or plan.drift is Drift.REPORT:
            self._service = self._look.table.service
            self._notes.append(f"{done} and is left so")
        elif self._too_often("settings"):
            self._service = self._look.table.service
            self._notes.append(f"somebody else manages {plan.id}: its settings are left alone now")
        else:
            self._notes.append(f"{done}: put back")

    def _too_often(self, what: str) -> bool:
        """Has this been put back often enough?  If not, it is noted as put back once more."""
        self._repaired = True
        if self._counts[what] >= TIMES:
            return True
        self._counts[what] += 1
        self._repairs.append((self._look.now.mono, what))
        return False


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
    lines += [f"{name} has no address: it is unknown, and not in the table" for name in plan.nowhere]
    return tuple(lines) + ((memory.hands_off,) if memory.hands_off else ())
