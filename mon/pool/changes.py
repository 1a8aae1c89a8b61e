"""From the table that is to the table that should be: set arithmetic, nothing else (law 3)."""

from collections.abc import Iterable, Mapping

from mon.model.pool import Change, ServerEntry, ServerId, ServiceEntry, Table, Verb
from mon.structs import Struct, replace


class Owned(Struct, frozen=True):
    """What of a virtual service is ours to delete: the service itself, and these servers.

    What the configuration names may always be added and set; all else is left alone.
    """

    service: bool = False
    servers: frozenset[ServerId] = frozenset()


NOTHING = Owned()


def changes(
    wanted: Table,
    actual: Table,
    *,
    owned: Owned = NOTHING,
    partial: bool = False,
    why: Mapping[ServerId, str] | None = None,
) -> tuple[Change, ...]:
    """The edits that make ``actual`` what ``wanted`` says, in an order that never empties the pool between.

    Adds and raises come first, then lowers, then deletions.  Servers that ``wanted`` does not name are
    deleted only if they are owned.  Of a ``partial`` pool only who is in is ours: what is there keeps its
    scheduler, forwarding and weight (as the classic scripts did).  ``why`` gives the reasons.
    """
    reasons = why or {}
    if wanted.service is None:
        return _withdrawal(actual, owned, reasons)
    service = _service_changes(wanted.service, actual.service, partial)
    entry = actual.service if partial and actual.service is not None else wanted.service
    there = {server.id: server for server in actual.servers}
    named = {server.id for server in wanted.servers}
    upward: list[Change] = []
    downward: list[Change] = []
    for meant in wanted.servers:
        now = there.get(meant.id)
        server = _shaped(meant, now) if partial and now is not None else meant
        if now is None:
            # One that comes with weight 0 serves nobody: it may wait until the others stand.
            (upward if server.weight else downward).append(_edit(Verb.ADD_SERVER, entry, server, reasons))
        elif now != server:
            (upward if server.weight >= now.weight else downward).append(
                _edit(Verb.SET_SERVER, entry, server, reasons)
            )
    gone = [
        _edit(Verb.DELETE_SERVER, entry, server, reasons)
        for server in actual.servers
        if server.id not in named and server.id in owned.servers
    ]
    return (*service, *upward, *downward, *gone)


def applied(table: Table, edits: Iterable[Change]) -> Table:
    """The table after the edits, as a balancer that does what it is told would have it.

    Raises ValueError for an edit that no balancer would take: a second entry of a name, one of an absent one.
    """
    rows = Rows(table)
    for edit in edits:
        rows.edit(edit)
    return rows.table


class Rows:
    """A table while it is edited, each edit at the same cost."""

    def __init__(self, table: Table) -> None:
        self._service = table.service
        self._servers = {server.id: server for server in table.servers}

    @property
    def table(self) -> Table:
        """What has become of it."""
        return Table(self._service, tuple(self._servers.values()))

    def edit(self, edit: Change) -> None:
        """Make one edit; raises ValueError for one that no balancer would take."""
        if edit.server is None:
            self._edit_service(edit)
            return
        there = edit.server.id in self._servers
        if self._service is None or (edit.verb is Verb.ADD_SERVER) is there:
            raise ValueError(f"{describe(edit)}: it is {'already' if there else 'not'} there")
        if edit.verb is Verb.DELETE_SERVER:
            del self._servers[edit.server.id]
        else:
            self._servers[edit.server.id] = edit.server

    def _edit_service(self, edit: Change) -> None:
        there = self._service is not None
        if (edit.verb is Verb.ADD_SERVICE) is there:
            raise ValueError(f"{describe(edit)}: it is {'already' if there else 'not'} there")
        if edit.verb is Verb.DELETE_SERVICE:
            self._service, self._servers = None, {}
        else:
            self._service = edit.service


