"""An operator's word on a server: it holds against checks, not against the floor, and until it is over."""

import pytest

from mon.errors import ControlError
from mon.model.pool import Floor, Member, ServerId
from mon.model.result import Cause
from mon.pool.operators import Order

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
W1 = ServerId("10.0.0.1", 80)


def say(farm, verb: str, server: str = "w1", **more: object) -> str:
    return farm.pools.instruct(Order("web", server, verb, "anna", **more), farm.now)


def test_a_disabled_server_is_out_whatever_the_checks_say(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    assert say(farm, "disable", why="new kernel") == "w1 10.0.0.1:80: out: disabled by anna: new kernel"
    farm.ok("w1")
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}
    say(farm, "enable")
    assert farm.weights()["w1"] == 10


def test_a_weight_of_the_operator_holds_until_it_is_taken_back(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "weight", weight=3)
    assert farm.weights()["w1"] == 3
    farm.down("w1")
    assert farm.weights()["w1"] == 0
    farm.ok("w1")
    assert farm.weights()["w1"] == 3
    assert farm.pools.wanted("web", farm.now).why[W1] == "in: farm/http ok, weight 3 by anna"


def test_a_word_ends_by_itself(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", seconds=60.0)
    assert farm.pools.wanted("web", farm.now).due == farm.now.mono + 60
    assert farm.pools.wanted("web", farm.now.later(59)).table.servers[0].weight == 0
    assert farm.pools.look("web", farm.table(0, 10, 10), farm.now.later(60))[0]
    assert farm.weights()["w1"] == 10 and farm.pools.words("web") == ()


def test_a_server_is_named_as_in_the_configuration_or_by_its_address(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    for name in ("w1", "10.0.0.1", "10.0.0.1:80"):
        assert say(farm, "enable", name).startswith("w1 10.0.0.1:80: in")
    with pytest.raises(ControlError, match=r"no server 'w9' in pool web \(there are w1, w2, w3\)"):
        say(farm, "enable", "w9")
    with pytest.raises(ControlError, match="no pool 'www'"):
        farm.pools.instruct(Order("www", "w1", "enable", "anna"), farm.now)
    with pytest.raises(ControlError, match="'kill' is no word for a server"):
        say(farm, "kill")


def test_one_name_of_two_servers_is_asked_back(farm) -> None:
    twins = tuple(Member(ServerId("10.0.0.1", port), "w1", "w1", 10) for port in (80, 81))
    farm.start(farm.plan(members=twins), 10)
    with pytest.raises(ControlError, match=r"'w1' is more than one server: 10.0.0.1:80, 10.0.0.1:81"):
        say(farm, "disable")


def test_below_the_floor_it_is_refused_unless_forced(farm) -> None:
    farm.start(farm.plan(floor=Floor(count=2)), 10, 10, 10)
    say(farm, "disable", "w1")
    with pytest.raises(ControlError, match="would leave 1 of 3 servers of pool web in, and its floor is 2"):
        say(farm, "disable", "w2")
    say(farm, "disable", "w2", force=True)
    assert farm.weights() == {"w1": 0, "w2": 0, "w3": 10}


def test_without_a_floor_the_last_one_is_not_sent_away_unless_forced(farm) -> None:
    farm.start(farm.plan(count=1), 10)
    with pytest.raises(ControlError, match="would leave 0 of 1 servers of pool web in"):
        say(farm, "weight", weight=0)
    say(farm, "disable", force=True)
    assert farm.weights() == {"w1": 0}


def test_the_floor_counts_all_servers_and_holds_only_those_that_no_operator_took_out(farm) -> None:
    farm.start(farm.plan(floor=Floor(count=2)), 10, 10, 10)
    say(farm, "disable", "w1")
    farm.down("w2", "w3", cause=Cause.WRONG)
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}
    assert len(farm.pools.wanted("web", farm.now).held) == 2


def test_one_that_is_out_anyway_may_be_disabled(farm) -> None:
    farm.start(farm.plan(floor=Floor(count=2)), 10, 10, 10)
    farm.down("w1")
    say(farm, "disable", "w1")
    farm.ok("w1")
    assert farm.weights()["w1"] == 0


def test_all_disabled_by_force_is_the_fallback(farm) -> None:
    farm.start(farm.plan(fallback=SPARE, count=1), 10)
    say(farm, "disable", force=True)
    assert farm.weights() == {"w1": 0, "w99": 1}


def test_a_reload_and_a_restart_keep_the_word(farm, another) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    say(farm, "disable", why="new kernel", seconds=100.0)
    farm.pools.reload([farm.plan(floor=Floor(count=1))], farm.now)
    assert farm.weights()["w1"] == 0
    (saved,) = farm.pools.saved()
    later = another()
    later.now = farm.now.later(40)
    later.start(later.plan(), 0, 10, 10, saved=saved)
    later.ok("w1")
    assert later.weights()["w1"] == 0
    (word,) = later.pools.words("web")
    assert (word.who, word.why) == ("anna", "new kernel")
    assert later.pools.wanted("web", farm.now.later(99)).table.servers[0].weight == 0
    assert later.pools.wanted("web", farm.now.later(101)).table.servers[0].weight == 10


def test_of_a_partial_pool_only_in_and_out_can_be_said(farm) -> None:
    farm.start(farm.plan(partial=True), 7, 7, 7)
    with pytest.raises(ControlError, match="its weights are what others set"):
        say(farm, "weight", weight=3)
    say(farm, "disable")
    assert farm.weights()["w1"] == 0
