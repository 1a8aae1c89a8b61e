"""The snmp monitor against Net-SNMP's agent."""

import pytest
import servers

from mon.plugin import BadOption, Cause, Down, ber

LOCATION, SERVICES = "1.3.6.1.2.1.1.6.0", "1.3.6.1.2.1.1.7.0"
GONE = "1.3.6.1.2.1.1.99.0"
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
"""The library warns of SNMPv1 being experimental, and its crypto of a function that moves."""

V3 = {"user": "watcher", "auth": "sha1", "password": "auth-word", "priv": "aes", "key": "priv-word"}


@pytest.fixture(scope="module")
def server(run):
    return run(servers.snmpd)


@pytest.fixture
def snmp(load):
    return load("snmp")


async def test_the_uptime_is_in_seconds(snmp, probe, server):
    assert 0 < float(await snmp.check("127.0.0.1", port=server, least=0.01, most=600, probe=probe)) < 600


@pytest.mark.parametrize("way", [{"version": "1"}, {"version": "2c"}, V3])
async def test_a_text_and_a_number(snmp, probe, server, way):
    ask = {"port": server, "probe": probe, **way}
    assert await snmp.check("127.0.0.1", oid=LOCATION, match="^the cellar$", **ask) == "the cellar"
    assert await snmp.check("127.0.0.1", oid=SERVICES, least=72, most=72, **ask) == "72"


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"oid": SERVICES, "most": 70.0}, "72 is more than 70"),
        ({"oid": SERVICES, "least": 80.0}, "72 is less than 80"),
        ({"oid": LOCATION, "match": "attic"}, "the cellar: no match for attic"),
        ({"oid": LOCATION, "most": 1.0}, "'the cellar' is no number"),
        ({"oid": GONE}, "NoSuchOID|no such|noSuch"),
    ],
)
async def test_an_agent_that_answers_but_not_as_wanted_is_down(snmp, probe, server, wish, why):
    with pytest.raises(Down, match=why) as found:
        await snmp.check("127.0.0.1", port=server, probe=probe, **wish)
    assert found.value.cause is Cause.WRONG


async def test_another_community_gets_no_answer(snmp, probe, server):
    with pytest.raises(Down, match=r"no answer within 0.5 s") as found:
        await snmp.check("127.0.0.1", port=server, community="secret", timeout=0.5, probe=probe)
    assert found.value.cause is Cause.TIMEOUT


async def test_a_wrong_password_is_down(snmp, probe, server):
    with pytest.raises(Down):
        await snmp.check(
            "127.0.0.1", port=server, timeout=2, probe=probe, **{**V3, "password": "no-such-word"}
        )


def test_security_parameters_are_looked_into_before_the_library_does(snmp):
    def message(security):
        head = ber.element(ber.SEQUENCE, ber.integer(7), ber.integer(65507), ber.text("0"), ber.integer(3))
        security = ber.element(ber.OCTETS, security)
        return ber.element(ber.SEQUENCE, ber.integer(3), head, security, ber.element(ber.SEQUENCE))

    def told(*parts):
        return snmp.fits(message(ber.element(ber.SEQUENCE, *parts)), message(b""))

    nested = b""
    for _ in range(1000):
        nested = ber.element(ber.SEQUENCE, nested)
    assert told(*[ber.integer(1)] * 6)
    for parts in ((nested,), [b"\5\0"] * 1000, (ber.element(ber.INTEGER, b"1" * 30000),)):
        assert not told(*parts)


@pytest.mark.parametrize("options", [{"version": "4"}, {"oid": "sysUpTime.0"}])
def test_what_cannot_be_meant_is_refused(snmp, options):
    with pytest.raises(BadOption, match=": "):
        snmp.verify({"version": "2c", "oid": LOCATION, **options})
