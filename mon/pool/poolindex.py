"""Which pools a result concerns, however many there are."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from mon.model.config import Key
from mon.pool.state import PoolState
from mon.pool.voterindex import ResultKey

T = TypeVar("T")
States = Mapping[str, PoolState]


class PoolIndex:
    """Pools by the hosts, and by the services, that vote on them."""

    def __init__(self) -> None:
        self._hosts: dict[ResultKey, dict[str, PoolState]] = {}
        self._groups: dict[Key, dict[str, PoolState]] = {}
        self._services: dict[Key, dict[str, PoolState]] = {}

    def of_host(self, watch: str, service: str, host: str) -> States:
        """The pools that a host's result concerns, by name."""
        return self._hosts.get((watch, service, host), {})

    def of_round(self, watch: str, service: str) -> States:
        """The pools with voters that take a round of this service whole."""
        return self._groups.get((watch, service), {})

    def voters_of(self, key: Key) -> tuple[str, ...]:
        """The pools that a service votes on."""
        return tuple(self._services.get(key, ()))

    def update(self, old: States, new: States) -> None:
        """Other pools are there now; those that are the same cost a comparison."""
        for name, state in old.items():
            if new.get(name) is not state:
                _forget(self._hosts, state.voter_index.hosts, name)
                _forget(self._groups, state.voter_index.groups, name)
                _forget(self._services, _services(state), name)
        for name, state in new.items():
            if old.get(name) is not state:
                _add(self._hosts, state.voter_index.hosts, name, state)
                _add(self._groups, state.voter_index.groups, name, state)
                _add(self._services, _services(state), name, state)


def _services(state: PoolState) -> dict[Key, None]:
    return dict.fromkeys((voter.watch, voter.service) for voter in state.voters.values())


def _add(known: dict[T, dict[str, PoolState]], what: Iterable[T], name: str, state: PoolState) -> None:
    for each in what:
        known.setdefault(each, {})[name] = state


def _forget(known: dict[T, dict[str, PoolState]], what: Iterable[T], name: str) -> None:
    for each in what:
        states = known.get(each, {})
        states.pop(name, None)
        if not states:
            known.pop(each, None)
