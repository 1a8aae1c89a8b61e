"""Another hand in the balancer's table: what is put back, what is left and said."""

import pytest

from mon.errors import ControlError
from mon.model.pool import Drift, Floor, ServerEntry, ServiceEntry, Table
from mon.pool.memory import HAND
from mon.pool.operators import Order
from mon.structs import replace


@pytest.fixture
def at_work(farm):
    """A pool that was brought into shape: ``start(drift=..., floor=...)``."""

    def start(**more: object) -> None:
        farm.start(farm.plan(**more), 10, 10, 10)
        farm.ok("w1", "w2", "w3")
        farm.pools.leave("web", farm.table(10, 10, 10))

    return start


def look(farm, *weights: int | None, seconds: float = 5) -> list[str]:
    """The table is found so (None: not there); what is to be logged."""
    farm.now = farm.now.later(seconds)
    rows = [n for n, weight in enumerate(weights) if weight is not None]
    table = farm.table(*(weight or 0 for weight in weights))
    table = replace(table, servers=tuple(table.servers[n] for n in rows))
    return farm.pools.look("web", table if weights else Table(None), farm.now)[1]


def put_back(farm) -> None:
    farm.pools.leave("web", farm.pools.wanted("web", farm.now).table)


def test_a_table_as_we_left_it_says_nothing(farm, at_work) -> None:
    at_work()
    assert look(farm, 10, 10, 10) == []


def test_a_flushed_table_is_put_back(farm, at_work) -> None:
    at_work()
    assert look(farm) == ["the virtual service tcp 10.0.0.9:80 was removed by hand: put back"]
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_several_lost_servers_are_put_back(farm, at_work) -> None:
    at_work()
    assert len(look(farm, 10, None, None)) == 2
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_a_down_server_made_up_is_put_down_again(farm, at_work) -> None:
    at_work()
    farm.down("w1")
    farm.pools.leave("web", farm.table(0, 10, 10))
    assert look(farm, 10, 10, 10) == ["10.0.0.1:80 was set to weight 10 by hand: put back"]
    assert farm.weights()["w1"] == 0


@pytest.mark.parametrize(("found", "done"), [(0, "was set to weight 0"), (None, "was removed")])
def test_one_server_taken_out_by_hand_is_left_and_the_command_named(farm, at_work, found, done) -> None:
    at_work()
    (note,) = look(farm, found, 10, 10)
    assert note == (
        f"10.0.0.1:80 {done} by hand and is left so: `mon pool web disable w1` makes it official, "
        "`enable` takes it back"
    )
    assert farm.weights().get("w1") == found
    (word,) = farm.pools.words("web")
    assert word.who == HAND
    assert "makes it official" in farm.pools.wanted("web", farm.now).outlook
    farm.ok("w1")
    assert farm.weights().get("w1") == found
    farm.pools.instruct(Order("web", "w1", "enable", "anna"), farm.now)
    assert farm.weights()["w1"] == 10


def test_what_a_hand_took_out_a_hand_may_put_back(farm, at_work) -> None:
    at_work()
    look(farm, 0, 10, 10)
    farm.pools.leave("web", farm.table(0, 10, 10))
    assert look(farm, 10, 10, 10) == ["10.0.0.1:80 was put back by hand"]
    assert farm.pools.words("web") == () and farm.weights()["w1"] == 10


def test_a_hand_does_not_go_below_the_floor(farm, at_work) -> None:
    at_work(floor=Floor(count=3))
    assert look(farm, 0, 10, 10) == ["10.0.0.1:80 was set to weight 0 by hand: put back"]
    assert farm.weights()["w1"] == 10


def test_repair_puts_everything_back(farm, at_work) -> None:
    at_work(drift=Drift.REPAIR)
    assert look(farm, 0, 10, 10)[0].endswith("put back")
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_report_puts_nothing_back_and_says_so(farm, at_work) -> None:
    at_work(drift=Drift.REPORT)
    assert look(farm, 3, 10, None) == [
        "10.0.0.1:80 was set to weight 3 by hand and is left so (drift report)",
        "10.0.0.3:80 was removed by hand and is left so (drift report)",
    ]
    assert farm.weights() == {"w1": 3, "w2": 10}
    farm.down("w2")
    assert farm.weights() == {"w1": 3, "w2": 0}
    farm.pools.leave("web", farm.table(3, 0))
    assert "left alone now" in look(farm)[0]
    assert farm.pools.wanted("web", farm.now).changes(Table(None)) == ()
    assert "drift report" in farm.pools.wanted("web", farm.now).outlook


def test_what_is_put_back_three_times_in_a_minute_is_somebody_elses(farm, at_work) -> None:
    at_work(drift=Drift.REPAIR)
    for _ in range(3):
        assert look(farm, 5, 10, 10)[0].endswith("put back")
        put_back(farm)
    (note,) = look(farm, 5, 10, 10)
    assert note == "somebody else manages 10.0.0.1:80: put back 3 times in a minute, left alone now"
    assert farm.weights()["w1"] == 5
    assert farm.pools.wanted("web", farm.now).outlook == "10.0.0.1:80 is left to somebody else"
    farm.pools.instruct(Order("web", "w1", "enable", "anna"), farm.now)
    assert farm.weights()["w1"] == 10


def test_three_times_in_an_hour_is_nobodys_habit(farm, at_work) -> None:
    at_work(drift=Drift.REPAIR)
    for _ in range(9):
        assert look(farm, 5, 10, 10, seconds=50)[0].endswith("put back")
        put_back(farm)


def test_a_service_that_is_removed_again_and_again_is_left_until_it_is_back(farm, at_work) -> None:
    at_work()
    for _ in range(3):
        look(farm)
        put_back(farm)
    assert look(farm)[0].endswith("left alone now")
    assert farm.pools.wanted("web", farm.now).changes(Table(None)) == ()
    look(farm, 10, 10, 10)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_settings_of_the_service_are_put_back_and_given_up_in_the_same_way(farm, at_work) -> None:
    at_work()
    other = replace(farm.table(10, 10, 10), service=ServiceEntry(farm.table(1).service.id, "sh"))
    for expected in (*["tcp 10.0.0.9:80 was set by hand: put back"] * 3,
                     "somebody else manages tcp 10.0.0.9:80: its settings are left alone now"):  # fmt: skip
        assert farm.pools.look("web", other, farm.now)[1] == [expected]
        put_back(farm)
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.table.service.scheduler == "sh" and wanted.changes(other) == ()
    farm.down("w1")
    (edit,) = farm.pools.wanted("web", farm.now).changes(other)
    assert edit.server == ServerEntry(farm.member(1).id, 0)


def test_a_word_of_another_hand_is_kept_over_a_restart(farm, at_work, another) -> None:
    at_work()
    look(farm, 0, 10, 10)
    (saved,) = farm.pools.saved()
    later = another()
    later.start(later.plan(), 0, 10, 10, saved=saved)
    later.ok("w1")
    assert later.weights()["w1"] == 0


def test_one_that_another_hand_took_away_does_not_count_as_somebody_who_serves(farm, at_work) -> None:
    """Or an operator could send the last one away: found by the laws over 100,000 steps."""
    at_work(drift=Drift.REPORT)
    look(farm, None, None, 10)
    with pytest.raises(ControlError, match="0 of 3 servers of pool web in, and somebody must serve"):
        farm.pools.instruct(Order("web", "w3", "disable", "anna"), farm.now)
