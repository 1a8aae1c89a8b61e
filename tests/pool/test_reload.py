"""A reload: a pool is the same by its place; each has its own first round; operators' words are kept."""

import pytest

from mon import codec
from mon.errors import ControlError
from mon.model.pool import Floor, Member, Pool, ServerId, VirtualId
from mon.pool.operators import Order
from mon.pool.pools import LONGEST, Pools
from mon.pool.record import SavedPool
from mon.structs import replace

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
SHOP = VirtualId("tcp", "10.0.0.8", 80)
W1 = ServerId("10.0.0.1", 80)


def say(farm, verb: str, server: str = "w1", pool: str = "web", **more: object) -> str:
    return farm.pools.instruct(Order(pool, server, verb, "anna", **more), farm.now)


def reload(farm, *plans: Pool) -> None:
    farm.pools.reload(plans, farm.now)
    for name in farm.pools.names:
        if farm.pools.unread(name):
            table = farm.shown if farm.pools.plan(name).id == farm.plan().id else farm.table()
            farm.pools.adopt(name, table, None, farm.now, max_age=lambda voter: 6)


def restart(farm, *plans: Pool) -> None:
    saved = [codec.decode(codec.encode(row), SavedPool) for row in farm.pools.saved()]
    farm.pools = Pools(plans, farm.now)
    farm.pools.recall(saved, farm.now)
    reload(farm, *plans)


# The first round.


@pytest.mark.parametrize("seconds", [6.0, None])
def test_a_pool_that_comes_by_a_reload_begins_though_one_of_it_is_never_checked(farm, seconds) -> None:
    farm.pools.first_round_over(farm.now)
    farm.pools.reload([farm.plan(fallback=SPARE)], farm.now)
    begun = farm.now
    if seconds is not None:
        farm.pools.first_round(begun, lambda voter: seconds)
    farm.pools.adopt("web", farm.shown, None, begun, max_age=lambda voter: 6)
    farm.down("w1", "w2")
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.waiting and wanted.due == begun.mono + (seconds or LONGEST)
    assert farm.pools.wanted("web", begun.later(seconds or LONGEST)).fallback


