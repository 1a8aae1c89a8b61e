"""What has news that is not submitted to the store yet: marks, from which a batch is made.

Only what changed is encoded: the work of a batch does not grow with what there is.
"""

from collections.abc import Callable, Collection, Iterable
from itertools import islice

from mon import codec
from mon.engine import Book, Group, HostKey, Silence
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.result import Transition
from mon.pool.pools import Pools
from mon.store import Batch, Disabled
from mon.structs import replace

POOLS = 50
"""Pools encoded at a time: some milliseconds of the loop."""

HOSTS = 1000
"""... and hosts."""

SILENCES = "silences"
"""The note that holds the quiet times."""

GROUP = "group "
"""... and those of groups that are told together: this, and the name."""


class Touched:
    """Marks of services, hosts and pools; of what is small the value that was submitted last.

    What was submitted is the store's to keep until the disk has it.
    """

    def __init__(self, book: Book, pools: Pools, clock: Callable[[], Moment]) -> None:
        self._book = book
        self._pools_there = pools
        self._clock = clock
        self._keys: dict[Key, None] = {}  # those that wait longest first
        self._soon: dict[Key, None] = {}
        self._hosts: dict[HostKey, None] = {}
        self._notes: list[Transition] = []  # of hosts: saved with the next batch
        self._pools: dict[str, None] = {}
        self._rows: set[str] = set()  # the pools of which the disk has a row
        self._disabled: frozenset[Disabled] = frozenset()
        self._silences: tuple[Silence, ...] = ()
        self._groups: dict[str, Group] = {}

    @property
    def hurries(self) -> bool:
        """Is there news that does not wait for the next second?"""
        return bool(self._soon or self._pools) or len(self._hosts) > HOSTS

    def service(self, key: Key) -> None:
        """It has news that can wait."""
        self._keys[key] = None

    def services(self, keys: Iterable[Key]) -> None:
        """They have news that does not wait."""
        self._soon.update(dict.fromkeys(keys))

    def pools(self, names: Iterable[str]) -> None:
        """What is ours on a balancer, a vote or an operator's word is another one now."""
        self._pools.update(dict.fromkeys(names))

    def host(self, change: Transition) -> None:
        """A host's verdict changed."""
        self._notes.append(change)
        self._hosts[change.watch, change.service, change.host] = None

    def know_pools(self, names: Iterable[str]) -> None:
        """The disk has rows of these pools."""
        self._rows.update(names)

    def everything(self) -> None:
        """The disk has nothing any more: all of it is news that does not wait."""
        self._soon.update(dict.fromkeys(self._book.states))
        self._hosts.update(dict.fromkeys(self._book.host_states))
        self._pools.update(dict.fromkeys(self._pools_there.recorded))
        self._rows.clear()
        self._disabled, self._silences, self._groups = frozenset(), (), {}

    def of_step(self, keys: Iterable[Key], pools: Iterable[str]) -> Batch:
        """The states of these services, and of the hosts with news; these pools; groups with news."""
        batch = self._batch(tuple(dict.fromkeys(keys)))
        return replace(batch, pools=self._records(tuple(pools)), notes=self._changed_groups())

    def some(self, most: int | None, *, hurried: bool = False) -> Batch | None:
        """A lot of what has news, at most so many services; None if nothing has.

        ``hurried``: no services that can wait.
        """
        self._pools.update(dict.fromkeys(self._rows.difference(self._pools_there.recorded)))
        disabled, silences = self._all_disabled(), self._book.silences.standing(self._clock())
        groups = self._changed_groups()
        quiet = silences != self._silences
        marks = self._soon or self._hosts or self._notes or self._pools or (self._keys and not hurried)
        if not (marks or groups or quiet or disabled != self._disabled):
            return None
        waiting = () if hurried else self._keys
        keys = tuple(islice(dict.fromkeys((*self._soon, *waiting)), most))
        notes = {**groups, SILENCES: codec.encode(silences)} if quiet else groups
        changed = disabled if disabled != self._disabled else None
        self._disabled, self._silences = disabled, silences
        pools = self._records(tuple(islice(self._pools, None if most is None else POOLS)))
        return replace(self._batch(keys), notes=notes, disabled=changed, pools=pools)

    def _batch(self, keys: Collection[Key]) -> Batch:
        hosts = tuple(islice(self._hosts, HOSTS))
        notes, self._notes = tuple(self._notes), []
        states, known = self._book.states, self._book.host_states
        for key in keys:
            self._keys.pop(key, None)
            self._soon.pop(key, None)
        for host in hosts:
            del self._hosts[host]
        return Batch(
            at=self._clock().wall,
            states={key: codec.encode(states[key]) if key in states else None for key in keys},
            hosts={key: codec.encode(known[key]) if key in known else None for key in hosts},
            transitions=notes,
        )

    def _records(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """What is to be saved of pools; None for one that is gone: what it owned is ours no longer."""
        there, found = self._pools_there, dict[str, bytes | None]()
        for name in names:
            self._pools.pop(name, None)
            record = there.record(name)
            if record is not None:
                found[name] = codec.encode(record)
                self._rows.add(name)
            elif name in self._rows and name not in there.names:
                found[name] = None
                self._rows.discard(name)
        return found

    def _changed_groups(self) -> dict[str, bytes | None]:
        """Of groups that are another value than the one submitted last; None for one that is gone."""
        groups, known = self._book.groups, self._groups
        news = {name: group for name, group in groups.items() if group is not known.get(name)}
        gone = known.keys() - groups.keys()
        if news or gone:
            self._groups = dict(groups)
        changed: dict[str, bytes | None] = {f"{GROUP}{name}": codec.encode(one) for name, one in news.items()}
        return changed | {f"{GROUP}{name}": None for name in gone}

    def _all_disabled(self) -> frozenset[Disabled]:
        book = self._book
        return frozenset(
            (
                *(("host", group, host) for group, host in book.disabled_members),
                *(("watch", watch, "") for watch in book.disabled_watches),
                *(("service", *key) for key in book.disabled_services),
            )
        )
