"""A check that is wrong about everything empties no pool at once; one that flaps is held out."""

import pytest

from mon.model.pool import Flap, Floor, Member, Rate, ServerId, Voter
from mon.model.result import Cause, Verdict

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
VOTER = Voter("farm", "http", interval=60.0)


def at_work(farm, **more: object) -> None:
    farm.start(farm.plan(count=4, **more), 10, 10, 10, 10)
    farm.ok("w1", "w2", "w3", "w4")


def look(farm, seconds: float) -> None:
    farm.now = farm.now.later(seconds)
    farm.pools.look("web", farm.table(), farm.now)


def inside(farm) -> list[str]:
    return [name for name, weight in farm.weights().items() if weight]


# -- suspect


def test_half_of_a_pool_leaves_at_once_and_the_rest_after_a_confirming_round(farm) -> None:
    at_work(farm, voters=(VOTER,))
    farm.down("w1", "w2", "w3", "w4")
    assert inside(farm) == ["w3", "w4"]
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.outlook == (
        "10.0.0.3:80, 10.0.0.4:80 stays in against the votes: more than half would leave within one "
        "interval, the check itself is suspect"
    )
    assert "the check itself is suspect: farm/http down" in wanted.why[ServerId("10.0.0.3", 80)]
    farm.down("w3")
    assert inside(farm) == ["w4"]
    farm.down("w4")
    assert inside(farm) == []


def test_a_check_that_was_wrong_for_one_round_leaves_half_of_the_pool(farm) -> None:
    at_work(farm, voters=(VOTER,), fallback=SPARE)
    farm.down("w1", "w2", "w3", "w4")
    farm.ok("w3", "w4")
    assert inside(farm) == ["w3", "w4"]
    assert farm.pools.wanted("web", farm.now).outlook == ""


def test_failures_in_different_intervals_are_not_suspect(farm) -> None:
    at_work(farm, voters=(VOTER,))
    for host in ("w1", "w2", "w3"):
        farm.down(host)
        look(farm, 61)
    assert inside(farm) == ["w4"]


def test_one_that_leaves_again_within_the_interval_is_still_one(farm) -> None:
    at_work(
        farm,
        voters=(VOTER,),
    )
    for _ in range(4):
        farm.down("w1")
        assert inside(farm) == ["w2", "w3", "w4"]
        farm.ok("w1")
        assert inside(farm) == ["w1", "w2", "w3", "w4"]


def test_the_only_server_of_a_pool_may_leave(farm) -> None:
    farm.start(farm.plan(VOTER, count=1), 10)
    farm.down("w1")
    assert inside(farm) == []


# -- evict


def test_no_more_leave_than_the_rate_and_the_worst_first(farm) -> None:
    at_work(farm, evict=Rate(1, 60.0))
    at = farm.now
    for host, cause in (("w1", Cause.WRONG), ("w2", Cause.REFUSED), ("w3", Cause.WRONG)):
        farm.down(host, cause=cause)
    assert inside(farm) == ["w2", "w3", "w4"]
    assert farm.pools.wanted("web", farm.now).outlook == (
        "10.0.0.2:80, 10.0.0.3:80 stays in against the votes: no more than 1 leave within 60 s (evict)"
    )
    assert farm.pools.wanted("web", farm.now).due == at.mono + 1 + 60
    look(farm, 60)
    assert inside(farm) == ["w3", "w4"]
    look(farm, 60)
    assert inside(farm) == ["w4"]


def test_who_recovers_while_waiting_never_left(farm) -> None:
    at_work(farm, evict=Rate(1, 60.0), slowstart=30.0)
    farm.down("w1", "w2")
    farm.ok("w2")
    assert farm.weights()["w2"] == 10


# -- flap


def test_one_that_leaves_too_often_is_held_out_for_a_while(farm) -> None:
    at_work(farm, flap=Flap(2, 600.0, 300.0))
    for _ in range(2):
        farm.down("w1")
        farm.ok("w1")
    assert inside(farm) == ["w2", "w3", "w4"]
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.outlook == "10.0.0.1:80 is held out: it left too often (flap)"
    assert wanted.why[ServerId("10.0.0.1", 80)] == "out: it left too often, held out for 299 s more"
    look(farm, 299)
    assert inside(farm) == ["w1", "w2", "w3", "w4"]


def test_nobody_is_held_out_when_nobody_else_is_healthy(farm) -> None:
    at_work(farm, flap=Flap(1, 600.0, 300.0), fallback=SPARE)
    farm.down("w1", "w2", "w3", "w4")
    farm.ok("w1")
    assert inside(farm) == ["w1"]


def test_the_floor_takes_one_that_only_flaps_before_one_that_is_down(farm) -> None:
    at_work(farm, flap=Flap(1, 600.0, 300.0), floor=Floor(count=3))
    farm.down("w1", cause=Cause.WRONG)
    farm.down("w2", cause=Cause.WRONG)
    farm.ok("w1")
    assert inside(farm) == ["w1", "w3", "w4"]


def test_a_restart_does_not_end_the_hold(farm, another) -> None:
    at_work(farm, flap=Flap(1, 600.0, 300.0))
    farm.down("w1")
    (saved,) = farm.pools.saved()
    later = another()
    later.now = farm.now.later(100)
    later.start(later.plan(count=4, flap=Flap(1, 600.0, 300.0)), 0, 10, 10, 10, saved=saved)
    later.ok("w1")
    assert inside(later) == ["w2", "w3", "w4"]
    look(later, 200)
    assert inside(later) == ["w1", "w2", "w3", "w4"]


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN])
def test_what_cannot_be_tested_is_no_confirmation(farm, verdict: Verdict) -> None:
    at_work(farm, voters=(VOTER,))
    farm.down("w1", "w2", "w3")
    farm.say(verdict, ("w3",), "http")
    assert inside(farm) == ["w3", "w4"]
