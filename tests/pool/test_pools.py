"""Start, reload, restart, and results of every kind, for the one owner of votes."""

from mon.model.moment import Moment
from mon.model.pool import Floor, Member, ServerEntry, ServerId, Table, VirtualId, Voter
from mon.model.result import Verdict
from mon.pool.pools import Pools
from mon.structs import replace

SPARE = Member(ServerId("127.0.0.99", 8080), "localhost", "localhost", 1)
GROUP = Voter("farm", "http", group=True)


# -- start


def test_nothing_is_asked_before_the_balancer_was_read(farm) -> None:
    pools = Pools([farm.plan()], farm.now)
    assert pools.unread("web")
    wanted = pools.wanted("web", farm.now)
    assert wanted.waiting == "the balancer's table has not been read yet"
    assert wanted.changes(farm.table(1, 2, 3)) == ()


def test_who_is_in_stays_in_and_who_is_out_stays_out_until_a_vote(farm) -> None:
    farm.start(farm.plan(), 10, 0, 10)
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 10}
    farm.ok("w2")
    assert farm.weights()["w2"] == 10


def test_a_voter_that_cannot_speak_keeps_nobody_out_of_a_new_virtual_service(farm) -> None:
    farm.start(farm.plan(Voter("farm", "http"), Voter("farm", "ping")))
    farm.ok("w1", "w2")
    farm.down("w3")
    assert farm.pools.wanted("web", farm.now).waiting == "the first round of checks is not over"
    farm.unknown("w1", "w2", "w3", service="ping")
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 0}


def test_a_voter_that_cannot_speak_lets_nobody_in_who_was_out(farm) -> None:
    farm.start(farm.plan(Voter("farm", "http"), Voter("farm", "ping")), 10, 0, 10)
    farm.ok("w1", "w2", "w3")
    farm.unknown("w1", "w2", "w3", service="ping")
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 10}


def test_an_empty_table_waits_for_the_first_round_then_falls_back(farm) -> None:
    farm.start(farm.plan(fallback=SPARE))
    assert farm.pools.wanted("web", farm.now).waiting == "the first round of checks is not over"
    farm.down("w1", "w2")
    assert farm.pools.wanted("web", farm.now).waiting
    farm.unknown("w3")
    assert farm.weights()["w99"] == 1


def test_a_voter_that_stays_silent_is_waited_for_only_so_long(farm) -> None:
    farm.start(farm.plan(floor=Floor(share=0.5)))
    farm.down("w1", "w2")
    assert farm.pools.first_round_over(farm.now) == {"web"}
    assert farm.pools.first_round_over(farm.now) == set()
    assert sum(weight > 0 for weight in farm.weights().values()) == 2


def test_a_round_that_was_over_before_the_balancer_answered_is_over(farm) -> None:
    farm.pools = Pools([farm.plan(fallback=SPARE)], farm.now)
    farm.pools.first_round_over(farm.now)
    farm.pools.adopt("web", Table(None), None, farm.now, max_age=lambda voter: 0)
    assert farm.weights()["w99"] == 1


def test_into_an_empty_table_a_healthy_server_goes_at_once(farm) -> None:
    farm.start(farm.plan())
    farm.ok("w1")
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 0}


def test_the_table_of_another_address_is_not_taken_for_this_pool(farm) -> None:
    farm.pools = Pools([farm.plan(id=VirtualId("tcp", "10.0.0.8", 80))], farm.now)
    farm.pools.adopt("web", farm.table(10, 10, 10), None, farm.now, max_age=lambda voter: 0)
    assert farm.pools.unread("web")


# -- restart


def test_young_votes_are_known_again_after_a_restart(farm, another) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.ok("w1", "w2", "w3")
    farm.down("w2")
    (saved,) = farm.pools.saved()
    later = another()
    later.now = Moment(farm.now.wall + 3, 7.0)
    later.start(later.plan(), 10, 10, 10, saved=saved)
    assert later.weights() == {"w1": 10, "w2": 0, "w3": 10}


def test_old_votes_are_forgotten_and_the_table_counts(farm, another) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.down("w2")
    (saved,) = farm.pools.saved()
    later = another()
    later.now = farm.now.later(3600)
    later.start(later.plan(), 10, 10, 0, saved=saved)
    assert later.weights() == {"w1": 10, "w2": 10, "w3": 0}