def verify(wanted: Table, actual: Table, *, owned: Owned = NOTHING, partial: bool = False) -> tuple[str, ...]:
    """What is not as it should be in a table read back, one line each; () is law 3 kept."""
    there = {server.id: server for server in actual.servers}
    return tuple(
        _difference(edit, actual.service, there)
        for edit in changes(wanted, actual, owned=owned, partial=partial)
    )


def foreign(wanted: Table, actual: Table, *, owned: Owned = NOTHING) -> tuple[ServerEntry, ...]:
    """The servers that others installed: to be reported, never touched."""
    ours = {server.id for server in wanted.servers} | owned.servers
    return tuple(server for server in actual.servers if server.id not in ours)


def describe(edit: Change) -> str:
    """One change in words: ``set server 10.0.0.1:80 weight 0 of tcp 10.0.0.9:80 (out: ...)``."""
    if edit.server is None:
        words = f"{edit.verb} {edit.service.id} {edit.service.scheduler}"
    elif edit.verb is Verb.DELETE_SERVER:
        words = f"{edit.verb} {edit.server.id} of {edit.service.id}"
    else:
        words = f"{edit.verb} {edit.server.id} weight {edit.server.weight} of {edit.service.id}"
    return f"{words} ({edit.why})" if edit.why else words


def _service_changes(wanted: ServiceEntry, actual: ServiceEntry | None, partial: bool) -> tuple[Change, ...]:
    if actual is None:
        return (Change(Verb.ADD_SERVICE, wanted),)
    # No scheduler: a proxy whose settings stand in its own configuration, so there is nothing to edit.
    if partial or actual == wanted or not actual.scheduler:
        return ()
    return (Change(Verb.SET_SERVICE, wanted),)


def _withdrawal(actual: Table, owned: Owned, reasons: Mapping[ServerId, str]) -> tuple[Change, ...]:
    """Our servers go; the service goes with them if it is ours and nobody else's server is in it."""
    if actual.service is None:
        return ()
    gone = [
        _edit(Verb.DELETE_SERVER, actual.service, server, reasons)
        for server in actual.servers
        if server.id in owned.servers
    ]
    if owned.service and len(gone) == len(actual.servers):
        return (*gone, Change(Verb.DELETE_SERVICE, actual.service))
    return tuple(gone)


def _shaped(server: ServerEntry, now: ServerEntry) -> ServerEntry:
    """A server of a partial pool that is there: only in or out is ours to say."""
    return replace(now, weight=now.weight if server.weight and now.weight else server.weight)


def _edit(verb: Verb, service: ServiceEntry, server: ServerEntry, reasons: Mapping[ServerId, str]) -> Change:
    return Change(verb, service, server, reasons.get(server.id, ""))


def _difference(edit: Change, service: ServiceEntry | None, there: Mapping[ServerId, ServerEntry]) -> str:
    """What a change that is still needed says about the table."""
    if edit.server is None:
        return {
            Verb.ADD_SERVICE: f"{edit.service.id} is not there",
            Verb.DELETE_SERVICE: f"{edit.service.id} is still there",
        }.get(edit.verb, f"{edit.service.id} is {_settings(service)}, not {_settings(edit.service)}")
    if edit.verb is Verb.ADD_SERVER:
        return f"{edit.server.id} is not in {edit.service.id}"
    if edit.verb is Verb.DELETE_SERVER:
        return f"{edit.server.id} is still in {edit.service.id}"
    now = there[edit.server.id]
    return f"{edit.server.id} of {edit.service.id} has {_shape(now)}, not {_shape(edit.server)}"


def _settings(entry: ServiceEntry | None) -> str:
    if entry is None:
        return "absent"
    persistent = "" if entry.persistent is None else f" persistent {entry.persistent}"
    return entry.scheduler + persistent + ("" if entry.netmask is None else f" netmask {entry.netmask}")


def _shape(server: ServerEntry) -> str:
    limits = f" lower {server.lower} upper {server.upper}" if server.lower or server.upper else ""
    return f"weight {server.weight} {server.forward}{limits}"
