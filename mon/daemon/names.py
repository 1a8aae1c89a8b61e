"""The one owner of the addresses of real servers: balancers and checks have them from here.

A name's address is settled when mon.cf is read.  A name that had none gets it as soon as it is known; one
that has another address now is told of, and followed only where every pool of it says ``follow-dns yes`` and
can spare the server (decision 025).
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

from mon.catalog import pools_anew
from mon.catalog.addresses import targets
from mon.daemon import events
from mon.daemon.loading import Loaded
from mon.daemon.lookups import Addresses
from mon.daemon.saved import save_addresses
from mon.errors import Unknown
from mon.model.moment import Moment
from mon.model.pool import Member, Pool
from mon.pool.pools import Pools
from mon.pool.spare import spares
from mon.pool.state import entries
from mon.probe.address import numeric
from mon.probe.resolver import Resolver
from mon.structs import replace

LOOK = 30.0
"""Seconds between two looks whether names have other addresses."""

SOON = 5.0
"""... while a name has none."""

PATIENCE = 5.0

SURE = 2
"""An address is another one when so many looks in a row say so: some servers tell a part of many in turn."""


class Names:
    """Looks after the names of ``pools``.

    ``apply`` puts a configuration with other addresses in force; ``heed`` is told the pools of which there is
    something else to be said, ``pin`` the addresses that checks are to use, ``moved_hosts`` for which hosts a
    check that asks the resolver itself speaks of another machine than the pool's.
    """

    def __init__(
        self,
        pools: Pools,
        clock: Callable[[], Moment],
        *,
        apply: Callable[[Loaded, str], None],
        heed: Callable[[set[str]], None],
        pin: Callable[[Mapping[str, Addresses]], None],
        moved_hosts: Callable[[Mapping[str, str]], None],
        resolver: Resolver | None = None,
    ) -> None:
        self._pools = pools
        self._clock = clock
        self._apply, self._heed, self._pin, self._moved_hosts = apply, heed, pin, moved_hosts
        self._resolver = resolver or Resolver(threads=4, good_for=0.0)
        self._loaded: Loaded | None = None
        self._targets: dict[str, str] = {}
        self._elsewhere: dict[str, Addresses] = {}  # what a name is now, if that is not followed
        self._absent: dict[str, int] = {}  # how often in a row the settled address was not among the answers
        self._saved: dict[str, Addresses] = {}
        self._trouble = ""
        self._looking = False
        self._due = 0.0

    def adopt(self, loaded: Loaded) -> None:
        """This configuration is in force, with the addresses that it was linked with."""
        self._loaded = loaded
        self._targets = targets(loaded.plan.config)
        settled = self._settled()
        self._absent = {name: times for name, times in self._absent.items() if name in settled}
        self._pin(settled)
        self._elsewhere = {
            name: found
            for name, found in self._elsewhere.items()
            if not set(settled.get(name, ())) & {*found}
        }
        self._tell()

    async def look(self) -> None:
        """Once a second: ask for the names whose time has come, and do what follows from the answers."""
        now = self._clock().mono
        if self._loaded is None or self._looking or now < self._due:
            return
        self._looking = True
        try:
            await self._ask(self._loaded)
            await self._save()
        finally:
            self._looking = False
            self._due = self._clock().mono + (SOON if self._unsettled() else LOOK)

    def _unsettled(self) -> bool:
        """Is something to be expected soon?"""
        assert self._loaded is not None
        missing = any(pool.nowhere for pool in self._loaded.plan.pools)
        return missing or any(0 < times < SURE for times in self._absent.values())

    def close(self) -> None:
        """Ask no more."""
        self._resolver.close()

    # -- what is asked ------------------------------------------------------------------------

    def _used(self, plans: tuple[Pool, ...]) -> Iterator[tuple[Pool, str, Member | None]]:
        """Every real server: its pool, the name that is looked up for it, and itself if it has an address."""
        for pool in plans:
            for member in entries(pool):
                yield pool, self._targets.get(member.name, member.name), member
            for name in pool.nowhere:
                yield pool, self._targets.get(name, name), None

    def _settled(self) -> dict[str, Addresses]:
        """The addresses in force of the names that are no addresses themselves."""
        found: dict[str, dict[str, None]] = {}
        for _, name, member in self._used(self._loaded.plan.pools if self._loaded else ()):
            if member is not None and not numeric(name):
                found.setdefault(name, {})[member.id.address] = None
        return {name: tuple(addresses) for name, addresses in found.items()}

    async def _ask(self, loaded: Loaded) -> None:
        names = {name for _, name, _ in self._used(loaded.plan.pools) if not numeric(name)}
        answers = dict(zip(names, await asyncio.gather(*map(self._answer, names)), strict=True))
        for name, found in answers.items():
            if found and self._loaded is not None:
                await self._compare(self._loaded, name, found)

    async def _answer(self, name: str) -> Addresses:
        """Its addresses now; () if nobody says: what is settled then stays."""
        try:
            return await self._resolver.resolve(name, timeout=PATIENCE)
        except Unknown:
            return ()

    # -- what follows ---------------------------------------------------------------------------

    async def _compare(self, loaded: Loaded, name: str, found: Addresses) -> None:
        """What there is to do about one answer."""
        mine = [(pool, member) for pool, used, member in self._used(loaded.plan.pools) if used == name]
        moved = [
            (pool, member) for pool, member in mine if member is not None and member.id.address not in found
        ]
        missing = any(member is None for _, member in mine)
        self._absent[name] = self._absent.get(name, 0) + 1 if moved else 0
        if 0 < self._absent[name] < SURE and not missing:
            return
        reachable = all(_of_family(found, member) for _, member in moved)
        if moved and not (reachable and self._may_follow(mine, moved)):
            known = loaded.addresses.get(name, ())
            if missing and not known:
                await self._settle(loaded, name, found)
            if self._elsewhere.get(name) != found:
                self._elsewhere[name] = found
                self._tell()
            return
        if self._elsewhere.pop(name, None):
            self._tell()
        if moved or (missing and loaded.addresses.get(name) != found):
            await self._settle(loaded, name, found)

    def _may_follow(self, mine: list[tuple[Pool, Member | None]], moved: list[tuple[Pool, Member]]) -> bool:
        """Do all pools of the name follow it, and can those with the old address spare the server?"""
        now = self._clock()
        return all(pool.follow_dns for pool, _ in mine) and all(
            spares(self._pools, pool.name, member.id, now) for pool, member in moved
        )

    async def _settle(self, loaded: Loaded, name: str, found: Addresses) -> None:
        """From now on this is where the name is, for pools and checks alike."""
        addresses = {**loaded.addresses, name: found}
        plans = await asyncio.to_thread(pools_anew, loaded.plan, lambda each: addresses.get(each, ()))
        if self._loaded is loaded:  # else a reload came meanwhile, with answers of its own
            said = f"{name} is {', '.join(found)} now"
            events.say(logging.WARNING, "names", f"{said}: pools and checks go there", name=name)
            self._apply(replace(loaded, plan=replace(loaded.plan, pools=plans), addresses=addresses), said)

    def _tell(self) -> None:
        """Let pools say which names are elsewhere now, and checks know whose votes cannot count."""
        assert self._loaded is not None
        remarks: dict[str, list[str]] = {pool.name: [] for pool in self._loaded.plan.pools}
        for pool, name, member in self._used(self._loaded.plan.pools):
            found = self._elsewhere.get(name, ())
            if member is not None and found and member.id.address not in found:
                remarks[pool.name].append(_remark(pool, member, found))
        now = self._clock()
        changed = {name for name, lines in remarks.items() if self._pools.remark(name, tuple(lines), now)}
        for name in sorted(changed):
            for line in remarks[name]:
                events.say(logging.WARNING, "names", f"pool {name}: {line}", pool=name)
        self._moved_hosts(self._pools_elsewhere())
        self._heed(changed)

    def _pools_elsewhere(self) -> dict[str, str]:
        """Hosts by name, whose names are elsewhere now."""
        if self._loaded is None or not self._elsewhere:
            return {}
        hosts = (host for group in self._loaded.plan.config.hostgroups.values() for host in group.hosts)
        names = {host.name: host.target for host in hosts if host.target in self._elsewhere}
        return {
            host: f"{name} is {', '.join(self._elsewhere[name])} now, not the pool's server"
            for host, name in names.items()
        }

    async def _save(self) -> None:
        """For a start without a resolver; a disk that does not take it costs nothing else."""
        settled = self._settled()
        if self._loaded is None or not settled or settled == self._saved:
            return
        try:
            await asyncio.to_thread(save_addresses, self._loaded.places.addresses, settled)
            self._saved, self._trouble = settled, ""
        except OSError as error:
            said = f"the addresses of real servers cannot be saved: {error.strerror}"
            if said != self._trouble:
                self._trouble = said
                events.say(logging.ERROR, "names", said)


def _of_family(found: Addresses, member: Member) -> bool:
    return any((":" in address) == (":" in member.id.address) for address in found)


def _remark(pool: Pool, member: Member, found: Addresses) -> str:
    said = f"{member.name} is {', '.join(found)} now"
    stays = f"the pool and its checks stay with {member.id.address}"
    if not _of_family(found, member):
        return f"{said}, which this virtual service cannot reach: {stays}"
    if pool.follow_dns:
        return f"{said}: {stays} until the pool can spare it (follow-dns)"
    return f"{said}: {stays} until `mon reload`"
