"""Drain and slow start, by a clock that is moved by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.model.moment import Moment
from mon.model.pool import ServerEntry, ServerId, Table, Voter
from mon.pool.memory import climbing, inferred
from mon.pool.operators import Order
from mon.structs import replace

W1, W3 = ServerId("10.0.0.1", 80), ServerId("10.0.0.3", 80)


def look(farm, table: Table, seconds: float) -> bool:
    """So many seconds later the balancer's table is looked at."""
    farm.now = farm.now.later(seconds)
    return farm.pools.look("web", table, farm.now)[0]


def busy(table: Table, **counts: int) -> Table:
    """The table with connections at its first server."""
    first, *rest = table.servers
    return replace(table, servers=(replace(first, **counts), *rest))


def disable(farm, **more: object) -> None:
    farm.pools.instruct(Order("web", "w1", "disable", "anna", **more), farm.now)


# -- drain


@pytest.mark.parametrize("count", ["active", "templates"])
def test_a_drained_server_is_removed_when_its_connections_are_gone(farm, count: str) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    disable(farm)
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}
    assert not look(farm, busy(farm.table(0, 10, 10), **{count: 3}), 5)
    assert farm.pools.wanted("web", farm.now).due == farm.now.mono + 1
    assert look(farm, farm.table(0, 10, 10), 5)
    assert farm.weights() == {"w2": 10, "w3": 10}


