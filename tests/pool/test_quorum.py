"""The quorum counts who is healthy and no one else, turns with hysteresis, and is told once for each turn."""

import pytest

from mon.model.moment import Moment
from mon.model.pool import Drift, Floor, Rate, ServerEntry, ServerId, Table, Voter
from mon.model.quorum import Call, Quorum
from mon.model.result import Cause
from mon.pool.operators import Order
from mon.pool.quorum import same_boot

TWO = Quorum(2, up=Call(("announce",)), down=Call(("withdraw",)))


def turned(farm) -> bool | None:
    """Which way the quorum turned since it was last asked, None: it did not."""
    turn = farm.pools.turn("web", farm.now)
    return None if turn is None else turn.up


def at_work(farm, quorum: Quorum = TWO, count: int = 4, **more: object) -> None:
    farm.start(farm.plan(count=count, quorum=quorum, **more), *[10] * count)
    farm.ok(*(f"w{n}" for n in range(1, count + 1)))


def test_it_is_lost_below_the_number_and_there_again_with_it(farm) -> None:
    at_work(farm)
    farm.down("w1", "w2")
    assert turned(farm) is None
    farm.down("w3")
    turn = farm.pools.turning("web", farm.now)
    assert str(turn) == "quorum 2 is lost: 1 of 4 servers are healthy"
    assert (turned(farm), turned(farm)) == (False, None)
    farm.ok("w1")
    assert turned(farm) is True


def test_with_hysteresis_it_stays_what_it_was_in_between(farm) -> None:
    at_work(farm, Quorum(3, hysteresis=1), count=5)
    said = []
    for turn in (farm.down, farm.ok):
        for n in range(1, 6):
            turn(f"w{n}")
            said.append(turned(farm))
    # 4, 3, 2, 1 and none healthy; then 1, 2, 3, 4 and 5.
    assert said == [None, None, None, False, None, None, None, None, True, None]


def test_one_that_the_floor_holds_in_never_counts(farm) -> None:
    at_work(farm, floor=Floor(count=3))
    farm.down("w1", "w2", "w3")
    wanted = farm.pools.wanted("web", farm.now)
    assert len(wanted.held) == 2 and sum(server.weight > 0 for server in wanted.table.servers) == 3
    assert turned(farm) is False


def test_one_that_is_only_slow_to_leave_does_not_count_either(farm) -> None:
    at_work(farm, evict=Rate(1, 60.0))
    farm.down("w1", "w2", "w3")
    assert len(farm.pools.wanted("web", farm.now).spared) == 2
    assert turned(farm) is False


def test_while_the_check_itself_is_suspect_nothing_is_lost_by_it(farm) -> None:
    at_work(farm, voters=(Voter("farm", "http", interval=60.0),), quorum=TWO)
    farm.down("w1", "w2", "w3", "w4")
    assert turned(farm) is None
    farm.down("w3")  # the confirming round
    assert turned(farm) is False


def test_one_that_an_operator_took_out_does_not_count(farm) -> None:
    at_work(farm, count=2)
    farm.pools.instruct(Order("web", "w1", "disable", "anna"), farm.now)
    assert turned(farm) is False
    farm.pools.instruct(Order("web", "w1", "enable", "anna"), farm.now)
    assert turned(farm) is True


def test_what_is_found_with_enough_servers_in_has_its_quorum_and_nobody_is_called(farm) -> None:
    at_work(farm)
    assert turned(farm) is None and farm.pools.standing("web").up


def test_a_new_virtual_service_is_told_once_after_the_first_round(farm) -> None:
    farm.start(farm.plan(quorum=TWO))
    farm.ok("w1", "w2")
    assert turned(farm) is None  # the first round is not over
    farm.down("w3")
    assert (turned(farm), turned(farm)) == (True, None)


def test_a_start_without_enough_servers_says_so(farm) -> None:
    farm.start(farm.plan(quorum=TWO))
    farm.down("w1", "w2", "w3", cause=Cause.REFUSED)
    assert turned(farm) is False


@pytest.mark.parametrize("table", ["as it was", "flushed"])
def test_a_restart_tells_nothing_again(farm, another, table: str) -> None:
    at_work(farm)
    farm.down("w1", "w2", "w3")
    assert turned(farm) is False
    (saved,) = farm.pools.saved()
    later = another(farm.now.later(30))
    weights = (0, 0, 0, 10) if table == "as it was" else ()
    later.start(farm.plan(count=4, quorum=TWO), *weights, saved=saved)
    later.down("w1", "w2", "w3")
    later.ok("w4")
    assert turned(later) is None
    later.ok("w3")
    assert turned(later) is True


def test_after_the_machine_was_started_anew_nobody_knows_of_it(farm, another) -> None:
    at_work(farm)
    (saved,) = farm.pools.saved()
    reboot = another(Moment(farm.now.wall + 90, 30.0))
    reboot.start(farm.plan(count=4, quorum=TWO), saved=saved)
    reboot.ok("w1", "w2", "w3", "w4")
    assert turned(reboot) is True


def test_the_machine_was_not_started_anew_when_both_clocks_went_on() -> None:
    then = Moment(1e9, 5000.0)
    assert same_boot(then, then.later(86400))
    assert not same_boot(then, Moment(1e9 + 60, 40.0))
    assert not same_boot(then, Moment(1e9 + 86400, 6000.0))


def test_a_reload_turns_nothing_and_another_number_counts_at_once(farm) -> None:
    at_work(farm)
    farm.pools.reload([farm.plan(count=4, quorum=TWO, scheduler="rr")], farm.now)
    assert turned(farm) is None
    farm.down("w1")
    farm.pools.reload([farm.plan(count=4, quorum=Quorum(4))], farm.now)
    assert turned(farm) is False


def test_a_quorum_that_is_new_to_a_pool_at_work_is_as_found(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.ok("w1", "w2", "w3")
    farm.pools.reload([farm.plan(quorum=TWO)], farm.now)
    assert turned(farm) is None and farm.pools.standing("web").up


def test_a_pool_that_leaves_the_configuration_has_lost_its_quorum(farm) -> None:
    at_work(farm)
    farm.pools.reload([], farm.now)
    (name,) = farm.pools.names
    farm.pools.settle(name, Table(None), farm.now)
    assert farm.pools.names == (name,), "it is not forgotten before that is told"
    assert farm.pools.turn(name, farm.now).up is False
    farm.pools.settle(name, Table(None), farm.now)
    assert farm.pools.names == ()


def test_one_that_somebody_else_has_out_of_the_table_does_not_count(farm) -> None:
    at_work(farm, count=2, drift=Drift.REPORT)
    farm.pools.leave("web", farm.pools.wanted("web", farm.now).table)
    theirs = farm.table(10, 10)
    theirs = Table(theirs.service, (theirs.servers[0], ServerEntry(ServerId("10.0.0.2", 80), 0)))
    farm.pools.look("web", theirs, farm.now)
    assert turned(farm) is False
