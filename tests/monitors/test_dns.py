"""The dns and dns-query monitors against nsd: a master, a slave that is up to date, one that is not."""

import pytest
import servers

from mon.plugin import BadOption, Cause, Down, Unknown

MASTER, SLAVE, STALE, OTHER, NOBODY = (f"127.0.2.{number}" for number in range(1, 6))
ZONE = servers.ZONE


@pytest.fixture(scope="module")
def port(run):
    port = servers.free_port()
    for address, serial in ((MASTER, 2026), (SLAVE, 2026), (STALE, 2020), (OTHER, 2030)):
        run(servers.nsd, address, port, serial)
    return port


@pytest.fixture
def dns(load):
    return load("dns")


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_slave_that_has_its_masters_serial_is_ok(dns, probe, port, tcp):
    said = await dns.check(SLAVE, port=port, zone=[ZONE], master=[MASTER], tcp=tcp, probe=probe)
    assert said == f"{ZONE} 2026"


async def test_a_stale_zone_is_down(dns, probe, port):
    with pytest.raises(Down, match=r"example.test: serial 2020 is 6 behind 2026") as found:
        await dns.check(STALE, port=port, zone=[ZONE], master=[MASTER], probe=probe)
    assert found.value.cause is Cause.WRONG
    assert await dns.check(STALE, port=port, zone=[ZONE], master=[MASTER], serial_threshold=6, probe=probe)


async def test_a_zone_that_is_ahead_of_its_master_is_down(dns, probe, port):
    with pytest.raises(Down, match="serial 2030 is 4 ahead of 2026"):
        await dns.check(OTHER, port=port, zone=[ZONE], master=[MASTER], probe=probe)


async def test_a_zone_that_a_server_does_not_have_is_down(dns, probe, port):
    with pytest.raises(Down, match=r"other.test: REFUSED"):
        await dns.check(SLAVE, port=port, zone=["other.test"], master=[MASTER], probe=probe)


async def test_a_master_that_is_away_is_not_the_slaves_fault(dns, probe, port):
    with pytest.raises(Unknown, match=f"master {NOBODY}: connection refused"):
        await dns.check(SLAVE, port=port, zone=[ZONE], master=[NOBODY], probe=probe)
    two = {"zone": [ZONE], "master": [MASTER, NOBODY], "port": port}
    assert await dns.check(SLAVE, **two, probe=probe)
    with pytest.raises(Unknown, match=f"master {NOBODY}"):
        await dns.check(SLAVE, **two, failsingle=True, probe=probe)


async def test_masters_that_differ_are_not_the_slaves_fault(dns, probe, port):
    with pytest.raises(Unknown, match="its masters differ: 2026, 2030"):
        await dns.check(SLAVE, port=port, zone=[ZONE], master=[MASTER, OTHER], probe=probe)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"www.{ZONE}", "192.0.2.1"),
        (f"www.{ZONE}:AAAA:2001:db8::1", "2001:db8::1"),
        (f"{ZONE}:MX", f"10 mail.{ZONE}"),
        (f"{ZONE}:txt:v=spf1 -all", "v=spf1 -all"),
        (f"{ZONE}:NS", f"ns.{ZONE}"),
        (f"alias.{ZONE}:CNAME:www.{ZONE}.", f"www.{ZONE}"),
        (f"alias.{ZONE}:A", "192.0.2.1"),
        (f"{ZONE}:SOA", f"ns.{ZONE} root.{ZONE} 2026 3600 600 86400 60"),
    ],
)
async def test_queries(dns, probe, port, query, said):
    dns.verify({"query": [query], "caching_only": True})
    assert await dns.check(MASTER, port=port, caching_only=True, query=[query], probe=probe) == said


async def test_an_answer_too_long_for_udp_is_asked_for_over_tcp(dns, probe, port):
    assert (await dns.check(MASTER, port=port, query=[f"many.{ZONE}:TXT"], probe=probe)).endswith("y" * 90)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (f"gone.{ZONE}:A", "NXDOMAIN"),
        (f"mail.{ZONE}:AAAA", "no AAAA record"),
        (f"www.{ZONE}:A:192.0.2.9", "192.0.2.1, expected 192.0.2.9"),
        ("elsewhere.test", "REFUSED"),
    ],
)
async def test_a_server_that_answers_but_not_what_is_wanted_is_down(dns, probe, port, query, why):
    with pytest.raises(Down, match=why):
        await dns.check(MASTER, port=port, query=[query], probe=probe)


@pytest.mark.parametrize(
    "options",
    [
        {"zone": [ZONE]},
        {"caching_only": True},
        {"query": ["a:B"]},
        {"query": ["a..b"]},
        {"zone": ["x" * 64], "master": ["a"]},
    ],
)
def test_what_cannot_be_meant_is_refused(dns, options):
    with pytest.raises(BadOption, match=": "):
        dns.verify(options)


def test_the_deadline_has_room_for_every_question(dns):
    assert dns.deadline({"timeout": 5.0, "zone": ["a", "b"], "query": ["c"]}) == 50


async def test_a_name_and_its_address(load, probe, port):
    query = load("dns_query")
    assert await query.check(MASTER, port=port, name=f"www.{ZONE}", probe=probe) == f"www.{ZONE} 192.0.2.1"
    for name, why in ((f"gone.{ZONE}", "NXDOMAIN"), (ZONE, "no address")):
        with pytest.raises(Down, match=why):
            await query.check(MASTER, port=port, name=name, probe=probe)
    with pytest.raises(BadOption):
        query.verify({"name": "a..b"})