def test_one_that_is_not_empty_is_removed_when_the_time_is_over(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    disable(farm)
    assert not look(farm, busy(farm.table(0, 10, 10), active=3), 59)
    assert look(farm, busy(farm.table(0, 10, 10), active=3), 1)
    assert farm.weights() == {"w2": 10, "w3": 10}
    assert farm.pools.wanted("web", farm.now).why[W1] == "out: disabled by anna, removed"


def test_without_a_drain_time_it_stays_with_weight_0(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    disable(farm)
    look(farm, farm.table(0, 10, 10), 1000)
    assert farm.weights()["w1"] == 0


def test_a_drain_goes_on_after_a_restart(farm, another) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    disable(farm)
    (saved,) = farm.pools.saved()
    later = another()
    later.now = Moment(farm.now.wall + 40, 3.0)
    later.start(later.plan(drain=60.0), 0, 10, 10, saved=saved)
    assert not look(later, busy(farm.table(0, 10, 10), active=3), 19)
    assert look(later, busy(farm.table(0, 10, 10), active=3), 1)
    assert later.weights() == {"w2": 10, "w3": 10}


def test_what_was_drained_stays_removed_after_a_restart(farm, another) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    disable(farm)
    look(farm, farm.table(0, 10, 10), 5)
    (saved,) = farm.pools.saved()
    later = another()
    later.pools = type(later.pools)([later.plan(drain=60.0)], later.now)
    table = Table(farm.table(1).service, farm.table(0, 10, 10).servers[1:])
    later.pools.adopt("web", table, saved, later.now, max_age=lambda voter: 6)
    assert later.weights() == {"w2": 10, "w3": 10}


def test_an_enabled_server_is_added_again(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    disable(farm)
    look(farm, farm.table(0, 10, 10), 5)
    farm.pools.instruct(Order("web", "w1", "enable", "anna"), farm.now)
    assert farm.weights()["w1"] == 10


def test_a_server_that_a_reload_drops_is_drained_then_deleted(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    farm.pools.reload([farm.plan(count=2, drain=60.0)], farm.now)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 0}
    crowded = Table(farm.table(1).service, (*farm.table(10, 10).servers, ServerEntry(W3, 0, active=1)))
    assert not look(farm, crowded, 5)
    assert look(farm, farm.table(10, 10, 0), 5)
    assert farm.weights() == {"w1": 10, "w2": 10}
    (edit,) = farm.pools.wanted("web", farm.now).changes(farm.table(10, 10, 0))
    assert (str(edit.verb), edit.server.id) == ("delete server", W3)


def test_a_pool_that_leaves_is_not_over_before_its_servers_are_drained(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    farm.pools.reload([], farm.now)
    (leaving,) = farm.pools.names
    quiet = farm.pools.wanted(leaving, farm.now).table
    assert [server.weight for server in quiet.servers] == [0, 0, 0]
    farm.pools.settle(leaving, quiet, farm.now)
    farm.now = farm.now.later(61)
    farm.pools.look(leaving, quiet, farm.now)
    assert farm.pools.wanted(leaving, farm.now).table == Table(None)
    farm.pools.settle(leaving, Table(None), farm.now)
    assert farm.pools.names == ()


def test_a_server_that_comes_back_before_it_is_drained_is_in_again(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    farm.ok("w1", "w2", "w3")
    farm.pools.reload([farm.plan(count=2, drain=60.0)], farm.now)
    farm.pools.reload([farm.plan(drain=60.0)], farm.now)
    farm.pools.adopt("web", farm.table(10, 10, 0), None, farm.now, max_age=lambda voter: 0)
    farm.ok("w3")
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}
    look(farm, farm.table(10, 10, 10), 61)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_who_left_the_configuration_while_mon_was_down_is_drained(farm, another) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    (saved,) = farm.pools.saved()
    later = another()
    later.start(later.plan(count=2, drain=60.0), 10, 10, 10, saved=saved)
    assert later.weights() == {"w1": 10, "w2": 10, "w3": 0}


def test_a_pool_that_leaves_is_drained_then_withdrawn(farm) -> None:
    farm.start(farm.plan(drain=60.0), 10, 10, 10)
    farm.pools.reload([], farm.now)
    (name,) = farm.pools.names
    edits = farm.pools.wanted(name, farm.now).changes(farm.table(10, 10, 10))
    assert [(str(edit.verb), edit.server.weight) for edit in edits] == [("set server", 0)] * 3
    farm.now = farm.now.later(61)
    farm.pools.look(name, farm.table(0, 0, 0), farm.now)
    assert str(farm.pools.wanted(name, farm.now).changes(farm.table(0, 0, 0))[-1].verb) == "delete service"


# -- slow start


def test_a_server_that_recovers_climbs_in_steps(farm) -> None:
    farm.start(farm.plan(slowstart=30.0), 10, 10, 10)
    farm.down("w1")
    farm.ok("w1")
    seen = [farm.weights()["w1"]]
    while (due := farm.pools.wanted("web", farm.now).due) is not None:
        look(farm, farm.table(), due - farm.now.mono)
        seen.append(farm.weights()["w1"])
    assert seen == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_nobody_climbs_at_adoption(farm) -> None:
    farm.start(farm.plan(slowstart=30.0))
    farm.ok("w1", "w2", "w3")
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_nobody_climbs_when_everybody_would(farm) -> None:
    farm.start(farm.plan(slowstart=30.0), 10, 10, 10)
    farm.down("w1", "w2", "w3")
    farm.ok("w1")
    assert farm.weights()["w1"] == 10
    farm.ok("w2")
    assert farm.weights()["w2"] < 10


def test_a_failure_ends_the_climb_at_once(farm) -> None:
    farm.start(farm.plan(slowstart=30.0), 10, 10, 10)
    farm.down("w1")
    farm.ok("w1")
    farm.down("w1")
    assert farm.weights()["w1"] == 0


def test_a_climb_goes_on_after_a_restart(farm, another) -> None:
    farm.start(farm.plan(slowstart=30.0), 10, 10, 10)
    farm.down("w1")
    farm.ok("w1")
    look(farm, farm.table(1, 10, 10), 14)
    before = farm.weights()["w1"]
    (saved,) = farm.pools.saved()
    later = another()
    later.now = Moment(farm.now.wall, 7.0)
    later.start(later.plan(slowstart=30.0), before, 10, 10, saved=saved)
    assert later.weights()["w1"] == before < 10
    look(later, farm.table(), 17)
    assert later.weights()["w1"] == 10


@pytest.mark.parametrize("weight", range(1, 11))
def test_a_restart_moves_no_climbing_weight_even_if_nothing_was_saved(another, weight: int) -> None:
    later = another()
    later.start(later.plan(slowstart=30.0), weight, 10, 10)
    assert later.weights()["w1"] == weight
    look(later, later.table(weight, 10, 10), 30)
    assert later.weights()["w1"] == 10


def test_an_orderly_stop_leaves_whole_weights(farm) -> None:
    farm.start(farm.plan(slowstart=30.0), 10, 10, 10)
    farm.down("w1")
    farm.ok("w1")
    assert farm.pools.finish() == {"web"}
    assert farm.weights()["w1"] == 10


@given(st.integers(1, 65535), st.floats(0.1, 1e5), st.floats(0, 2))
def test_a_climb_only_rises_and_ends_with_the_whole(weight: int, seconds: float, part: float) -> None:
    start = Moment(0.0, 0.0)
    now, later = start.later(seconds * part), start.later(seconds * (part + 0.1))
    first, _ = climbing(weight, start, seconds, now)
    second, _ = climbing(weight, start, seconds, later)
    assert 1 <= first <= second <= weight
    assert first == weight or part < 1.0


@given(st.integers(2, 65535), st.data())
def test_a_climb_is_found_again_by_its_weight(whole: int, data) -> None:
    weight = climbing(whole, Moment(0, 0), 10.0, Moment(0, data.draw(st.floats(0, 9.9))))[0]
    now = Moment(1e6, 1e6)
    assert climbing(whole, inferred(weight, whole, 10.0, now), 10.0, now)[0] == weight


# -- persistence


def test_a_failed_server_of_a_persistent_service_is_removed(farm) -> None:
    farm.start(farm.plan(persistent=300), 10, 10, 10)
    farm.down("w2")
    assert farm.weights() == {"w1": 10, "w3": 10}


def test_a_voter_counts_the_row_and_says_so(farm) -> None:
    farm.start(farm.plan(Voter("farm", "http", fall=2, rise=2, confirm=0.2)), 10, 10, 10)
    farm.ok("w1")
    assert farm.down("w1") == set()
    doubt = farm.pools.doubt(
        replace(farm.result("w1", "down"), at=farm.now)  # the result that was just counted
    )
    assert doubt.lines == ("pool web: w1: farm/http ok, failing 1 of 2 (down)",) and doubt.delay == 0.2
    assert farm.pools.wanted("web", farm.now).why[W1] == "in: farm/http ok, failing 1 of 2 (down)"
    assert farm.down("w1") == {"web"}
    assert farm.pools.doubt(replace(farm.result("w1", "down"), at=farm.now)) is None
