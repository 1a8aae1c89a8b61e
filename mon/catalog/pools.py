"""Vote lines and ``virtual`` blocks to pools: members with pinned addresses, and who votes on them.

A wild form (``lvs.alert -P tcp -V vip:port -R rip``) makes an implicit pool, or, when its virtual service
is one of mon.cf's blocks, votes on that one.
"""

import difflib
import shutil
from collections.abc import Iterator, Mapping

from mon.catalog.addresses import Addresses, Resolve
from mon.model.config import AlertKind, AlertLine, Config, Host, Period, Service
from mon.model.pool import Bounds, Forward, Member, Pool, Real, ServerId, Virtual, VirtualId, Voter
from mon.model.source import Problem, Severity, Source
from mon.plugin import VoteTarget
from mon.structs import Struct, replace


class VoteLine(Struct, frozen=True):
    """One alert line that votes, and where it stands in the configuration."""

    service: Service
    period: Period
    line: AlertLine
    target: VoteTarget


class Pools:
    """Collects pools, and the problems found on the way."""

    def __init__(self, config: Config, resolve: Resolve) -> None:
        self._config = config
        self._addresses = Addresses(config, resolve)
        self._pools: dict[str, Pool] = {}
        self._by_id: dict[VirtualId, list[str]] = {}
        self.problems = self._addresses.problems

    def link(self, votes: list[VoteLine]) -> tuple[Pool, ...]:
        """All pools: of the ``virtual`` blocks in the order of the file, then the implicit ones."""
        for virtual in self._config.virtuals.values():
            if virtual.name not in self._config.unread:
                self._add(virtual, virtual.source, partial=False)
        for vote in votes:
            name = self._pool_of(vote)
            if name:
                self._vote(name, vote)
        for pool in self._pools.values():
            self._judge(pool)
        return tuple(self._pools.values())

    def _problem(self, source: Source, what: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
        self.problems.append(Problem(source, what, remedy, severity))

    # -- pools ---------------------------------------------------------------------------------

    def _add(self, virtual: Virtual, source: Source, *, partial: bool) -> str:
        """Make the pool of a block; returns the name it is known by, "" if it cannot be made."""
        id_ = self._virtual_id(virtual, source)
        if id_ is None:
            return ""
        same = self._by_id.setdefault(id_, [])
        known = next((each for each in same if partial or self._pools[each].balancer == virtual.balancer), "")
        if known and not partial:
            self._problem(
                source, f"{id_} is the pool {known} already", "write its real servers into one block"
            )
            return ""
        name = known or virtual.name or str(id_)
        if not known:
            same.append(name)
            self._pools[name] = _pool(name, id_, virtual, source, partial=partial)
        elif self._pools[name].partial:
            self._pools[name] = _more(self._pools[name], virtual)
        for real in virtual.reals:
            self._member(name, virtual, real, source)
        if virtual.fallback:
            member = self._pin(self._pools[name].id, virtual, virtual.fallback, source)
            nowhere = () if member else (virtual.fallback.host,)
            pool = self._pools[name]
            self._pools[name] = replace(pool, fallback=member, nowhere=(*pool.nowhere, *nowhere))
        return name

    def _virtual_id(self, virtual: Virtual, source: Source) -> VirtualId | None:
        if virtual.fwmark is not None:
            return VirtualId(fwmark=virtual.fwmark, family6=virtual.family6)
        address = self._addresses.pin(virtual.address, None, source)
        if not address:
            return None
        return VirtualId(virtual.protocol.value, address, virtual.port, family6=":" in address)

    def _member(self, name: str, virtual: Virtual, real: Real, source: Source) -> None:
        pool = self._pools[name]
        member = self._pin(pool.id, virtual, real, source)
        if member is None:
            nowhere = dict.fromkeys((*pool.nowhere, real.host))
            self._pools[name] = replace(pool, nowhere=tuple(nowhere))
            return
        same = next((each for each in pool.members if each.id == member.id), None)
        if same is None:
            members = (*pool.members, member)
        elif pool.partial:
            members = tuple(_merged(each, real, member) if each is same else each for each in pool.members)
        else:
            if virtual.name == name:
                where = real.source if real.source.line else source
                self._problem(where, f"{member.id} is in pool {name} already", "leave one of them out")
            return
        self._pools[name] = replace(pool, members=members)

    def _pin(self, id_: VirtualId, virtual: Virtual, real: Real, source: Source) -> Member | None:
        address = self._addresses.pin(real.host, id_.family6, real.source if real.source.line else source)
        if not address:
            return None
        return Member(
            id=ServerId(address, real.port if real.port is not None else virtual.port),
            name=real.host,
            check=real.check or real.host,
            weight=real.weight,
            forward=real.forward or virtual.forward,
            lower=real.lower,
            upper=real.upper,
            bounds=_bounds(virtual, real),
        )

    # -- votes ---------------------------------------------------------------------------------

    def _pool_of(self, vote: VoteLine) -> str:
        target, source = vote.target, vote.line.source
        if target.virtual is not None:
            return self._add(target.virtual, source, partial=True)
        if target.pool in self._pools:
            return target.pool
        if target.pool not in {*self._config.virtuals, *self._config.unread}:  # else its own problem was said
            near = difflib.get_close_matches(target.pool, list(self._config.virtuals), n=1)
            remedy = (
                f"did you mean {near[0]}?" if near else f"add a block `virtual {target.pool} ADDRESS:PORT`"
            )
            self._problem(source, f"there is no virtual service {target.pool!r}", remedy)
        return ""

    def _vote(self, name: str, vote: VoteLine) -> None:
        if vote.line.kind is not AlertKind.ALERT:
            return
        virtual = self._config.virtuals.get(name)
        for voter in self._voters(name, vote, virtual):
            pool = self._pools[name]
            who = (voter.watch, voter.service, voter.only)
            if who not in {(each.watch, each.service, each.only) for each in pool.voters}:
                self._pools[name] = replace(pool, voters=(*pool.voters, voter))

    def _voters(self, name: str, vote: VoteLine, virtual: Virtual | None) -> Iterator[Voter]:
        target, service = vote.target, vote.service
        after = vote.period.alertafter
        voter = Voter(
            watch=service.watch,
            service=service.name,
            fall=(after.count if after and after.count else None) or (virtual.fall if virtual else 1),
            rise=virtual.rise if virtual else 1,
            confirm=virtual.confirm if virtual else 0.0,
            interval=service.interval or 0.0 if virtual else 0.0,
            remove=target.remove,
            group=target.group,
            traps=target.traps,
            exit=vote.line.exit,
        )
        if target.virtual is None or not target.virtual.reals:
            yield voter
            return
        for real in target.virtual.reals:
            member = self._pin(self._pools[name].id, target.virtual, real, vote.line.source)
            if member is not None:
                group = target.group or not self._checked_as(name, member, service.watch)
                yield replace(voter, only=str(member.id), group=group)

    def _checked_as(self, name: str, server: Member, watch: str) -> bool:
        """Let the results of the watch's host that is this server count for it; False: there is none."""
        host = self._host_of(server, watch)
        pool = self._pools[name]
        member = next((each for each in pool.members if each.id == server.id), None)
        if host is None or member is None or member.check not in (member.name, host.name):
            return False
        checked = replace(member, check=host.name)
        members = tuple(checked if each is member else each for each in pool.members)
        self._pools[name] = replace(pool, members=members)
        return True

    def _host_of(self, server: Member, watch: str) -> Host | None:
        """The member of a watch's hostgroup that is this server: by name, by address, or the only one."""
        hosts = self._config.hosts(watch)
        for host in hosts:
            if {server.name, server.id.address} & {host.name, host.address}:
                return host
        for host in hosts:
            if server.id.address in self._addresses.of(host.target):
                return host
        return hosts[0] if len(hosts) == 1 else None

    def _judge(self, pool: Pool) -> None:
        """Warn of a pool nobody votes on, members a voter never hears of, commands that are not there."""
        for call in (pool.quorum.up, pool.quorum.down) if pool.quorum else ():
            if call is not None and shutil.which(call.words[0]) is None:
                what = f"quorum of pool {pool.name}: there is no program {call.words[0]}"
                self._problem(pool.source, what, "write the path of an executable file", Severity.WARNING)
        if not pool.voters:
            what = f"no service votes on pool {pool.name}"
            self._problem(
                pool.source, what, "its servers stay in whatever happens: name it on a voting alert line",
                Severity.WARNING,
            )  # fmt: skip
        for voter in pool.voters:
            known = {host.name for host in self._config.hosts(voter.watch)}
            deaf = [
                m.name for m in pool.members if not voter.only and not voter.group and m.check not in known
            ]
            if deaf:
                service = self._config.services[(voter.watch, voter.service)]
                names = ", ".join(deaf)
                what = f"{voter.watch}/{voter.service} votes on pool {pool.name} but does not check {names}"
                remedy = f"add it to hostgroup {voter.watch}, or name its host with `check`"
                self._problem(service.source, what, remedy, Severity.WARNING)


def _pool(name: str, id_: VirtualId, virtual: Virtual, source: Source, *, partial: bool) -> Pool:
    return Pool(
        name=name,
        id=id_,
        balancer=virtual.balancer,
        scheduler=virtual.scheduler,
        persistent=virtual.persistent,
        netmask=virtual.netmask,
        floor=virtual.floor,
        partial=partial,
        drain=virtual.drain,
        slowstart=virtual.slowstart,
        drift=virtual.drift,
        evict=virtual.evict,
        flap=virtual.flap,
        cleanstop=virtual.cleanstop,
        quorum=virtual.quorum,
        follow_dns=virtual.follow_dns,
        source=source,
    )


def _bounds(virtual: Virtual, real: Real) -> Bounds | None:
    """Between which weights the server's monitors are followed; how fast is the block's business."""
    if real.bounds is None or virtual.bounds is None:
        return real.bounds or virtual.bounds
    return replace(real.bounds, over=virtual.bounds.over)


def _more(pool: Pool, virtual: Virtual) -> Pool:
    """An implicit pool after one more line: what a line says wins over what none has said yet."""
    default = Virtual(name="").scheduler
    scheduler = virtual.scheduler if pool.scheduler == default else pool.scheduler
    return replace(pool, scheduler=scheduler)


def _merged(known: Member, real: Real, new: Member) -> Member:
    """A server that two lines name (``alert`` gives -R, ``upalert`` also -W and -F)."""
    plain = Real(host=real.host)
    weight = new.weight if real.weight != plain.weight else known.weight
    forward = new.forward if real.forward is not None or known.forward is Forward.MASQ else known.forward
    return replace(known, weight=weight, forward=forward)


def vote_lines(config: Config, targets: Mapping[AlertLine, VoteTarget]) -> list[VoteLine]:
    """Every alert line that votes, in the order of the file."""
    return [
        VoteLine(service, period, line, targets[line])
        for service in config.services.values()
        for period in service.periods
        for line in period.lines
        if line in targets
    ]
