"""What a pool went through goes on after a restart: counts, holds, what was given up, since when."""

from mon import codec
from mon.model.pool import Drift, Flap, Rate, ServerId, Table, Voter
from mon.pool.operators import Order
from mon.pool.record import SavedPool

W1, W2 = ServerId("10.0.0.1", 80), ServerId("10.0.0.2", 80)


def restarted(farm, another, *weights: int, seconds: float = 30, **more: object):
    """Another daemon, so many seconds later, that finds these weights and reads what was written."""
    (saved,) = farm.pools.saved()
    later = another(farm.now.later(seconds))
    written = codec.decode(codec.encode(saved), SavedPool)
    later.start(farm.plan(count=4, **more), *weights, saved=written)
    return later


def inside(farm) -> list[str]:
    return [name for name, weight in farm.weights().items() if weight]


def at_work(farm, **more: object) -> None:
    farm.start(farm.plan(count=4, **more), 10, 10, 10, 10)
    farm.ok("w1", "w2", "w3", "w4")


def put_back(farm, times: int) -> list[str]:
    """Another hand makes w1 heavier so many times, a second apart; what was said last."""
    notes: list[str] = []
    for _ in range(times):
        farm.now = farm.now.later(1)
        farm.pools.leave("web", farm.pools.wanted("web", farm.now).table)
        _, notes = farm.pools.look("web", farm.table(7, 10, 10, 10), farm.now)
    return notes


def test_the_eviction_rate_counts_who_left_before_the_restart(farm, another) -> None:
    at_work(farm, evict=Rate(1, 60.0))
    farm.down("w1")
    later = restarted(farm, another, 0, 10, 10, 10, evict=Rate(1, 60.0))
    later.ok("w2")
    later.down("w2")
    assert inside(later) == ["w2", "w3", "w4"]
    later.now = later.now.later(60)
    later.pools.look("web", later.table(), later.now)
    assert inside(later) == ["w3", "w4"]


def test_a_suspect_check_stays_suspect(farm, another) -> None:
    voter = Voter("farm", "http", interval=60.0)
    at_work(farm, voters=(voter,))
    farm.down("w1", "w2")
    later = restarted(farm, another, 0, 0, 10, 10, seconds=5, voters=(voter,))
    later.down("w3")
    assert inside(later) == ["w3", "w4"]


def test_a_server_that_flapped_before_is_held_out_at_its_next_exit(farm, another) -> None:
    flap = Flap(2, 600.0, 300.0)
    at_work(farm, flap=flap)
    farm.down("w1")
    farm.ok("w1")
    later = restarted(farm, another, 10, 10, 10, 10, flap=flap)
    later.down("w1")
    later.ok("w1")
    assert inside(later) == ["w2", "w3", "w4"]


def test_since_when_a_server_is_in_or_out_is_known(farm, another) -> None:
    at_work(farm)
    farm.down("w1")
    out, began = farm.now, farm.pools.facts("web", farm.now).memory.turned[W2]
    later = restarted(farm, another, 0, 10, 10, 10, seconds=300)
    later.down("w1")
    later.ok("w2", "w3", "w4")
    turned = later.pools.facts("web", later.now).memory.turned
    assert (turned[W1].wall, turned[W2].wall) == (out.wall, began.wall)


def test_who_was_turned_while_mon_was_away_turned_at_the_restart(farm, another) -> None:
    at_work(farm)
    later = restarted(farm, another, 0, 10, 10, 10, seconds=300)
    assert later.pools.facts("web", later.now).memory.turned[W1].wall == farm.now.wall + 300


def test_repairs_that_were_given_up_stay_given_up(farm, another) -> None:
    at_work(farm, drift=Drift.REPAIR)
    (note,) = put_back(farm, 4)
    assert note.startswith("somebody else manages 10.0.0.1:80")
    later = restarted(farm, another, 8, 10, 10, 10, drift=Drift.REPAIR)
    wanted = later.pools.wanted("web", later.now)
    assert wanted.changes(later.table(8, 10, 10, 10)) == ()
    assert "10.0.0.1:80 is left to somebody else" in wanted.outlook


def test_the_repairs_of_the_last_minute_count_on(farm, another) -> None:
    at_work(farm, drift=Drift.REPAIR)
    put_back(farm, 2)
    later = restarted(farm, another, 10, 10, 10, 10, seconds=5, drift=Drift.REPAIR)
    assert put_back(later, 1) == ["10.0.0.1:80 was set to weight 7 by hand: put back"]
    assert put_back(later, 1)[0].startswith("somebody else manages 10.0.0.1:80")


def test_a_service_that_somebody_removes_stays_removed_until_an_operator_speaks(farm, another) -> None:
    at_work(farm)
    for _ in range(4):
        farm.now = farm.now.later(1)
        farm.pools.leave("web", farm.table(10, 10, 10, 10))
        farm.pools.look("web", Table(None), farm.now)
    later = restarted(farm, another)
    later.ok("w1", "w2", "w3", "w4")
    assert later.pools.wanted("web", later.now).waiting.startswith("somebody else removes")
    later.pools.instruct(Order("web", "w1", "enable", "anna"), later.now)
    assert not later.pools.wanted("web", later.now).waiting


def test_settings_left_to_others_are_taken_back_when_mon_cf_says_something_new(farm, another) -> None:
    at_work(farm, drift=Drift.REPORT)
    farm.pools.leave("web", farm.pools.wanted("web", farm.now).table)
    theirs = farm.table(10, 10, 10, 10)
    service = type(theirs.service)(theirs.service.id, "sh")
    farm.pools.look("web", Table(service, theirs.servers), farm.now)
    assert farm.pools.wanted("web", farm.now).table.service == service
    same = restarted(farm, another, 10, 10, 10, 10, drift=Drift.REPORT)
    assert same.pools.facts("web", same.now).memory.service is not None
    new = restarted(farm, another, 10, 10, 10, 10, drift=Drift.REPORT, scheduler="rr")
    assert new.pools.facts("web", new.now).memory.service is None
    farm.pools.reload([farm.plan(count=4, drift=Drift.REPORT, scheduler="rr")], farm.now)
    assert farm.pools.facts("web", farm.now).memory.service is None


def test_what_was_told_is_known_and_what_an_older_mon_saved_is_read(farm, another) -> None:
    at_work(farm)
    farm.pools.tell("web", "floor", "10.0.0.1:80")
    (saved,) = farm.pools.saved()
    later = another(farm.now.later(9))
    later.pools.reload([farm.plan(count=4)], later.now)
    later.pools.recall([saved], later.now)
    assert later.pools.news("web", "floor") == "10.0.0.1:80"
    old = codec.decode(b'{"name": "web", "id": {}, "balancer": ["memory"]}', SavedPool)
    assert old.past.news == () and old.past.quorum is None
