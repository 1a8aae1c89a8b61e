"""Balancers: one file per kind, found by its name.  Adding one is adding a file here.

A kind's file defines ``def connect(*arguments: str) -> Balancer`` (and nothing happens to a balancer
before its first ``read``).  It may define ``def check(*arguments: str) -> str``, what is wrong with its
words in mon.cf, ``def advice(pools: Sequence[Pool]) -> list[Problem]``, what the machine lacks for it, and
``def commands(changes: Sequence[Change]) -> tuple[str, ...]``, the same changes as a shell's commands.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Protocol, runtime_checkable

from mon.errors import BalancerError, BalancerRefused
from mon.model.pool import Change, Pool, Table, VirtualId
from mon.model.source import Problem


@runtime_checkable
class Balancer(Protocol):
    """A balancer's table: read and edited, never replaced.  Called from one thread at a time; it may block.

    Every failure is a BalancerError with a text for the operator: BalancerUnreachable when it does not
    answer or we may not talk to it, BalancerRefused when it answers no.
    """

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """Each of these virtual services as it is; one that is not there has the empty table."""
        ...

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes in their order.

        One that is refused does not stop the others; all refusals are raised together at the end.
        """
        ...

    def close(self) -> None:
        """Let go of sockets; the table stays as it is."""
        ...


def open_balancer(words: Sequence[str]) -> Balancer:
    """The balancer that a ``balancer`` line names: its kind, and what the kind wants to know.

    Raises BalancerError when there is no such kind, or the words are not for it.
    """
    trouble = check(words)
    if trouble:
        raise BalancerError(trouble)
    connect: Callable[..., Balancer] = _kind(words[0]).connect
    return connect(*words[1:])


def check(words: Sequence[str]) -> str:
    """What is wrong with the words of a ``balancer`` line, "" if nothing is."""
    if not words:
        return f"no balancer is named: one of {', '.join(kinds())} is wanted"
    if words[0] not in kinds():
        return f"no balancer of kind {words[0]!r}: one of {', '.join(kinds())} is wanted"
    ask: Callable[..., str] | None = getattr(_kind(words[0]), "check", None)
    return ask(*words[1:]) if ask is not None else ""


def misnamed(pools: Iterable[Pool]) -> list[Problem]:
    """The ``balancer`` lines that name no balancer, as errors."""
    remedy = "write it as in docs/balancers.md"
    found = ((pool, check(pool.balancer)) for pool in pools)
    return [Problem(pool.source, f"pool {pool.name}: {why}", remedy) for pool, why in found if why]


def advice(pools: Iterable[Pool]) -> list[Problem]:
    """What this machine lacks for these pools, as warnings; asked of each kind about its own."""
    by_kind: dict[str, list[Pool]] = {}
    for pool in pools:
        if not check(pool.balancer):
            by_kind.setdefault(pool.balancer[0], []).append(pool)
    found: list[Problem] = []
    for kind, theirs in by_kind.items():
        ask: Callable[[Sequence[Pool]], list[Problem]] | None = getattr(_kind(kind), "advice", None)
        found += ask(theirs) if ask is not None else []
    return found


def commands(words: Sequence[str], changes: Sequence[Change]) -> tuple[str, ...]:
    """The same changes as a shell's commands, where the kind has such; else none."""
    ask: Callable[[Sequence[Change]], tuple[str, ...]] | None = getattr(_kind(words[0]), "commands", None)
    return ask(changes) if ask is not None else ()


def kinds() -> tuple[str, ...]:
    """The kinds there are: the files of this folder that can connect."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(name for name in names if hasattr(_kind(name), "connect"))


def each_applied(changes: Iterable[Change], apply: Callable[[Change], None]) -> None:
    """Apply changes one by one for a back-end; refusals are gathered and raised as one."""
    refused: list[str] = []
    for change in changes:
        try:
            apply(change)
        except BalancerRefused as error:
            refused.append(str(error))
    if refused:
        raise BalancerRefused("; ".join(refused))


def _kind(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
