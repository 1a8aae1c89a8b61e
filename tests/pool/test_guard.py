"""A reload that would leave a pool below its floor, or to nobody, is told beforehand; nothing is changed."""

from collections.abc import Sequence

import pytest

from mon.model.pool import Floor, Member, Pool, ServerId, VirtualId, Voter
from mon.pool.guard import Loss, losses
from mon.pool.operators import Order
from mon.structs import replace

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
ELSEWHERE = VirtualId("tcp", "10.0.0.8", 80)


def lost(farm, *plans: Pool) -> Sequence[Loss]:
    before = farm.pools.saved()
    found = losses(farm.pools, plans, farm.now)
    assert farm.pools.saved() == before
    return found


def weighing(farm, *weights: int) -> tuple[Member, ...]:
    return tuple(farm.member(n, weight) for n, weight in enumerate(weights, 1))


EMPTY = {
    "weight 0 on all": lambda farm: [farm.plan(members=weighing(farm, 0, 0, 0))],
    "no real line": lambda farm: [farm.plan(count=0)],
    "another address": lambda farm: [farm.plan(id=ELSEWHERE)],
    "another port": lambda farm: [farm.plan(id=VirtualId("tcp", "10.0.0.9", 81))],
    "another protocol": lambda farm: [farm.plan(id=VirtualId("udp", "10.0.0.9", 80))],
    "a mark": lambda farm: [farm.plan(id=VirtualId(fwmark=7))],
    "another balancer": lambda farm: [farm.plan(balancer=("haproxy", "/run/s", "web"))],
    "the block gone": lambda farm: [],
    "another pool only": lambda farm: [replace(farm.plan(id=ELSEWHERE), name="shop")],
    "all servers new": lambda farm: [farm.plan(members=tuple(farm.member(n) for n in (7, 8, 9)))],
    "all ports new": lambda farm: [
        farm.plan(members=(replace(farm.member(1), id=ServerId("10.0.0.1", 81)),))
    ],
}


@pytest.mark.parametrize("what", EMPTY)
def test_what_leaves_a_pool_to_nobody_is_told(farm, what: str) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    (loss,) = lost(farm, *EMPTY[what](farm))
    assert (loss.pool, loss.virtual, loss.before, loss.after) == ("web", "tcp 10.0.0.9:80", 3, 0)
    assert "where 3 servers serve now" in str(loss)


@pytest.mark.parametrize("what", EMPTY)
def test_a_floor_makes_no_server_of_one_that_no_check_has_let_in(farm, what: str) -> None:
    floor = Floor(share=0.5)
    farm.start(farm.plan(floor=floor), 10, 10, 10)
    (loss,) = lost(farm, *(replace(plan, floor=floor) for plan in EMPTY[what](farm)))
    assert (loss.before, loss.after) == (3, 0)


def test_in_an_outage_a_dead_server_may_be_replaced(farm) -> None:
    farm.start(farm.plan(count=2, floor=Floor(share=0.5)), 10, 10)
    new = farm.plan(members=(farm.member(7), farm.member(8)), floor=Floor(share=0.5))
    assert lost(farm, new) != ()
    farm.down("w1", "w2")
    farm.down("w1", "w2")
    assert lost(farm, new) == ()


def test_a_broken_server_that_the_floor_holds_is_none_for_the_healthy_one_that_goes(farm) -> None:
    farm.start(farm.plan(count=4, floor=Floor(share=0.5)), 10, 10, 10, 10)
    for _ in range(3):
        farm.down("w1", "w2", "w3")
    (loss,) = lost(farm, farm.plan(count=3, floor=Floor(share=0.5)))
    assert (loss.before, loss.after) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda farm: farm.plan(),
        lambda farm: replace(farm.plan(), name="www"),
        lambda farm: farm.plan(count=1),
        lambda farm: farm.plan(members=weighing(farm, 0, 0, 5)),
        lambda farm: farm.plan(scheduler="rr", persistent=300),
        lambda farm: farm.plan(Voter("farm", "smtp")),
        lambda farm: farm.plan(count=9),
    ],
)
def test_what_leaves_somebody_where_no_floor_asks_for_more_is_not(farm, change) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    assert lost(farm, change(farm)) == ()


def test_fewer_than_the_floor_that_was_is_told_even_if_the_new_floor_is_lower(farm) -> None:
    farm.start(farm.plan(count=4, floor=Floor(share=0.5)), 10, 10, 10, 10)
    assert lost(farm, farm.plan(count=2)) == ()
    (loss,) = lost(farm, farm.plan(count=1))
    assert str(loss) == (
        "pool web: this would leave 1 of 1 servers in, where 4 servers serve now: its floor is 2"
    )


def test_it_is_measured_against_what_served_before_not_against_what_is_configured(farm) -> None:
    farm.start(farm.plan(count=4), 10, 10, 10, 10)
    farm.down("w1", "w2", "w3")
    (loss,) = lost(farm, farm.plan(count=3))  # the only healthy one goes
    assert (loss.before, loss.after) == (1, 0)
    farm.down("w4")
    farm.down("w1", "w2", "w3", "w4")
    assert lost(farm, farm.plan(id=ELSEWHERE)) == ()  # nobody serves there


def test_an_operator_s_word_counts_on_both_sides(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.instruct(Order("web", "w1", "disable", "anna"), farm.now)
    (loss,) = lost(farm, farm.plan(count=1))
    assert (loss.before, loss.after) == (2, 0)


def test_the_fallback_that_serves_alone_may_not_go_either(farm) -> None:
    farm.start(farm.plan(count=1, fallback=SPARE), 10)
    farm.down("w1")
    (loss,) = lost(farm, farm.plan(count=1))
    assert loss.fallback and "where the fallback serves now" in str(loss)
    assert lost(farm, farm.plan(count=2, fallback=SPARE)) == ()


def test_new_servers_that_no_check_has_let_in_do_not_count(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.leave("web", farm.table(10, 10, 10))
    (loss,) = lost(farm, farm.plan(members=tuple(farm.member(n) for n in (7, 8))))
    assert "would leave 0 of 2 servers in, 2 not checked yet" in str(loss)


def test_pools_that_swap_their_names_lose_nothing(farm) -> None:
    web, shop = farm.plan(), replace(farm.plan(), name="shop", id=ELSEWHERE)
    farm.start(web, 10, 10, 10)
    farm.pools.reload([web, shop], farm.now)
    assert lost(farm, replace(web, name="shop"), replace(shop, name="web")) == ()


def test_a_pool_whose_balancer_was_not_read_is_measured_by_its_lines(farm) -> None:
    farm.pools.reload([farm.plan()], farm.now)
    assert lost(farm, farm.plan(count=1)) == ()
    assert [loss.after for loss in lost(farm, farm.plan(count=0))] == [0]


def test_what_others_installed_stays_when_a_partial_pool_goes(farm) -> None:
    farm.start(farm.plan(partial=True), 10, 10, 10)
    assert lost(farm) == ()