def test_a_row_of_failures_goes_on_after_a_restart(farm, another) -> None:
    plan = farm.plan(Voter("farm", "http", fall=2))
    farm.start(plan, 10, 10, 10)
    farm.down("w1")
    (saved,) = farm.pools.saved()
    later = another()
    later.start(plan, 10, 10, 10, saved=saved)
    later.down("w1")
    assert later.weights()["w1"] == 0


def test_a_pool_that_left_the_configuration_meanwhile_is_withdrawn(farm, another) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    saved = farm.pools.saved()
    later = another()
    (name,) = later.pools.recall(saved, later.now)
    edits = later.pools.wanted(name, later.now).changes(farm.table(10, 10, 10))
    assert [str(edit.verb) for edit in edits] == ["delete server"] * 3 + ["delete service"]
    assert later.pools.settle(name, Table(None), later.now) == ()
    assert later.pools.names == ()


def test_what_was_ours_and_is_no_longer_configured_is_deleted_and_what_others_added_is_not(
    farm, another
) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    (saved,) = farm.pools.saved()
    later = another()
    later.start(later.plan(count=2), 10, 10, 10, saved=saved)
    table = farm.table(10, 10, 10, 10)
    edits = later.pools.wanted("web", later.now).changes(table)
    assert [(str(edit.verb), edit.server.id.address) for edit in edits] == [("delete server", "10.0.0.3")]


# -- reload


