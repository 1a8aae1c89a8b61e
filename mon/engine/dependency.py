"""Does what a service depends on work?  Evaluated over all services, as deep as dep_recur_limit allows.

A service named in an expression counts as good if its own status is good and its own dependency of the
same kind holds; one that does not exist counts as failing (PROTOCOL §11).
"""

import re
from collections.abc import Iterator, Mapping

from mon.depend import Expression, compiled
from mon.engine.state import ServiceState
from mon.model.config import Key, Service, Settings
from mon.model.moment import Moment
from mon.model.result import OpStatus
from mon.structs import Struct

FIELD = {"a": "alertdepend", "m": "monitordepend", "hm": "hostdepend"}
"""Where the expression of each kind is kept."""


DEEPEST = 100
"""Levels, whatever dep_recur_limit says: Python's stack would end at some 300."""

_Known = dict[tuple[Key, int], bool]
"""Whether a service is good at a depth, in one evaluation: many may name the same."""


class Unsolved(Exception):
    """The expression has no value: it goes round in circles or cannot be read."""


def expression(service: Service, kind: str, default: str) -> str:
    """The expression of a service that is about ``kind`` ("a", "m" or "hm"), "" if it has none.

    ``default`` is the global dep_behavior.
    """
    depends = service.dependencies
    if depends.depend and (depends.behavior or default) == kind:
        return depends.depend
    own: str = getattr(depends, FIELD[kind])
    return own


def suppresses(service: Service, default: str) -> str:
    """The expression whose failure holds the service's alerts, "" if it has none."""
    return expression(service, "a", default)


class World(Struct, frozen=True):
    """All services at one moment, as dependencies see them."""

    services: Mapping[Key, Service]
    states: Mapping[Key, ServiceState]
    settings: Settings
    now: Moment

    def holds(self, service: Service, kind: str) -> bool:
        """Does the expression of this kind hold?  A service without one depends on nothing.

        Raises Unsolved.
        """
        return self._holds(service, kind, 0, {})

    def _holds(self, service: Service, kind: str, depth: int, known: _Known) -> bool:
        text = expression(service, kind, self.settings.dep_behavior)
        if not text:
            return True
        if depth > min(self.settings.dep_recur_limit, DEEPEST):
            raise Unsolved(f"recursion too deep for {text!r}")
        tree = parsed(text)
        # All names first: whether it is too deep must not depend on the order of operands.
        values = {name: self._good(named(name, service.watch), kind, depth, known) for name in tree.names}
        return tree.holds(values.__getitem__)

    def _good(self, key: Key, kind: str, depth: int, known: _Known) -> bool:
        """Is it good, and what it depends on?  Worked out once at each depth, however many name it."""
        if (key, depth) not in known:
            service, state = self.services.get(key), self.states.get(key)
            known[key, depth] = (
                service is not None
                and state is not None
                and self._holds(service, kind, depth + 1, known)
                and state.opstatus.good
                and not self._remembered(service, state)
            )
        return known[key, depth]

    def _remembered(self, service: Service, state: ServiceState) -> bool:
        """dep_memory: it counts as failing for a while after its last failure."""
        memory = service.dependencies.memory
        if memory is None:
            memory = self.settings.dep_memory
        return bool(memory) and state.failed is not None and self.now.mono - state.failed.mono < memory

    def culprits(self, service: Service, kind: str) -> tuple[Key, ...]:
        """The services at the bottom of it when the expression of this kind fails, () if it holds."""
        try:
            if self.holds(service, kind):
                return ()
            return tuple(self._bottom(service, kind, set(), {}))
        except Unsolved:
            return ()

    def _bottom(self, service: Service, kind: str, seen: set[Key], known: _Known) -> Iterator[Key]:
        for name in parsed(expression(service, kind, self.settings.dep_behavior)).names:
            key = named(name, service.watch)
            if key in seen:
                continue
            seen.add(key)
            below = self.services.get(key)
            if self._good(key, kind, 0, known):
                continue
            if below is None or self._holds(below, kind, 0, known):
                yield key
            else:
                yield from self._bottom(below, kind, seen, known)

    def left_out(self, service: Service) -> Iterator[str]:
        """Summaries of the failing services that ``hostdepend`` (or ``depend`` with ``hm``) names.

        Raises Unsolved.
        """
        text = expression(service, "hm", self.settings.dep_behavior)
        for name in parsed(text).names if text else ():
            key = named(name, service.watch)
            below, state = self.services.get(key), self.states.get(key)
            if below is None or state is None:
                continue
            if state.opstatus is OpStatus.FAIL:
                yield state.last_summary
            elif self._remembered(below, state):
                yield state.failed_summary


def endless(services: Mapping[Key, Service], settings: Settings, kind: str) -> frozenset[Key]:
    """The services whose expression of this kind never has a value: a circle, or more levels than allowed."""
    texts = {key: expression(each, kind, settings.dep_behavior) for key, each in services.items()}
    needs = {key: {named(name, key[0]) for name in _names(text)} for key, text in texts.items() if text}
    deeper = frozenset(needs)
    for _ in range(min(settings.dep_recur_limit, DEEPEST) + 1):
        before, deeper = deeper, frozenset(key for key in deeper if needs[key] & deeper)
        if before == deeper:
            break
    return deeper


def parsed(text: str) -> Expression:
    """The expression; Unsolved where ``depend.compiled`` has a ValueError."""
    try:
        return compiled(text)
    except ValueError as error:
        raise Unsolved(str(error)) from error


def children(services: Mapping[Key, Service], default: str) -> Mapping[Key, tuple[Key, ...]]:
    """Whose alerts depend on whom, directly or through others.  ``default`` is the global dep_behavior."""
    direct: dict[Key, dict[Key, None]] = {}
    for service in services.values():
        text = suppresses(service, default)
        for name in _names(text) if text else ():
            direct.setdefault(named(name, service.watch), {})[service.key] = None
    return {key: _reached(direct, key) for key in direct}


def _names(text: str) -> tuple[str, ...]:
    try:
        return parsed(text).names
    except Unsolved:
        return ()


def _reached(direct: Mapping[Key, Mapping[Key, None]], key: Key) -> tuple[Key, ...]:
    found: dict[Key, None] = {}
    ahead = [key]
    while ahead:
        for child in direct.get(ahead.pop(), ()):
            if child not in found and child != key:
                found[child] = None
                ahead.append(child)
    return tuple(found)


def named(name: str, watch: str) -> Key:
    """The key of ``group:service``; SELF is the own watch."""
    group, _, service = name.partition(":")
    return (watch if group == "SELF" else group, service)


def mentions(summary: str, host: str) -> bool:
    """Does the host stand in the summary as a whole word?  ``web1`` is not in ``web10 is down``."""
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", summary) is not None
