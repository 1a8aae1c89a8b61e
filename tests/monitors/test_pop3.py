"""The pop3 monitor against Dovecot, and against servers that are up but no good."""

import pytest
import servers

from mon.plugin import Down, Unknown


@pytest.fixture(scope="module")
def ports(run, authority):
    return run(servers.dovecot, authority)


@pytest.fixture
def pop3(load):
    return load("pop3")


async def test_greeting_and_leave(pop3, probe, ports):
    assert (await pop3.check("127.0.0.1", port=ports["pop3"], probe=probe)).startswith("+OK")


@pytest.mark.parametrize(
    ("port", "way"), [("pop3", {}), ("pop3", {"starttls": True}), ("pop3s", {"tls": True})]
)
async def test_a_login_counts_the_mail(pop3, probe, ports, ca, login, port, way):
    said = await pop3.check("127.0.0.1", port=ports[port], ca=ca, probe=probe, **login, **way)
    assert said == "3 messages"


async def test_a_login_that_is_refused_is_down(pop3, probe, ports, login):
    login["password"] = "wrong"
    with pytest.raises(Down, match=r"PASS: -ERR .*Authentication failed"):
        await pop3.check("127.0.0.1", port=ports["pop3"], probe=probe, **login)


async def test_a_certificate_that_nobody_trusts_is_down(pop3, probe, ports):
    for port, way in (("pop3s", {"tls": True}), ("pop3", {"starttls": True})):
        with pytest.raises(Down, match="TLS: certificate not accepted"):
            await pop3.check("127.0.0.1", port=ports[port], probe=probe, **way)


async def test_a_certificate_for_another_name_is_down(pop3, probe, ports, ca):
    with pytest.raises(Down, match="certificate not accepted: Hostname mismatch"):
        await pop3.check("127.0.0.1", port=ports["pop3s"], tls=True, ca=ca, name="pop.example", probe=probe)


async def test_a_password_that_cannot_be_read_is_our_own_trouble(pop3, probe, ports):
    with pytest.raises(Unknown, match="cannot read the password"):
        await pop3.check("127.0.0.1", port=ports["pop3"], user="x", password="/nowhere", probe=probe)


async def test_a_server_that_greets_with_an_error_is_down(pop3, probe, start):
    async def locked(reader, writer):
        writer.write(b"-ERR try later\r\n")
        await reader.read()

    with pytest.raises(Down, match=r"greeting: -ERR try later, expected \+OK"):
        await pop3.check("127.0.0.1", port=await start(locked), probe=probe)
