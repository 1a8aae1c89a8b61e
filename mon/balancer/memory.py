"""The dry run: a table in memory that behaves as the kernel's does.  ``balancer memory``"""

from collections.abc import Sequence
from functools import partial

from mon.balancer import each_applied
from mon.errors import BalancerRefused
from mon.model.pool import Change, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Rows, describe


class Memory:
    """Virtual services in a dictionary.  ``tables`` may be looked at, and edited as if by someone else."""

    def __init__(self) -> None:
        self.tables: dict[VirtualId, Table] = {}

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """Each of these virtual services as it is."""
        return {id_: self.tables.get(id_, Table(None)) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes; second entries and absent ones are refused, as the kernel does."""
        rows: dict[VirtualId, Rows] = {}
        try:
            each_applied(changes, partial(self._apply, rows))
        finally:
            tables = {id_: edited.table for id_, edited in rows.items()}
            self.tables.update(tables)
            for id_ in [id_ for id_, table in tables.items() if table.service is None]:
                del self.tables[id_]

    def close(self) -> None:
        """There is nothing to let go of."""

    def _apply(self, rows: dict[VirtualId, Rows], change: Change) -> None:
        id_ = change.service.id
        fault = _fault(change)
        if fault:
            raise BalancerRefused(f"{describe(change)}: {fault}")
        try:
            if id_ not in rows:
                rows[id_] = Rows(self.tables.get(id_, Table(None)))
            rows[id_].edit(change)
        except ValueError as error:
            raise BalancerRefused(str(error)) from error


def connect() -> Memory:
    """A new, empty table."""
    return Memory()


def check(*arguments: str) -> str:
    """``memory`` takes no words."""
    return f"`balancer memory` takes no words: {' '.join(arguments)}" if arguments else ""


def _fault(change: Change) -> str:
    """What the kernel would not take of a record, whatever is in the table."""
    server = change.server
    if server is None:
        return _service_fault(change.service) if change.verb is not Verb.DELETE_SERVICE else ""
    if server.weight < 0:
        return "a weight cannot be negative"
    return "lower is above upper" if server.upper and server.lower > server.upper else ""


def _service_fault(service: ServiceEntry) -> str:
    return "" if service.scheduler else "no scheduler"
