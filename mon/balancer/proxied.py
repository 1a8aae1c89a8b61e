"""What a proxy has no word for, remembered: a table of HAProxy or nginx read as the pools write it.

A proxy has one way of forwarding, and its balancing algorithm, persistence and limits stand in its own
configuration.  What a pool says of these is kept for this process and given back, so that only what the
proxy can be told is ever a difference.  Before it is told, the scheduler of a service reads as "".
"""

from collections.abc import Sequence

from mon.errors import BalancerRefused
from mon.model.pool import Change, Forward, Pool, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.model.source import Problem, Severity
from mon.pool.changes import describe
from mon.structs import replace


class Told:
    """What was told about one virtual service that its proxy could not be told."""

    def __init__(self) -> None:
        self._service: ServiceEntry | None = None
        self._servers: dict[ServerId, ServerEntry] = {}

    def tell(self, change: Change) -> None:
        """Remember a change that was made."""
        if change.server is None:
            self._service = None if change.verb is Verb.DELETE_SERVICE else change.service
        elif change.verb is Verb.DELETE_SERVER:
            self._servers.pop(change.server.id, None)
        else:
            self._servers[change.server.id] = change.server

    def table(self, id_: VirtualId, servers: Sequence[ServerEntry]) -> Table:
        """The table with these servers, as the proxy gave them, and what was told beside.

        A service without servers is there only if it was told of.
        """
        service = self._service if self._service and self._service.id == id_ else None
        if service is None and not servers:
            return Table(None)
        return Table(service or ServiceEntry(id_, ""), tuple(self._completed(one) for one in servers))

    def _completed(self, server: ServerEntry) -> ServerEntry:
        told = self._servers.get(server.id)
        if told is None:
            return server
        return replace(server, forward=told.forward, lower=told.lower, upper=told.upper)


def check_service(change: Change, *, there: bool) -> None:
    """Refuse an edit of the service itself that no balancer would take.  Raises BalancerRefused."""
    if (change.verb is Verb.ADD_SERVICE) is there:
        raise BalancerRefused(f"{describe(change)}: it is {'already' if there else 'not'} there")


def shared(pools: Sequence[Pool]) -> list[Problem]:
    """A warning for each pool that has the same place in the same proxy as one before it."""
    seen: dict[tuple[str, ...], str] = {}
    found = []
    for pool in pools:
        before = seen.setdefault(pool.balancer, pool.name)
        if before != pool.name:
            what = f"pools {before} and {pool.name} are both `balancer {' '.join(pool.balancer)}`"
            found.append(Problem(pool.source, what, "give each pool a place of its own", Severity.WARNING))
    return found


def no_forwarding(pools: Sequence[Pool]) -> list[Problem]:
    """A warning for each pool that asks a proxy to forward packets otherwise than a proxy does."""
    return [
        Problem(
            pool.source,
            f"pool {pool.name}: `forward` means nothing for {pool.balancer[0]}, which is a proxy",
            "leave it out",
            Severity.WARNING,
        )
        for pool in pools
        if any(member.forward is not Forward.MASQ for member in pool.members)
    ]
