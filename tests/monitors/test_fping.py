"""The fping monitor: what its letters make of a sweep."""

import pytest

from mon.plugin import Cause, Echo, Verdict


class Swept:
    """A probe whose sweep gives what it is told."""

    def __init__(self, *echoes):
        self.echoes, self.asked = echoes, {}

    async def ping_sweep(self, hosts, report, **options):
        self.asked = options
        for echo in self.echoes:
            report(echo)

    async def traceroute(self, host, **options):
        return (type("Hop", (), {"distance": 1, "address": "192.0.2.1", "rtt": 0.001}),)


ALIVE, SLOW = Echo.alive("a", 0.001), Echo.alive("s", 0.2)
DEAD, LOST = Echo.dead("d", 4), Echo.unknown("u", "cannot resolve u: no")


@pytest.fixture
def swept(load):
    async def one(*echoes, **options):
        said = {}

        def report(host, verdict, detail, cause):
            said[host] = (verdict, detail, cause)

        await load("fping").sweep([echo.host for echo in echoes], report, probe=Swept(*echoes), **options)
        return said

    return one


async def test_each_host_is_reported_with_its_cause(swept):
    assert await swept(ALIVE, DEAD, LOST) == {
        "a": (Verdict.OK, "answered in 1.00 ms", Cause.NONE),
        "d": (Verdict.DOWN, "no answer to 4 pings", Cause.TIMEOUT),
        "u": (Verdict.UNKNOWN, "cannot resolve u: no", Cause.NONE),
    }


async def test_slow_hosts_fail_where_that_is_wanted(swept):
    said = await swept(ALIVE, SLOW, slow=100)
    assert said["s"] == (Verdict.DOWN, "answered in 200.00 ms, more than 100 ms", Cause.WRONG)
    assert said["a"][0] is Verdict.OK


async def test_one_host_that_answers_is_enough_with_a(swept):
    said = await swept(ALIVE, DEAD, LOST, SLOW, all_hosts=True, slow=100)
    assert {verdict for verdict, _, _ in said.values()} == {Verdict.OK}
    assert said["d"][1] == "no answer to 4 pings; others answer"


async def test_all_hosts_fail_with_a_if_none_answers(swept):
    said = await swept(DEAD, LOST, all_hosts=True)
    assert [verdict for verdict, _, _ in said.values()] == [Verdict.DOWN, Verdict.UNKNOWN]


async def test_the_route_is_added_with_t(swept):
    said = await swept(ALIVE, DEAD, trace=True)
    assert said["d"][1] == "no answer to 4 pings; route: 1 192.0.2.1 1.0 ms"


async def test_the_routes_to_the_first_that_fail_are_enough(swept):
    said = await swept(LOST, *(Echo.dead(f"d{i}", 4) for i in range(100)), trace=True)
    assert sum("route:" in detail for _, detail, _ in said.values()) == 16
    assert len(said) == 101


async def test_times_are_milliseconds_as_in_the_classic_monitor(load):
    probe = Swept()
    await load("fping").sweep([], print, timeout=500, retries=2, probe=probe)
    assert probe.asked == {"timeout": 0.5, "retries": 2}


def test_the_deadline_covers_every_ping(load):
    options = {"retries": 3, "timeout": 2000.0, "trace": False}
    assert load("fping").deadline(options) == 13
    assert load("fping").deadline({**options, "trace": True}) > 40
