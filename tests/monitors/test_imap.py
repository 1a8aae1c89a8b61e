"""The imap monitor against Dovecot, and against servers that are up but no good."""

import pytest
import servers

from mon.plugin import BadOption, Down


@pytest.fixture(scope="module")
def ports(run, authority):
    return run(servers.dovecot, authority)


@pytest.fixture
def imap(load):
    return load("imap")


async def test_greeting_and_leave(imap, probe, ports):
    assert (await imap.check("127.0.0.1", port=ports["imap"], probe=probe)).startswith("* OK")


@pytest.mark.parametrize(
    ("port", "way"), [("imap", {}), ("imap", {"starttls": True}), ("imaps", {"tls": True})]
)
async def test_a_login_opens_a_mailbox(imap, probe, ports, ca, login, port, way):
    said = await imap.check(
        "127.0.0.1", port=ports[port], mailbox="INBOX", ca=ca, probe=probe, **login, **way
    )
    assert said == "3 messages in INBOX"


async def test_a_login_that_is_refused_is_down(imap, probe, ports, login):
    login["password"] = 'wrong "\\ word'
    with pytest.raises(Down, match=r"LOGIN: NO .*Authentication failed"):
        await imap.check("127.0.0.1", port=ports["imap"], probe=probe, **login)


async def test_a_mailbox_that_is_not_there_is_down(imap, probe, ports, login):
    with pytest.raises(Down, match=r"EXAMINE: NO .*[Mm]ailbox"):
        await imap.check("127.0.0.1", port=ports["imap"], mailbox="Gone", probe=probe, **login)


async def test_a_mailbox_without_a_user_is_opened_as_anonymous_as_the_classic_one_does(imap, probe, ports):
    with pytest.raises(Down, match="LOGIN: NO"):
        await imap.check("127.0.0.1", port=ports["imap"], mailbox="INBOX", probe=probe)


async def test_a_certificate_that_nobody_trusts_is_down(imap, probe, ports):
    for port, way in (("imaps", {"tls": True}), ("imap", {"starttls": True})):
        with pytest.raises(Down, match="TLS: certificate not accepted"):
            await imap.check("127.0.0.1", port=ports[port], probe=probe, **way)


async def test_a_server_that_greets_with_bye_is_down(imap, probe, start):
    async def full(reader, writer):
        writer.write(b"* BYE too many connections\r\n")
        await reader.read()

    with pytest.raises(Down, match=r"greeting: \* BYE too many connections"):
        await imap.check("127.0.0.1", port=await start(full), probe=probe)


def test_a_line_end_in_a_mailbox_is_refused(imap):
    with pytest.raises(BadOption, match="control character"):
        imap.verify({"mailbox": "a\r\na5 DELETE b"})
