"""Any balancer, by a program of yours.  ``balancer exec PROGRAM [ARGUMENT...]``

The program gets one JSON object on stdin and answers with one on stdout:

``{"ask": "read", "virtuals": [ID...]}``        the tables of these virtual services
``{"ask": "apply", "changes": [CHANGE...]}``    make these, in their order; the tables of their services

The answer is ``{"tables": [TABLE...], "refused": ["why"...]}``; a TABLE has an id, a service (or null) and
servers.  docs/balancers.md has the fields, and a whole program.
"""

from collections.abc import Sequence

from mon.balancer.program import run
from mon.codec import decode, encode
from mon.errors import BalancerRefused, BalancerUnreachable, StoreError
from mon.model.pool import Change, ServerEntry, ServiceEntry, Table, VirtualId
from mon.structs import Struct

LIMIT = 5.0
"""Seconds for one call."""


class Question(Struct, frozen=True):
    """What the program is asked."""

    ask: str
    virtuals: tuple[VirtualId, ...] = ()
    changes: tuple[Change, ...] = ()


class Actual(Struct, frozen=True):
    """One virtual service as the program says it is."""

    id: VirtualId
    service: ServiceEntry | None = None
    servers: tuple[ServerEntry, ...] = ()


class Answer(Struct, frozen=True):
    """What the program says; ``refused`` are the changes that it could not make, in words."""

    tables: tuple[Actual, ...] = ()
    refused: tuple[str, ...] = ()


class Exec:
    """The program.  ``limit`` is in seconds for each call."""

    def __init__(self, command: Sequence[str]) -> None:
        self.limit = LIMIT
        self._command = tuple(command)

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """Each of these virtual services as the program says."""
        answer = self._ask(Question("read", virtuals=tuple(ids)))
        said = {one.id: Table(one.service, one.servers) for one in answer.tables}
        return {id_: said.get(id_, Table(None)) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Have the changes made in their order; see ``Balancer.apply``."""
        if not changes:
            return
        answer = self._ask(Question("apply", changes=tuple(changes)))
        if answer.refused:
            raise BalancerRefused("; ".join(answer.refused))

    def close(self) -> None:
        """The program lives for one question only."""

    def _ask(self, question: Question) -> Answer:
        name = self._command[0]
        ended = run(self._command, encode(question) + b"\n", limit=self.limit)
        if ended.status:
            raise BalancerUnreachable(f"{name}: {ended.trouble}")
        try:
            return decode(ended.output, Answer)
        except StoreError as error:
            raise BalancerUnreachable(f"{name} did not answer with JSON as wanted: {error}") from error


def connect(*command: str) -> Exec:
    """The balancer that this program speaks for; it is not called yet."""
    return Exec(command)


def check(*arguments: str) -> str:
    """A program by its path is wanted: the daemon's PATH is not the operator's."""
    if not arguments or not arguments[0].startswith("/"):
        return "`balancer exec` takes the path of a program, and its arguments"
    return ""
