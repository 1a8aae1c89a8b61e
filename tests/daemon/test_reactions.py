"""What an event sets off, and when its ok counts."""

from pathlib import Path

import pytest

from mon.catalog import Bound, Check, Plan, Plugin
from mon.catalog.plan import Description, Form, Kind
from mon.daemon.reactions import Reactions
from mon.model.config import CommandLine, Config, Host, Key, Service
from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerId, VirtualId, Voter
from mon.model.result import Cause, HostResult, Verdict

IDLE, HTTP, PING = (("farm", name) for name in ("idle", "http", "ping"))
NOW = Moment(0.0, 0.0)


def check(key: Key, verb: str) -> Check:
    plugin = Plugin(key[1], Kind.MONITOR, Path("f.py"), Form.NATIVE, True, Description("", "", verb))
    return Check(Service(*key), Bound(plugin, {}, CommandLine("f", ("f",))), (Host("w1"), Host("w2")), 1.0)


def plan(*keys: Key, rise: int = 2) -> Plan:
    checks = {key: check(key, "follow" if key == IDLE else "check") for key in (IDLE, HTTP, PING)}
    members = tuple(Member(ServerId(f"192.0.2.{n}", 80), f"w{n}", f"w{n}") for n in (1, 2))
    voters = tuple(Voter(*key, rise=rise) for key in keys)
    pool = Pool("web", VirtualId(fwmark=1), ("memory",), members=members, voters=voters)
    return Plan(Config(), checks, pools=(pool,))


class World:
    """Reactions, and what they asked for."""

    def __init__(self, *keys: Key, rise: int = 2) -> None:
        self.rechecked: list[tuple[Key, str]] = []
        self.changed: list[Key] = []
        self.frozen: set[Key] = set()
        self.reactions = Reactions(
            lambda key, host: self.rechecked.append((key, host)),
            lambda key, host: "disabled" if key in self.frozen else "",
            self.changed.append,
        )
        self.reactions.adopt(plan(*keys, rise=rise))

    def says(self, key: Key, verdict: Verdict, host: str = "w1") -> list[tuple[str, Verdict]]:
        """What counts after this result."""
        result = HostResult(*key, host, verdict, "", 0.0, NOW, Cause.NONE, final=key == IDLE)
        return [(one.service, one.verdict) for one in self.reactions.of(result)]


OK, DOWN, UNKNOWN = Verdict.OK, Verdict.DOWN, Verdict.UNKNOWN


def test_the_first_word_counts_and_sets_off_nothing() -> None:
    world = World(IDLE, HTTP)
    assert world.says(IDLE, OK) == [("idle", OK)]
    assert (world.rechecked, world.changed) == ([], [])


def test_down_counts_at_once_and_people_learn_of_it() -> None:
    world = World(IDLE, HTTP)
    world.says(IDLE, OK)
    assert world.says(IDLE, DOWN) == [("idle", DOWN)]
    assert world.changed == [IDLE]


def test_a_restart_makes_the_others_look_at_that_host_alone() -> None:
    world = World(IDLE, HTTP, PING)
    world.says(IDLE, OK)
    assert world.says(IDLE, OK) == [("idle", OK)]
    assert world.rechecked == [(HTTP, "w1"), (PING, "w1")]
    assert world.changed == []


def test_ok_after_down_waits_until_each_other_has_said_ok_as_often_as_its_rise() -> None:
    world = World(IDLE, HTTP, PING)
    world.says(IDLE, DOWN)
    assert world.says(IDLE, OK) == []
    for key in (HTTP, HTTP, HTTP, PING):
        assert world.says(key, OK) == [(key[1], OK)]
    assert world.says(PING, OK) == [("ping", OK), ("idle", OK)]
    assert world.says(IDLE, OK) == [("idle", OK)]


def test_the_others_may_be_first() -> None:
    world = World(IDLE, HTTP)
    world.says(IDLE, DOWN)
    world.says(HTTP, OK)
    world.says(HTTP, OK)
    assert world.says(IDLE, OK) == [("idle", OK)]


def test_a_bad_result_of_another_begins_anew() -> None:
    world = World(IDLE, HTTP)
    world.says(IDLE, DOWN)
    world.says(IDLE, OK)
    world.says(HTTP, OK)
    world.says(HTTP, DOWN)
    assert world.says(HTTP, OK) == [("http", OK)]
    assert world.says(HTTP, OK) == [("http", OK), ("idle", OK)]


def test_down_again_while_it_waits_takes_the_ok_back() -> None:
    world = World(IDLE, HTTP, rise=1)
    world.says(IDLE, DOWN)
    world.says(IDLE, OK)
    world.says(IDLE, DOWN)
    assert world.says(HTTP, OK) == [("http", OK)]


@pytest.mark.parametrize("trouble", ["unknown", "disabled"])
def test_who_cannot_say_anything_holds_nobody_out(trouble: str) -> None:
    world = World(IDLE, HTTP)
    world.says(IDLE, DOWN)
    if trouble == "unknown":
        world.says(HTTP, UNKNOWN)
    else:
        world.frozen.add(HTTP)
    assert world.says(IDLE, OK) == [("idle", OK)]


def test_who_is_disabled_while_it_is_waited_for_frees_at_the_next_round() -> None:
    world = World(IDLE, HTTP)
    world.says(IDLE, DOWN)
    world.says(IDLE, OK)
    assert world.reactions.freed(IDLE) == []
    world.frozen.add(HTTP)
    assert [one.verdict for one in world.reactions.freed(IDLE)] == [OK]
    assert world.reactions.freed(IDLE) == []


def test_alone_its_ok_counts_as_it_comes() -> None:
    world = World(IDLE)
    world.says(IDLE, DOWN)
    assert world.says(IDLE, OK) == [("idle", OK)]


def test_a_service_that_does_not_vote_is_only_told_of() -> None:
    world = World(HTTP)
    world.says(IDLE, DOWN)
    assert world.says(IDLE, OK) == [("idle", OK)]
    assert world.rechecked == []
    assert world.changed == [IDLE]


def test_hosts_wait_each_for_itself() -> None:
    world = World(IDLE, HTTP, rise=1)
    world.says(IDLE, DOWN)
    world.says(IDLE, OK)
    assert world.says(HTTP, OK, "w2") == [("http", OK)]
    assert world.says(HTTP, OK, "w1") == [("http", OK), ("idle", OK)]


def test_a_reload_that_takes_a_voter_away_does_not_wait_for_it() -> None:
    world = World(IDLE, HTTP, PING, rise=1)
    world.says(IDLE, DOWN)
    world.says(IDLE, OK)
    world.reactions.adopt(plan(IDLE, HTTP, rise=1))
    assert world.says(HTTP, OK) == [("http", OK), ("idle", OK)]