def test_a_reload_keeps_votes_and_takes_new_weights(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.ok("w1", "w3")
    farm.down("w2")
    heavier = farm.plan(members=tuple(farm.member(n, 50) for n in (1, 2, 3)))
    assert farm.pools.reload([heavier], farm.now) == {"web"}
    assert farm.weights() == {"w1": 50, "w2": 0, "w3": 50}
    assert farm.pools.reload([heavier], farm.now) == set()


def test_a_voter_that_comes_new_moves_nobody(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.down("w2")
    farm.pools.reload([farm.plan(Voter("farm", "http"), Voter("farm", "smtp"))], farm.now)
    assert farm.weights() == {"w1": 10, "w2": 0, "w3": 10}


def test_a_server_that_comes_new_is_looked_up_first_and_waits_for_its_votes(farm) -> None:
    farm.start(farm.plan(count=2), 10, 10)
    farm.pools.reload([farm.plan(count=3)], farm.now)
    assert farm.pools.unread("web")
    farm.pools.adopt("web", farm.table(10, 10), None, farm.now, max_age=lambda voter: 0)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 0}
    farm.ok("w3")
    assert farm.weights()["w3"] == 10


def test_a_server_that_is_dropped_is_deleted_and_then_no_longer_ours(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.reload([farm.plan(count=2)], farm.now)
    wanted = farm.pools.wanted("web", farm.now)
    assert [str(edit.verb) for edit in wanted.changes(farm.table(10, 10, 10))] == ["delete server"]
    assert farm.pools.settle("web", farm.table(10, 10), farm.now) == ()
    assert farm.pools.wanted("web", farm.now).changes(farm.table(10, 10, 10)) == ()


def test_a_pool_of_another_name_for_the_same_service_inherits_it(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.pools.reload([replace(farm.plan(count=2), name="www")], farm.now)
    assert farm.pools.names == ("www",)
    farm.pools.adopt("www", farm.table(10, 10, 10), None, farm.now, max_age=lambda voter: 0)
    edits = farm.pools.wanted("www", farm.now).changes(farm.table(10, 10, 10))
    assert [edit.server.id.address for edit in edits] == ["10.0.0.3"]


def test_a_pool_that_moves_leaves_its_old_address_and_keeps_its_votes(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.ok("w1", "w2")
    farm.down("w3")
    moved = farm.plan(id=VirtualId("tcp", "10.0.0.8", 80))
    assert farm.pools.reload([moved], farm.now) == {"web", "web (was tcp 10.0.0.9:80)"}
    farm.pools.adopt("web", Table(None), None, farm.now, max_age=lambda voter: 0)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 0}


# -- results


def test_a_result_of_a_host_that_is_no_member_moves_nothing(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    assert farm.down("router") == set()
    assert farm.pools.vote(replace(farm.result("w1", Verdict.DOWN), watch="x"), farm.now) == set()


def test_a_frozen_result_does_not_count(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    result = farm.result("w1", Verdict.DOWN)
    assert farm.pools.vote(result, farm.now, frozen="farm/router failed") == set()
    assert farm.weights()["w1"] == 10


def test_traps_count_only_for_a_line_that_wants_them(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    assert farm.pools.vote(farm.result("w1", Verdict.DOWN), farm.now, trap=True) == set()
    farm.start(farm.plan(Voter("farm", "http", traps=True)), 10, 10, 10)
    assert farm.pools.vote(farm.result("w1", Verdict.DOWN), farm.now, trap=True) == {"web"}


def test_a_failure_without_host_names_counts_only_with_group(farm) -> None:
    prose = farm.round(1, *(farm.result(host, Verdict.UNKNOWN) for host in ("w1", "w2", "w3")))
    farm.start(farm.plan(), 10, 10, 10)
    assert farm.pools.run_result(prose, farm.now) == set()
    farm.start(farm.plan(GROUP), 10, 10, 10)
    assert farm.pools.run_result(prose, farm.now) == {"web"}
    assert farm.weights() == {"w1": 0, "w2": 0, "w3": 0}


def test_with_group_a_failure_that_names_hosts_is_only_theirs(farm) -> None:
    farm.start(farm.plan(GROUP), 10, 10, 10)
    parts = [farm.result("w1", Verdict.DOWN), farm.result("w2", Verdict.OK)]
    farm.down("w1")
    assert farm.pools.run_result(farm.round(1, *parts), farm.now) == set()
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 10}


def test_our_own_trouble_and_what_is_disabled_are_no_vote_of_the_group(farm) -> None:
    farm.start(farm.plan(GROUP), 10, 10, 10)
    assert farm.pools.run_result(farm.round(3, trouble="could not be started"), farm.now) == set()
    farm.pools.run_result(farm.round(1), farm.now, disabled={"w2"})
    assert farm.weights() == {"w1": 0, "w2": 10, "w3": 0}


def test_hosts_that_could_not_be_tested_beside_good_ones_are_no_failure_of_the_group(farm) -> None:
    farm.start(farm.plan(GROUP), 10, 10, 10)
    parts = [farm.result("w1", Verdict.UNKNOWN), farm.result("w2", Verdict.OK)]
    assert farm.pools.run_result(farm.round(2, *parts), farm.now) == set()
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_a_pool_that_a_reload_took_away_has_no_differences(farm) -> None:
    assert farm.pools.settle("web", farm.table(1), farm.now) == ()


def test_a_group_comes_back_with_a_good_round(farm) -> None:
    farm.start(farm.plan(GROUP), 10, 10, 10)
    farm.pools.run_result(farm.round(1), farm.now)
    farm.pools.run_result(farm.round(0), farm.now)
    assert farm.weights() == {"w1": 10, "w2": 10, "w3": 10}


def test_a_wild_form_votes_on_its_server_alone_and_leaves_the_service_as_it_is(farm) -> None:
    voters = (Voter("farm", "http", remove=True, only="w1"), Voter("farm2", "http", remove=True, only="w2"))
    farm.start(farm.plan(*voters, count=2, partial=True), 7, 7)
    farm.down("w1", "w2")
    wanted = farm.pools.wanted("web", farm.now)
    (edit,) = wanted.changes(farm.table(7, 7, 7))
    assert (str(edit.verb), edit.server.id.address) == ("delete server", "10.0.0.1")


def test_a_partial_pool_that_is_dropped_takes_away_only_what_it_brought(farm) -> None:
    plan = farm.plan(count=2, partial=True)
    farm.start(plan, 7)
    farm.pools.reload([], farm.now)
    (name,) = farm.pools.names
    edits = farm.pools.wanted(name, farm.now).changes(farm.table(7, 7))
    assert [(str(edit.verb), edit.server.id.address) for edit in edits] == [("delete server", "10.0.0.2")]


def test_a_difference_that_was_read_back_has_words(farm) -> None:
    farm.start(farm.plan(), 10, 10, 10)
    farm.down("w1")
    assert farm.pools.settle("web", farm.table(10, 10, 10), farm.now) == (
        "10.0.0.1:80 of tcp 10.0.0.9:80 has weight 10 masq, not weight 0 masq",
    )


def test_a_service_that_votes_by_two_lines_has_two_votes(farm) -> None:
    farm.start(farm.plan(Voter("farm", "http", exit=(1, 1)), Voter("farm", "http", exit=(2, 2))), 10, 10, 10)
    farm.down("w1", status=2)
    assert farm.weights()["w1"] == 0
    assert isinstance(farm.pools.wanted("web", farm.now).table.servers[0], ServerEntry)
