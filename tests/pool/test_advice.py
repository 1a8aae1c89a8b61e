"""Suggested weights: bounded, in steps, and never against floor, operator or votes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.codec import decode, encode
from mon.model.moment import Moment
from mon.model.pool import Bounds, Floor, Member, ServerId, Voter
from mon.model.result import Verdict
from mon.model.weight import Weight, weight_of
from mon.pool.advice import BAND, STEPS, aimed, rounded
from mon.pool.ballot import Ballot
from mon.pool.operators import Order
from mon.pool.record import SavedPool
from mon.structs import replace

W1 = ServerId("10.0.0.1", 80)
AGENT = Voter("farm", "agent")
BOTH = (Voter("farm", "http"), AGENT)


def plan(farm, bounds: str = "0..100", *, weights: tuple[int, ...] = (100, 100, 100), **more: object):
    """Three servers, with voters http and agent, that follow suggestions within these bounds in 10 s."""
    low, high = bounds.split("..")
    between = Bounds(weight_of(low), weight_of(high))
    members = (replace(farm.member(n, w), bounds=between) for n, w in enumerate(weights, 1))
    return farm.plan(*BOTH, members=tuple(members), **more)


def suggest(farm, weight: str, *hosts: str) -> None:
    farm.say(Verdict.OK, hosts or ("w1",), "agent", weight=weight_of(weight) if weight else None)


def later(farm, seconds: float) -> dict[str, int]:
    """The weights so many seconds later, when the balancer's table was looked at."""
    farm.now = farm.now.later(seconds)
    farm.pools.look("web", farm.table(), farm.now)
    return farm.weights()


def at_work(farm, *arguments: str, **more: object) -> None:
    farm.start(plan(farm, *arguments, **more), 100, 100, 100)
    for service in ("http", "agent"):
        farm.ok("w1", "w2", "w3", service=service)


def why(farm) -> str:
    return farm.pools.wanted("web", farm.now).why[W1]


# -- the way there


