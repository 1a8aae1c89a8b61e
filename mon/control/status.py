"""What ``mon status`` shows: everything at one moment, as values."""

from mon.control.operations import Operations, PoolView
from mon.control.portions import in_portions
from mon.engine import HostState
from mon.model.config import Key
from mon.structs import Struct


class HostStatus(Struct, frozen=True):
    """What a service last found out about one host.  ``since`` is when that verdict began, wall seconds."""

    host: str
    verdict: str
    detail: str = ""
    since: float | None = None
    duration: float = 0.0
    disabled: bool = False


class ServiceStatus(Struct, frozen=True):
    """A service.  ``next`` is in seconds, None for no run planned; times are wall seconds, 0.0 for never.

    ``ack`` is who knows of the failure (since ``acked``) and what, ``silence`` why failures are not told now.
    """

    watch: str
    service: str
    opstatus: str
    summary: str
    hosts: tuple[HostStatus, ...]
    since: float
    last_check: float
    next: float | None
    running: bool
    disabled: bool
    description: str = ""
    ack: str = ""
    alerts_sent: int = 0
    acked: float = 0.0
    silence: str = ""


class Status(Struct, frozen=True):
    """The daemon.  ``stopped_since`` is None while the scheduler runs; ``pending`` counts the outbox.

    ``disk`` is why the state cannot be saved.
    """

    now: float
    stopped_since: float | None
    services: tuple[ServiceStatus, ...]
    pools: tuple[PoolView, ...]
    pending: int
    disk: str = ""


async def status(operations: Operations) -> Status:
    """Everything as it is now; a service that a reload removes meanwhile is left out."""
    book = operations.book
    keys = (key for key in tuple(book.services) if key in book.services)
    services = [row async for row in in_portions(service_status(operations, key) for key in keys)]
    return Status(
        now=operations.now().wall,
        stopped_since=None if book.running else book.stopped_since,
        services=tuple(services),
        pools=tuple(operations.pools()),
        pending=len(operations.pending()),
        disk=operations.records.outbox.trouble or operations.records.history.trouble,
    )


def service_status(operations: Operations, key: Key) -> ServiceStatus:
    """One service as it is now."""
    book, (watch, name) = operations.book, key
    service, state = book.services[key], book.states[key]
    hosts = _hosts(operations, key)
    return ServiceStatus(
        watch=watch,
        service=name,
        opstatus=state.opstatus.name.lower(),
        summary=state.last_summary,
        hosts=hosts,
        since=state.first_failure or max((host.since or 0.0 for host in hosts), default=0.0),
        last_check=state.last_check,
        next=operations.due_in(key),
        running=operations.running(key) is not None,
        disabled=watch in book.disabled_watches or key in book.disabled_services,
        description=service.description,
        ack=state.ackcomment,
        alerts_sent=state.alerts_sent,
        acked=state.ack,
        silence=book.silences.said(key, operations.now()),
    )


def _hosts(operations: Operations, key: Key) -> tuple[HostStatus, ...]:
    book, watch = operations.book, key[0]
    off = book.disabled_members
    return tuple(
        _host(host.name, book.host_states.get((*key, host.name)), disabled=(watch, host.name) in off)
        for host in book.config.hosts(watch)
    )


def _host(name: str, state: HostState | None, *, disabled: bool) -> HostStatus:
    if state is None:
        return HostStatus(name, "untested", disabled=disabled)
    return HostStatus(name, state.verdict.value, state.detail, state.since.wall, state.duration, disabled)
