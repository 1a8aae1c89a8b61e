"""The table that should be, with the reason for each server."""

from collections.abc import Iterator, Mapping

from mon.model.pool import Change, Pool, ServerEntry, ServerId, ServiceEntry, Table
from mon.pool.changes import NOTHING, Owned, changes, foreign, verify
from mon.structs import Struct, field


class Wanted(Struct, frozen=True):
    """The pool that should be.

    ``why`` gives the reason for each server in words.  ``held`` are in against their votes, by the floor
    (law 1: an alert must say so), ``spared`` those that may not leave yet, and why.  ``fallback``: only the
    fallback server serves.  ``empty``: nothing serves.  ``inside``: how many members are in.  ``waiting``
    says why nothing may be done yet; "" is: apply.  ``owned`` and ``partial`` bound what may be edited on the
    way there (see ``changes``); while waiting nothing is owned, so nothing changes.  ``due`` is when time
    alone may make it another one (monotonic seconds), None is never.  ``alarms`` are told too.
    """

    table: Table
    why: Mapping[ServerId, str] = field(default_factory=dict)
    held: tuple[ServerId, ...] = ()
    spared: Mapping[ServerId, str] = field(default_factory=dict)
    fallback: bool = False
    waiting: str = ""
    owned: Owned = NOTHING
    partial: bool = False
    due: float | None = None
    inside: int = 0
    alarms: tuple[str, ...] = ()

    def changes(self, actual: Table) -> tuple[Change, ...]:
        """The edits that make ``actual`` this pool."""
        return changes(self.table, actual, owned=self.owned, partial=self.partial, why=self.why)

    def differences(self, actual: Table) -> tuple[str, ...]:
        """What is not so in a table read back; () is as it should be."""
        return verify(self.table, actual, owned=self.owned, partial=self.partial)

    def foreign(self, actual: Table) -> tuple[ServerEntry, ...]:
        """The servers in ``actual`` that others installed."""
        return foreign(self.table, actual, owned=self.owned)

    @property
    def empty(self) -> bool:
        """Does nothing serve, not even the fallback?"""
        return not any(server.weight for server in self.table.servers)

    @property
    def outlook(self) -> str:
        """What people must be told about the pool as a whole; "" when the votes alone decide."""
        return "; ".join((*self._spared(), *self._overrides(), *self.alarms))

    @property
    def concerns(self) -> str:
        """The same without what is to be said of the floor."""
        return "; ".join((*self._spared(), *(() if self.held else self._overrides()), *self.alarms))

    @property
    def overrides(self) -> str:
        """What is to be said of who serves, by floor or fallback."""
        return "; ".join(self._overrides())

    def _spared(self) -> Iterator[str]:
        for why in dict.fromkeys(self.spared.values()):
            names = ", ".join(str(id_) for id_ in sorted(self.spared) if self.spared[id_] == why)
            yield f"{names} stays in against the votes: {why}"

    def _overrides(self) -> Iterator[str]:
        if self.waiting:
            return
        if self.held:
            yield f"the floor keeps {', '.join(map(str, self.held))} in against the votes"
        elif self.fallback:
            yield "no server is healthy: only the fallback serves"
        elif self.empty:
            yield "no server is healthy, and there is no fallback: nothing serves"


def service_entry(pool: Pool) -> ServiceEntry:
    """The virtual service as a balancer has it: a netmask only where it means something."""
    full = 128 if pool.id.family6 or ":" in pool.id.address else 32
    netmask = None if pool.persistent is None or pool.netmask == full else pool.netmask
    return ServiceEntry(pool.id, pool.scheduler, pool.persistent, netmask)
