"""One address for the balancer's table and the checks, whatever the resolver says later."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mon.catalog import Catalog, link
from mon.config import parse
from mon.daemon.loading import Loaded
from mon.daemon.names import LOOK, Names
from mon.daemon.places import places
from mon.daemon.saved import saved_addresses
from mon.model.config import Settings
from mon.model.pool import ServerEntry, ServiceEntry, Table
from mon.model.result import HostResult, Verdict
from mon.pool.operators import Order
from mon.pool.pools import Pools
from mon.probe.resolver import Resolver
from mon.testing.clock import FakeClock

TEXT = """
hostgroup web w1.example w2.example third=w3.example

virtual shop 192.0.2.10:80
    balancer memory
    floor 2
    follow-dns {follow}
    fall 1
    rise 1
    real w1.example weight 10
    real w2.example weight 10
    real third weight 10

watch web
    service http
        interval 2s
        monitor http.monitor
        period
            alert lvs.alert shop
"""

OLD = {"w1.example": ("10.0.0.1",), "w2.example": ("10.0.0.2",), "w3.example": ("10.0.0.3",)}


class Desk:
    """Pools of a configuration, names as a resolver has them, and what became of a change."""

    def __init__(self, directory: Path, follow: str = "no", **known: tuple[str, ...]) -> None:
        self.clock, self.answers = FakeClock(), {**OLD, **known}
        self.pinned: Mapping[str, tuple[str, ...]] = {}
        self.moved_hosts: Mapping[str, str] = {}
        found = dict(self.answers)
        config = parse(TEXT.format(follow=follow), "mon.cf", read=lambda pattern, relative_to: []).config
        plan = link(config, Catalog(), lambda name: found.get(name, ()))
        where = places(Settings(statedir=str(directory)), classic=False, environ={})
        self.loaded = Loaded(plan, where, Catalog(), (), config.settings, addresses=found)
        self.pools = Pools(plan.pools, self.clock())
        self.names = Names(
            self.pools,
            self.clock,
            apply=self.apply,
            heed=lambda names: None,
            pin=lambda addresses: setattr(self, "pinned", addresses),
            moved_hosts=lambda hosts: setattr(self, "moved_hosts", hosts),
            resolver=Resolver(self.look_up, good_for=0.0),
        )
        self.names.adopt(self.loaded)
        self.serve()

    def look_up(self, name: str) -> tuple[str, ...]:
        if not self.answers.get(name):
            raise OSError("no such name")
        return self.answers[name]

    def apply(self, loaded: Loaded, why: str) -> None:
        self.loaded = loaded
        self.pools.reload(loaded.plan.pools, self.clock())
        self.names.adopt(loaded)
        self.serve()

    def serve(self) -> None:
        """The balancer has the servers that should be in; all of them are well."""
        wish = self.pools.wanted("shop", self.clock())
        pool = self.pools.plan("shop")
        there = wish.table if wish.table.service else Table(ServiceEntry(pool.id, "wlc"))
        self.pools.adopt("shop", there, None, self.clock(), max_age=lambda voter: 9.0)
        for host in ("w1.example", "w2.example", "third"):
            self.vote(host, Verdict.OK)

    def vote(self, host: str, verdict: Verdict) -> None:
        now = self.clock.advance(1)
        self.pools.vote(HostResult("web", "http", host, verdict, "", 0.1, now), now)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(LOOK)
            await self.names.look()

    @property
    def addresses(self) -> list[str]:
        return [member.id.address for member in self.pools.plan("shop").members]

    @property
    def said(self) -> str:
        return self.pools.wanted("shop", self.clock()).concerns


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.names.close()


@pytest.fixture
def follower(tmp_path: Path):
    desk = Desk(tmp_path, "yes")
    yield desk
    desk.names.close()


async def test_checks_are_told_where_the_pool_has_its_servers(desk: Desk) -> None:
    assert desk.pinned == OLD


async def test_another_address_is_told_and_both_stay(desk: Desk) -> None:
    desk.answers["w1.example"] = ("10.0.0.99",)
    await desk.look(2)
    assert desk.addresses == ["10.0.0.1", "10.0.0.2", "10.0.0.3"] and desk.pinned == OLD
    assert desk.said == (
        "w1.example is 10.0.0.99 now: the pool and its checks stay with 10.0.0.1 until `mon reload`"
    )
    assert list(desk.moved_hosts) == ["w1.example"]


async def test_a_name_that_mon_cf_gives_another_is_followed_too(desk: Desk) -> None:
    desk.answers["w3.example"] = ("10.0.0.99",)
    await desk.look(2)
    assert desk.said.startswith("third is 10.0.0.99 now") and list(desk.moved_hosts) == ["third"]


async def test_it_is_over_when_the_name_comes_back(desk: Desk) -> None:
    desk.answers["w1.example"] = ("10.0.0.99",)
    await desk.look(2)
    desk.answers["w1.example"] = OLD["w1.example"]
    await desk.look()
    assert desk.said == "" and desk.moved_hosts == {}


@pytest.mark.parametrize(
    "answers",
    [
        [("10.0.0.7", "10.0.0.1")],
        [("10.0.0.99",), ("10.0.0.1",), ("10.0.0.99",), ("10.0.0.1",)],
        [(), (), ()],
    ],
    ids=["one of several", "another one in turn", "no answer"],
)
async def test_a_name_that_is_still_there_or_does_not_answer_is_no_news(desk: Desk, answers) -> None:
    for answer in answers:
        desk.answers["w1.example"] = answer
        await desk.look()
        assert desk.said == "" and desk.pinned == OLD


async def test_follow_dns_takes_the_server_to_the_new_address_for_table_and_checks(follower: Desk) -> None:
    follower.answers["w1.example"] = ("10.0.0.99",)
    await follower.look(2)
    assert follower.addresses == ["10.0.0.99", "10.0.0.2", "10.0.0.3"] and follower.said == ""
    assert follower.pinned["w1.example"] == ("10.0.0.99",)


async def test_follow_dns_waits_while_the_floor_needs_the_server(follower: Desk) -> None:
    follower.vote("w2.example", Verdict.DOWN)
    follower.answers["w1.example"] = ("10.0.0.99",)
    await follower.look(2)
    assert follower.addresses[0] == "10.0.0.1" and "until the pool can spare it" in follower.said
    follower.vote("w2.example", Verdict.OK)
    await follower.look()
    assert follower.addresses[0] == "10.0.0.99" and follower.said == ""


async def test_of_servers_that_all_move_not_all_leave_at_once(follower: Desk) -> None:
    follower.serve = lambda: None  # those at new addresses have not answered yet
    follower.answers.update({name: (f"10.9.9.{n}",) for n, name in enumerate(OLD)})
    await follower.look(2)
    stayed = [address for address in follower.addresses if address.startswith("10.0.0.")]
    assert len(stayed) == 2, "the floor"


async def test_an_address_of_the_other_family_is_told_and_never_followed(follower: Desk) -> None:
    follower.answers["w1.example"] = ("2001:db8::1",)
    await follower.look(2)
    assert follower.addresses[0] == "10.0.0.1" and "which this virtual service cannot reach" in follower.said


async def test_an_operators_word_goes_with_the_server(follower: Desk) -> None:
    follower.pools.instruct(Order("shop", "w1.example", "weight", "anna", "", weight=0), follower.clock())
    follower.answers["w1.example"] = ("10.0.0.99",)
    await follower.look(2)
    (word,) = follower.pools.words("shop")
    assert word.server.address == "10.0.0.99" and word.who == "anna"


async def test_a_server_without_an_address_is_told_and_comes_when_it_has_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, **{"w1.example": ()})
    assert desk.said == "w1.example has no address: it is unknown, and not in the table"
    assert desk.addresses == ["10.0.0.2", "10.0.0.3"]
    desk.answers["w1.example"] = ("10.0.0.1",)
    await desk.look()
    assert desk.addresses == ["10.0.0.1", "10.0.0.2", "10.0.0.3"] and desk.said == ""
    assert desk.pinned == OLD
    desk.names.close()


async def test_without_its_address_nobody_can_tell_which_entry_is_the_servers_so_none_is_deleted(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    table = desk.pools.wanted("shop", desk.clock()).table
    saved = desk.pools.saved()
    blind = Desk(tmp_path, **{"w1.example": (), "w2.example": (), "w3.example": ()})
    pools = Pools(blind.loaded.plan.pools, blind.clock())
    pools.recall(saved, blind.clock())
    pools.adopt("shop", table, saved[0], blind.clock(), max_age=lambda voter: 9.0)
    pools.first_round_over(blind.clock())
    assert pools.wanted("shop", blind.clock()).changes(table) == ()
    foreign = Table(table.service, (*table.servers, ServerEntry(saved[0].servers[0], 7)))
    assert len(foreign.servers) == 4
    for each in (desk, blind):
        each.names.close()


async def test_addresses_are_saved_for_a_start_without_a_resolver(desk: Desk, tmp_path: Path) -> None:
    await desk.look()
    assert saved_addresses(tmp_path / "addresses.json") == OLD


async def test_a_disk_that_does_not_take_them_is_said_once(tmp_path: Path, caplog) -> None:
    desk = Desk(tmp_path / "absent")
    await desk.look(3)
    assert [r.message for r in caplog.records if "cannot be saved" in r.message] == [
        caplog.records[0].message
    ]
    desk.names.close()
