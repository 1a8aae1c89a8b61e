"""From votes to the pool that should be, and the reasons in words."""

from mon.model.pool import Floor, Member, ServerId, Voter
from mon.model.result import Cause

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
BOTH = (Voter("farm", "http"), Voter("farm", "ping"))


def test_a_server_voted_out_is_quiesced_and_the_others_keep_their_weight(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    assert farm.down("w2") == {"web"}
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 10}


def test_with_remove_it_is_gone(farm) -> None:
    farm.start(farm.plan(Voter("farm", "http", remove=True)), 10, 10, 10)
    farm.down("w2")
    assert farm.weights() == {"w1": 10, "w3": 10}


def test_one_voter_against_is_enough_and_all_must_be_content_again(farm) -> None:
    farm.start(farm.plan(*BOTH), 10, 10, 10)
    farm.ok("w1", service="ping")
    farm.down("w1", service="http")
    assert farm.weights()["w1"] == 0
    farm.ok("w1", service="ping")
    assert farm.weights()["w1"] == 0
    farm.ok("w1", service="http")
    assert farm.weights()["w1"] == 10


def test_a_voter_that_cannot_test_leaves_everybody_where_they_are(farm) -> None:
    farm.start(farm.plan(*BOTH), 10, 0, 10)
    assert farm.unknown("w1", "w2", "w3", service="ping") == set()
    farm.ok("w1", "w2", "w3")
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 10}


def test_the_floor_holds_the_best_of_the_bad_and_says_so(farm) -> None:
    farm.start(farm.plan(floor=Floor(share=0.5)), 10, 10, 10)
    farm.down("w1", cause=Cause.REFUSED)
    farm.down("w2", cause=Cause.WRONG)
    wanted = farm.pools.wanted("web", farm.now)
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}
    assert wanted.outlook == "the floor keeps 10.0.0.2:80 in against the votes"
    assert wanted.why[ServerId("10.0.0.2", 80)] == "in, held by the floor: farm/http down (down)"


def test_without_a_floor_the_pool_may_be_emptied_and_it_says_so(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.down("w1", "w2", "w3")
    wanted = farm.pools.wanted("web", farm.now)
    assert wanted.empty and wanted.outlook.startswith("no server is healthy")


def test_the_fallback_serves_when_nobody_is_healthy_and_leaves_when_one_is(farm) -> None:
    farm.start(farm.plan(fallback=SPARE, floor=Floor(share=0.5)), 10, 10, 10)
    farm.down("w1", "w2", "w3")
    assert farm.weights() == {"w1": 0, "w2": 0, "w3": 0, "w99": 1}
    assert farm.pools.wanted("web", farm.now).fallback
    farm.ok("w2")
    assert "w99" not in farm.weights() and farm.weights()["w2"] == 10


def test_a_hard_floor_goes_before_the_fallback(farm) -> None:
    farm.start(farm.plan(fallback=SPARE, floor=Floor(share=0.5, hard=True)), 10, 10, 10)
    farm.down("w1", "w2", "w3")
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}


def test_weight_0_in_the_configuration_is_out_whatever_the_votes_and_no_part_of_the_floor(farm) -> None:
    members = (farm.member(1, 0), farm.member(2), farm.member(3))
    farm.start(farm.plan(members=members, floor=Floor(share=0.5)), 10, 10, 10)
    farm.ok("w1")
    farm.down("w2", "w3")
    assert farm.weights() == {"w1": 0, "w2": 0, "w3": 10}


def test_a_pool_nobody_votes_on_is_all_in(farm) -> None:
    farm.start(farm.plan(voters=()))
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}
    assert farm.pools.wanted("web", farm.now).why[ServerId("10.0.0.1", 80)] == "in: no service votes on it"


def test_the_reason_names_each_voter(farm) -> None:
    farm.start(farm.plan(*BOTH), 10, 10, 10)
    farm.ok("w1")
    why = farm.pools.wanted("web", farm.now).why
    assert why[ServerId("10.0.0.1", 80)] == "in: farm/http ok, farm/ping has not spoken (it was in)"
    farm.down("w1", service="ping")
    assert farm.pools.wanted("web", farm.now).why[ServerId("10.0.0.1", 80)] == "out: farm/ping down (down)"


def test_a_whole_netmask_is_no_netmask(farm) -> None:
    farm.start(farm.plan(persistent=300, netmask=32), 10)
    assert farm.pools.wanted("web", farm.now).table.service.netmask is None
    farm.start(farm.plan(netmask=24), 10)
    assert farm.pools.wanted("web", farm.now).table.service.netmask is None
