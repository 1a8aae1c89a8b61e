"""A small farm: three servers, two services that vote, a clock that is moved by hand."""

from collections.abc import Callable

import pytest

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerEntry, ServerId, ServiceEntry, Table, VirtualId, Voter
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.pool.pools import Pools
from mon.pool.record import SavedPool

ID = VirtualId("tcp", "10.0.0.9", 80)
START = Moment(1_000_000.0, 500.0)


class Farm:
    """Pool ``web`` of w1, w2, w3, and results said in few words."""

    def __init__(self, now: Moment = START) -> None:
        self.now = now
        self.pools = Pools([], now)
        self.shown = Table(None)

    def plan(self, *voters: Voter, count: int = 3, **more: object) -> Pool:
        members = tuple(self.member(n) for n in range(1, count + 1))
        asked = voters or (Voter("farm", "http"),)
        settings = {"id": ID, "balancer": ("memory",), "members": members, "voters": asked, **more}
        return Pool("web", **settings)  # type: ignore[arg-type]

    @staticmethod
    def member(n: int, weight: int = 10, address: str = "10.0.0") -> Member:
        return Member(ServerId(f"{address}.{n}", 80), f"w{n}", f"w{n}", weight)

    @staticmethod
    def table(*weights: int) -> Table:
        """w1, w2, w3 with these weights."""
        servers = (ServerEntry(ServerId(f"10.0.0.{n}", 80), w) for n, w in enumerate(weights, 1))
        return Table(ServiceEntry(ID, "wlc"), tuple(servers))

    def start(self, plan: Pool, *weights: int, saved: SavedPool | None = None, max_age: float = 6) -> None:
        """A daemon that starts and finds the servers with these weights (none: no service at all)."""
        self.pools = Pools([plan], self.now)
        self.shown = self.table(*weights) if weights else Table(None)
        self.pools.adopt("web", self.shown, saved, self.now, max_age=lambda voter: max_age)

    def result(self, host: str, verdict: Verdict, service: str = "http", **more: object) -> HostResult:
        return HostResult("farm", service, host, verdict, str(verdict), 0.1, self.now, **more)  # type: ignore[arg-type]

    def ok(self, *hosts: str, service: str = "http") -> set[str]:
        return self.say(Verdict.OK, hosts, service)

    def down(self, *hosts: str, service: str = "http", cause: Cause = Cause.NONE, **more: object) -> set[str]:
        return self.say(Verdict.DOWN, hosts, service, cause=cause, **more)

    def unknown(self, *hosts: str, service: str = "http") -> set[str]:
        return self.say(Verdict.UNKNOWN, hosts, service)

    def say(self, verdict: Verdict, hosts: tuple[str, ...], service: str, **more: object) -> set[str]:
        changed: set[str] = set()
        for host in hosts:
            self.now = self.now.later(1)
            voted = self.pools.vote(self.result(host, verdict, service, **more), self.now)
            changed |= {name for name in voted if self.look(name)}
        return changed

    def look(self, name: str = "web") -> bool:
        """The keeper's look that a vote asks for: nobody has touched the table; is the wish another one?"""
        left = self.pools.facts(name, self.now).memory.left
        return self.pools.look(name, left or self.shown, self.now)[0]

    def round(self, status: int, *hosts: HostResult, trouble: str = "", output: str = "said") -> RunResult:
        return RunResult("farm", "http", status, output, self.now, self.now, hosts, trouble)

    def weights(self) -> dict[str, int]:
        """Who is in the wanted table, by the last number of the address."""
        servers = self.pools.wanted("web", self.now).table.servers
        return {f"w{server.id.address.rsplit('.')[-1]}": server.weight for server in servers}


@pytest.fixture
def farm() -> Farm:
    return Farm()


@pytest.fixture
def another() -> Callable[[], Farm]:
    return Farm
