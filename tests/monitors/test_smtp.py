"""The smtp monitor against OpenSMTPD, aiosmtpd (for logins), and servers that are up but no good."""

import asyncio

import pytest
import servers
from aiosmtpd.smtp import AuthResult
from serving import MailServer

from mon.plugin import BadOption, Cause, Down


class Postmaster:
    """Takes mail for one domain."""

    letters = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if not address.endswith("@example.test"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters += 1
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (servers.USER.encode(), servers.PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def postmaster():
    return Postmaster()


@pytest.fixture(scope="module")
def server(authority, postmaster):
    """The port of a server with STARTTLS and logins."""
    controller = MailServer(
        postmaster,
        hostname="127.0.0.1",
        port=servers.free_port(),
        tls_context=servers.server_context(authority),
        authenticator=authenticate,
    )
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture(scope="module")
def opensmtpd(run):
    return run(servers.opensmtpd)


@pytest.fixture
def smtp(load):
    return load("smtp")


def saying(*answers):
    async def serve(reader, writer):
        for answer in answers:
            writer.write(answer)
            await reader.readline()
        await asyncio.sleep(0.01)

    return serve


async def test_greeting_and_leave(smtp, probe, server, opensmtpd):
    assert (await smtp.check("127.0.0.1", port=server, probe=probe)).startswith("220 ")
    assert "ESMTP OpenSMTPD" in await smtp.check("127.0.0.1", port=opensmtpd, probe=probe)


async def test_opensmtpd_takes_one_recipient_and_refuses_another(smtp, probe, opensmtpd):
    wish = {"port": opensmtpd, "sender": "mon@example.test", "probe": probe}
    assert await smtp.check("127.0.0.1", to="ops@example.test", **wish)
    with pytest.raises(Down, match="RCPT: 550 Invalid recipient"):
        await smtp.check("127.0.0.1", to="ops@elsewhere.test", **wish)
    with pytest.raises(Down, match="STARTTLS is not offered"):
        await smtp.check("127.0.0.1", requiretls=True, **wish)


async def test_starttls_login_sender_and_recipients(smtp, probe, server, ca, login, postmaster):
    said = await smtp.check(
        "127.0.0.1", port=server, starttls=True, ca=ca, sender="mon@example.test",
        to="one@example.test, two@example.test", probe=probe, **login,
    )  # fmt: skip
    assert said.startswith("220 ")
    assert postmaster.letters == 0


async def test_a_recipient_that_is_refused_is_down(smtp, probe, server):
    with pytest.raises(Down, match="RCPT: 550 no such user, expected 250 or 251"):
        await smtp.check("127.0.0.1", port=server, sender="a@example.test", to="b@other.test", probe=probe)


async def test_a_login_that_is_refused_is_down_and_tells_no_password(smtp, probe, server, ca, login):
    login["password"] = "wrong word"
    with pytest.raises(Down, match=r"^AUTH: 535") as found:
        await smtp.check("127.0.0.1", port=server, starttls=True, ca=ca, probe=probe, **login)
    assert "wrong word" not in found.value.detail


async def test_a_certificate_that_nobody_trusts_is_down(smtp, probe, server):
    with pytest.raises(Down, match="TLS: certificate not accepted"):
        await smtp.check("127.0.0.1", port=server, starttls=True, probe=probe)
    assert await smtp.check("127.0.0.1", port=server, starttls=True, insecure=True, probe=probe)


async def test_tls_from_the_start(smtp, probe, start, authority, ca):
    port = await start(saying(b"220 a\r\n", b"250 b\r\n", b"221 c\r\n"), servers.server_context(authority))
    assert (await smtp.check("127.0.0.1", port=port, tls=True, ca=ca, probe=probe)).startswith("220 a")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b"554 go away\r\n"], "greeting: 554 go away, expected 220"),
        ([b"220 a\r\n", b"550-no\r\n550 never\r\n"], "HELO: 550 never, expected 250"),
        ([b"220-a\r\n220 b\r\n", b"250-a\r\n250 b\r\n", b"500 what\r\n"], "QUIT: 500 what, expected 221"),
    ],
)
async def test_a_server_that_is_up_but_refuses_is_down(smtp, probe, start, answers, said):
    with pytest.raises(Down, match=said) as found:
        await smtp.check("127.0.0.1", port=await start(saying(*answers)), probe=probe)
    assert found.value.cause is Cause.WRONG


async def test_answers_that_end_in_the_bare_code(smtp, probe, start):
    answers = (b"220-This server is protected.\r\n220\r\n", b"250-mx\r\n250\r\n", b"221-bye\r\n221\r\n")
    port = await start(saying(*answers))
    assert (await smtp.check("127.0.0.1", port=port, probe=probe)).startswith("220-This server")


@pytest.mark.parametrize(
    ("own", "helo", "greeted"),
    [
        ("mon.example.org", "", "mon.example.org"),
        ("", "", "[127.0.0.1]"),
        ("", "other.example", "other.example"),
    ],
)
async def test_we_greet_by_a_full_name_or_an_address(smtp, probe, start, own, helo, greeted):
    said = []

    async def serve(reader, writer):
        for answer in (b"220 a\r\n", b"250 b\r\n", b"221 c\r\n"):
            writer.write(answer)
            said.append(await reader.readline())

    probe._named = own, float("inf")
    await smtp.check("127.0.0.1", port=await start(serve), helo=helo, probe=probe)
    assert said[0] == f"HELO {greeted}\r\n".encode()


@pytest.mark.parametrize("helo", ["a b", "a\r\nRSET", "-x", "[127.0.0.1", "größe.example", "."])
def test_a_name_to_greet_with_that_is_none_is_refused(smtp, helo):
    with pytest.raises(BadOption, match="--helo"):
        smtp.verify({"helo": helo})


async def test_tls_that_is_required_but_not_offered_is_down(smtp, probe, start):
    port = await start(saying(b"220 a\r\n", b"250-b\r\n250 SIZE 5\r\n"))
    with pytest.raises(Down, match="STARTTLS is not offered"):
        await smtp.check("127.0.0.1", port=port, requiretls=True, probe=probe)


async def test_an_answer_slipped_in_before_tls_is_refused(smtp, probe, start, authority):
    port = await start(saying(b"220 a\r\n", b"250 STARTTLS\r\n", b"220 go\r\n250 slipped in\r\n"))
    with pytest.raises(Down, match="went on talking instead of TLS"):
        await smtp.check("127.0.0.1", port=port, starttls=True, insecure=True, probe=probe)


async def test_slower_than_alarmtime_is_down(smtp, probe, start):
    async def slow(reader, writer):
        await asyncio.sleep(0.3)
        await saying(b"220 a\r\n", b"250 b\r\n", b"221 c\r\n")(reader, writer)

    with pytest.raises(Down, match=r"more than 0.1 s") as found:
        await smtp.check("127.0.0.1", port=await start(slow), alarmtime=0.1, probe=probe)
    assert found.value.cause is Cause.TIMEOUT


def test_a_line_end_in_an_address_is_refused(smtp):
    with pytest.raises(BadOption, match="control character"):
        smtp.verify({"sender": "a@b>\r\nDATA"})