def test_each_pool_has_its_own_first_round(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.first_round(farm.now, lambda voter: 6)
    farm.now = farm.now.later(100)
    farm.pools.reload([farm.plan(), replace(farm.plan(fallback=SPARE), name="shop", id=SHOP)], farm.now)
    farm.pools.first_round(farm.now, lambda voter: 6)
    farm.pools.adopt("shop", farm.shown, None, farm.now, max_age=lambda voter: 6)
    farm.pools.adopt(
        "shop", replace(farm.shown, service=None, servers=()), None, farm.now, max_age=lambda v: 6
    )
    assert farm.pools.wanted("shop", farm.now.later(5)).waiting
    assert not farm.pools.wanted("shop", farm.now.later(6)).waiting


def test_a_pool_whose_balancer_is_read_late_begins_when_it_is(farm) -> None:
    farm.pools.reload([farm.plan(floor=Floor(count=1))], farm.now)
    farm.pools.first_round(farm.now, lambda voter: 6)
    farm.now = farm.now.later(60)
    assert "has not been read" in farm.pools.wanted("web", farm.now).waiting
    farm.pools.adopt("web", farm.shown, None, farm.now, max_age=lambda voter: 6)
    assert len(farm.pools.wanted("web", farm.now).held) == 1


# Identity.


def test_a_renamed_pool_is_the_same_pool(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.down("w1")
    say(farm, "disable", "w2")
    reload(farm, replace(farm.plan(), name="www"))
    assert farm.pools.names == ("www",)
    assert [one.weight for one in farm.pools.wanted("www", farm.now).table.servers] == [0, 0, 10]
    restart(farm, replace(farm.plan(), name="once more"))
    assert [one.weight for one in farm.pools.wanted("once more", farm.now).table.servers] == [0, 0, 10]


def test_pools_that_swap_their_names_keep_what_is_theirs(farm) -> None:
    shop = replace(farm.plan(members=(farm.member(7), farm.member(8))), name="shop", id=SHOP)
    farm.start(farm.plan(), 10, 10, 10)
    reload(farm, farm.plan(), shop)
    say(farm, "disable", "w1")
    say(farm, "disable", "w7", "shop")
    reload(farm, replace(shop, name="web"), replace(farm.plan(), name="shop"))
    assert {name: [word.server.address for word in farm.pools.words(name)] for name in farm.pools.names} == {
        "web": ["10.0.0.7"],
        "shop": ["10.0.0.1"],
    }


@pytest.mark.parametrize("more", [{"id": SHOP}, {"balancer": ("haproxy", "/run/s", "web")}])
def test_a_pool_that_moves_takes_votes_and_words_along_and_nothing_of_the_table(farm, more) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.ok("w1", "w2", "w3")
    farm.pools.leave("web", farm.table(10, 10, 10))
    say(farm, "disable", "w1")
    farm.pools.reload([farm.plan(**more)], farm.now)
    assert farm.pools.unread("web") and farm.pools.facts("web", farm.now).memory.left is None
    farm.pools.adopt(
        "web", replace(farm.shown, service=None, servers=()), None, farm.now, max_age=lambda v: 6
    )
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}
    assert farm.pools.names == ("web", "web (was tcp 10.0.0.9:80)")


def test_a_pool_that_moves_twice_between_balancers_is_withdrawn_from_both(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    for balancer in ("one", "two"):
        farm.pools.reload([farm.plan(balancer=(balancer,))], farm.now)
        farm.pools.adopt("web", farm.shown, None, farm.now, max_age=lambda voter: 6)
    places = [farm.pools.plan(name).balancer[0] for name in farm.pools.names]
    assert sorted(places) == ["memory", "one", "two"]


def test_a_pool_that_comes_back_before_it_is_gone_lets_its_servers_in_again(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    farm.pools.reload([], farm.now)
    farm.pools.reload([farm.plan(drain=60.0)], farm.now)
    assert farm.pools.names == ("web",)
    farm.pools.adopt("web", farm.table(0, 0, 0), None, farm.now, max_age=lambda voter: 6)
    farm.ok("w1", "w2", "w3")
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


# Operators' words.


@pytest.mark.parametrize("through", [reload, restart])
def test_a_word_is_kept_while_its_server_is_not_in_mon_cf(farm, through) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w3", why="disk")
    through(farm, farm.plan(count=2))
    through(farm, farm.plan(count=2))
    assert [word.name for word in farm.pools.words("web")] == ["w3"]
    through(farm, farm.plan())
    farm.ok("w3", "w3")
    assert farm.weights()["w3"] == 0


@pytest.mark.parametrize("through", [reload, restart])
def test_a_word_is_kept_while_the_whole_pool_is_not_in_mon_cf(farm, through) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w3")
    through(farm)
    for name in farm.pools.names:
        farm.pools.settle(name, replace(farm.shown, service=None, servers=()), farm.now)
    assert farm.pools.names == ()
    through(farm)
    (kept,) = farm.pools.kept()
    assert (kept.plan.id, [word.name for word in kept.words.values()]) == (farm.plan().id, ["w3"])
    through(farm, farm.plan())
    assert farm.weights()["w3"] == 0 and farm.pools.kept() == ()


def test_a_kept_word_ends_with_its_time_or_when_it_is_taken_back(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w2")
    say(farm, "disable", "w3", seconds=60.0)
    reload(farm, farm.plan(count=1))
    with pytest.raises(ControlError, match="only `enable` means something"):
        say(farm, "disable", "w2")
    assert say(farm, "enable", "w2").startswith("w2 10.0.0.2:80: not in mon.cf; the word on it is taken back")
    assert farm.pools.wanted("web", farm.now).due == farm.now.mono + 60
    farm.now = farm.now.later(60)
    farm.look()
    assert farm.pools.words("web") == ()


def test_the_word_on_a_pool_that_is_gone_can_be_taken_back(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w3")
    reload(farm)
    say(farm, "enable", "w3")
    assert farm.pools.kept() == ()


def test_a_word_follows_a_server_that_has_another_address_or_port_now(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w1")
    for id_ in (ServerId("10.0.0.77", 80), ServerId("10.0.0.77", 8080), W1):
        reload(farm, farm.plan(members=(replace(farm.member(1), id=id_), farm.member(2))))
        assert [word.server for word in farm.pools.words("web")] == [id_]


def test_a_word_on_one_port_is_not_taken_for_the_other(farm) -> None:
    other = replace(farm.member(1), id=ServerId("10.0.0.1", 443))
    farm.start(farm.plan(members=(farm.member(1), other)), 10)
    say(farm, "disable", "10.0.0.1:443")
    reload(farm, farm.plan(count=1))
    assert [word.server.port for word in farm.pools.words("web")] == [443]


def test_what_was_done_by_hand_ends_with_the_server_s_line(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.leave("web", farm.table(10, 10, 10))
    farm.pools.look("web", farm.table(10, 10, 0), farm.now)
    assert len(farm.pools.words("web")) == 1
    reload(farm, farm.plan(count=2))
    assert farm.pools.words("web") == ()


def test_a_word_on_a_pool_that_was_not_read_yet_is_saved_and_can_be_taken_back(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w3")
    saved, again = farm.pools.saved(), farm.plan()
    farm.pools = Pools([again], farm.now)
    farm.pools.recall(saved, farm.now)
    say(farm, "disable", "w2")
    (row,) = farm.pools.saved()
    assert {word.name for word in row.words} == {"w2", "w3"} and row.servers == saved[0].servers
    say(farm, "enable", "w3")
    farm.pools.adopt("web", farm.shown, None, farm.now, max_age=lambda voter: 6)
    assert [word.name for word in farm.pools.words("web")] == ["w2"]


def test_a_word_on_a_pool_that_left_comes_back_with_its_name_elsewhere_over_a_restart(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", "w1")
    reload(farm)
    restart(farm, replace(farm.plan(), id=SHOP))
    assert [word.name for word in farm.pools.words("web")] == ["w1"]