def test_a_suggestion_is_followed_in_steps_of_a_tenth(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    seen = [farm.weights()["w1"]]
    while (due := farm.pools.wanted("web", farm.now).due) is not None:
        seen.append(later(farm, due - farm.now.mono)["w1"])
    assert seen == [90, 80, 70, 60, 50]
    assert farm.weights() == {"w1": 50, "w2": 100, "w3": 100}


def test_a_plain_number_is_the_weight_itself(farm) -> None:
    at_work(farm, weights=(10, 10, 10))
    suggest(farm, "37")
    assert later(farm, 10)["w1"] == 37


@pytest.mark.parametrize(
    ("bounds", "said", "becomes"),
    [("20..100", "5", 20), ("20..100", "500%", 100), ("20%..150%", "0", 20), ("20%..150%", "900", 150)],
)
def test_bounds_hold(farm, bounds: str, said: str, becomes: int) -> None:
    at_work(farm, bounds)
    suggest(farm, said)
    assert later(farm, 10)["w1"] == becomes


def test_without_a_weight_line_it_is_shown_and_not_followed(farm) -> None:
    farm.start(farm.plan(*BOTH), 10, 10, 10)
    farm.ok("w1")
    suggest(farm, "50%")
    assert later(farm, 20)["w1"] == 10
    assert why(farm) == (
        "in: farm/http ok, farm/agent ok (suggests weight 50%), no `weight` line lets suggestions be followed"
    )


def test_the_reason_says_who_suggests_and_how_far_it_is(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    assert why(farm) == "in: farm/http ok, farm/agent ok (suggests weight 50%), on its way from 100 to 50"
    later(farm, 10)
    assert why(farm) == "in: farm/http ok, farm/agent ok (suggests weight 50%)"


def test_the_lowest_of_two_suggestions_is_followed(farm) -> None:
    at_work(farm)
    farm.say(Verdict.OK, ("w1",), "http", weight=Weight(70, True))
    suggest(farm, "40%")
    assert later(farm, 10)["w1"] == 40
    suggest(farm, "90%")
    assert later(farm, 10)["w1"] == 70


def test_what_differs_by_little_is_no_news_but_an_end_is(farm) -> None:
    at_work(farm)
    suggest(farm, "60%")
    assert later(farm, 10)["w1"] == 60
    suggest(farm, "62%")
    assert later(farm, 10)["w1"] == 60
    suggest(farm, "97%")
    assert later(farm, 10)["w1"] == 97
    suggest(farm, "100%")
    assert later(farm, 10)["w1"] == 100


def test_when_nobody_suggests_any_more_it_goes_back(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    later(farm, 10)
    suggest(farm, "")
    assert later(farm, 0)["w1"] == 60
    assert later(farm, 10)["w1"] == 100
    assert farm.pools.wanted("web", farm.now).due is None


def test_unknown_leaves_it_as_it_is_for_as_long_as_it_lasts(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    later(farm, 10)
    for _ in range(5):
        farm.unknown("w1", service="agent")
        assert later(farm, 1000)["w1"] == 50


def test_a_frozen_vote_suggests_nothing_new(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    later(farm, 10)
    result = farm.result("w1", Verdict.OK, "agent", weight=Weight(10, True))
    farm.pools.vote(result, farm.now, frozen="disabled")
    assert later(farm, 10)["w1"] == 50


# -- what goes before it


def test_a_vote_against_goes_before_it_and_so_does_a_word(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    later(farm, 10)
    farm.pools.instruct(Order("web", "w1", "weight", "anna", weight=80), farm.now)
    assert farm.weights()["w1"] == 80
    suggest(farm, "10%")
    assert later(farm, 10)["w1"] == 80
    farm.pools.instruct(Order("web", "w1", "enable", "anna"), farm.now)
    assert farm.weights()["w1"] == 10
    farm.down("w1")
    assert farm.weights()["w1"] == 0


def test_weight_0_is_out_and_stays_in_the_table(farm) -> None:
    at_work(farm, persistent=300)
    suggest(farm, "0")
    assert later(farm, 9) == {"w1": 0, "w2": 100, "w3": 100}
    assert why(farm) == "out by a suggested weight: farm/http ok, farm/agent ok (suggests weight 0)"
    suggest(farm, "2%")
    assert later(farm, 0)["w1"] == 2


def test_who_is_sent_away_last_stays_for_the_floor_and_an_alarm_says_so(farm) -> None:
    at_work(farm, floor=Floor(count=2))
    suggest(farm, "0", "w2")
    assert later(farm, 10) == {"w1": 100, "w2": 0, "w3": 100}
    suggest(farm, "0", "w1")
    assert later(farm, 10) == {"w1": 1, "w2": 0, "w3": 100}
    assert why(farm).startswith("in against a suggested weight, the floor is 2: ")
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.alarms == (f"{W1} stays in against a suggested weight of 0: the floor is 2",)
    farm.down("w3")
    assert farm.weights() == {"w1": 1, "w2": 1, "w3": 0}


def test_the_last_one_stays_without_a_floor_too_and_though_there_is_a_fallback(farm) -> None:
    spare = Member(ServerId("127.0.0.1", 8080), "localhost", "localhost")
    at_work(farm, fallback=spare)
    for host in ("w3", "w2", "w1"):
        suggest(farm, "0", host)
    assert later(farm, 20) == {"w1": 1, "w2": 0, "w3": 0}
    assert "somebody must serve" in farm.pools.wanted("web", farm.now).outlook


def test_an_operator_who_takes_one_out_wakes_one_that_rests(farm) -> None:
    at_work(farm, floor=Floor(count=2))
    suggest(farm, "0", "w1")
    later(farm, 10)
    farm.pools.instruct(Order("web", "w2", "disable", "anna"), farm.now)
    assert farm.weights() == {"w1": 1, "w2": 0, "w3": 100}


def test_one_that_rests_has_not_left_for_the_guards(farm) -> None:
    at_work(farm)
    suggest(farm, "0")
    later(farm, 10)
    assert farm.pools.facts("web", farm.now).memory.exits == ()


def test_a_slow_start_climbs_to_the_suggested_weight(farm) -> None:
    at_work(farm, slowstart=30.0)
    suggest(farm, "50%")
    later(farm, 10)
    farm.down("w1")
    later(farm, 1)
    farm.ok("w1")
    seen = [farm.weights()["w1"]]
    while (due := farm.pools.wanted("web", farm.now).due) is not None:
        seen.append(later(farm, due - farm.now.mono)["w1"])
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (4, 50)


def test_one_that_comes_new_begins_where_it_is_to_be(farm) -> None:
    farm.start(plan(farm))
    suggest(farm, "30%", "w1", "w2", "w3")
    farm.ok("w1", "w2", "w3")
    assert farm.weights() == {"w1": 30, "w2": 30, "w3": 30}


# -- reload, restart, stop


def test_a_reload_keeps_it_and_a_share_follows_the_new_weight(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    later(farm, 10)
    farm.pools.reload([plan(farm, weights=(200, 100, 100))], farm.now)
    assert farm.weights()["w1"] == 70
    assert later(farm, 10)["w1"] == 100
    farm.pools.reload([plan(farm, "0..20")], farm.now)
    assert later(farm, 10)["w1"] == 20


def test_a_restart_moves_no_weight_and_goes_on_from_there(farm, another) -> None:
    at_work(farm)
    suggest(farm, "50%")
    assert later(farm, 1)["w1"] == 80
    (saved,) = farm.pools.saved()
    again = another()
    again.now = Moment(farm.now.wall + 1.0, 3.0)
    again.start(plan(again), 80, 100, 100, saved=saved, max_age=60)
    assert again.weights()["w1"] == 70
    assert later(again, 10)["w1"] == 50


def test_what_is_saved_comes_back_and_what_an_older_mon_saved_too(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    (saved,) = farm.pools.saved()
    assert saved.courses and any(ballot.suggests == Weight(50, True) for ballot in saved.ballots)
    assert decode(encode(saved), SavedPool) == saved
    older = json.loads(encode(saved))
    del older["courses"]
    for ballot in older["ballots"]:
        del ballot["suggests"]
    assert decode(json.dumps(older), SavedPool).courses == ()


def test_a_weight_of_which_nothing_was_saved_is_left_until_somebody_speaks(farm) -> None:
    farm.start(plan(farm, slowstart=30.0), 40, 100, 100)
    assert later(farm, 100)["w1"] == 40
    farm.ok("w1", "w2", "w3")
    suggest(farm, "40%")
    assert later(farm, 10)["w1"] == 40
    suggest(farm, "")
    assert later(farm, 10)["w1"] == 100


def test_one_that_nobody_suggests_for_goes_to_its_weight_after_a_start(farm) -> None:
    farm.start(plan(farm), 40, 100, 100)
    farm.ok("w1")
    farm.ok("w1", service="agent")
    assert farm.weights()["w1"] == 50
    assert later(farm, 10)["w1"] == 100


def test_an_orderly_stop_leaves_final_weights(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    assert farm.pools.finish() == {"web"}
    assert farm.weights()["w1"] == 50


def test_a_supposed_pool_has_it_too(farm) -> None:
    at_work(farm)
    suggest(farm, "50%")
    assert farm.pools.supposing().wanted("web", farm.now).table == farm.pools.wanted("web", farm.now).table


# -- laws of the way


numbers = st.builds(Weight, st.integers(0, 300), st.just(False))
shares = st.builds(Weight, st.integers(0, 200), st.just(True))
moves = st.lists(
    st.tuples(st.floats(0.05, 15), st.one_of(st.none(), numbers, shares)), min_size=1, max_size=25
)


@given(moves, st.integers(1, 250), st.integers(0, 50), st.integers(50, 300), st.floats(0.5, 60))
def test_it_is_bounded_and_takes_one_step_a_period_and_arrives(said, whole, low, high, over) -> None:
    bounds = Bounds(Weight(low), Weight(high), over)
    member = Member(W1, "w1", "w1", whole, bounds=bounds)
    period, now, course = over / STEPS, Moment(1e9, 100.0), None
    least, most = min(low, whole), max(high, whole)
    before, heard = float(whole), Ballot(heard=True)
    for seconds, suggestion in said:
        now = now.later(seconds)
        heard = replace(heard, suggests=suggestion)
        after = aimed(member, [(AGENT, heard)], course, now, inside=True)
        level = after.level(now) if after else float(whole)
        again = aimed(member, [(AGENT, heard)], after, now, inside=True)
        assert (again.level(now) if again else float(whole)) == level
        assert least - 1e-6 <= level <= most + 1e-6
        step = max(whole, most - least) / STEPS
        assert abs(level - before) <= (int(seconds / period + 1e-6) + 1) * step + 1e-6
        course, before = after, level
    now = now.later(over + period)
    course = aimed(member, [(AGENT, heard)], course, now, inside=True)
    level = course.level(now) if course else whole
    wanted = whole if heard.suggests is None else max(low, min(high, heard.suggests.of(whole)))
    assert abs(level - wanted) <= BAND * max(whole, level) + 1e-6
    assert rounded(level) > 0 or wanted == 0


@given(st.floats(0.05, 0.9), st.integers(2, 40))
def test_suggestions_that_come_faster_than_steps_do_not_hold_it_up(gap, count) -> None:
    member = Member(W1, "w1", "w1", 100, bounds=Bounds(Weight(0), Weight(100)))
    now, course = Moment(1e9, 100.0), None
    for n in range(count):
        now = now.later(gap)
        said = [(AGENT, Ballot(heard=True, suggests=Weight(10 if n % 2 else 20)))]
        course = aimed(member, said, course, now, inside=True)
    passed = gap * (count - 1)
    assert course.level(now) <= max(20, 100 - 10 * int(passed))
