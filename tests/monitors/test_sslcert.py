"""The sslcert monitor against TLS servers with every kind of certificate, and against Dovecot."""

import asyncio
import datetime
import ssl

import pytest
import servers

from mon.plugin import BadOption, Cause, Down, Unknown

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def sslcert(load):
    return load("sslcert")


@pytest.fixture
def shows(start, authority):
    """``await shows(*names, begin=, end=)`` is the port of a server with that certificate."""

    async def begin(*names, begin=NOW - DAY, end=NOW + 90 * DAY):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = authority.issue_cert(*(names or ("127.0.0.1",)), not_before=begin, not_after=end)
        issued.configure_cert(context)

        async def serve(reader, writer):
            await reader.read()

        return await start(serve, context)

    return begin


async def test_the_days_that_are_left(sslcert, probe, shows):
    said = await sslcert.check("127.0.0.1", port=await shows(), probe=probe)
    assert said == f"90 days left (until {NOW + 90 * DAY:%Y-%m-%d})"


async def test_an_expiring_certificate_is_down(sslcert, probe, shows):
    port = await shows(end=NOW + 10 * DAY)
    with pytest.raises(Down, match=r"expires in (9\.9|10\.0) days, on \d{4}-") as found:
        await sslcert.check("127.0.0.1", port=port, probe=probe)
    assert found.value.cause is Cause.WRONG
    assert await sslcert.check("127.0.0.1", port=port, days=5, probe=probe)


async def test_a_certificate_that_holds_no_more_or_not_yet_is_down(sslcert, probe, shows):
    with pytest.raises(Down, match="the certificate expired on "):
        await sslcert.check("127.0.0.1", port=await shows(begin=NOW - 9 * DAY, end=NOW - DAY), probe=probe)
    with pytest.raises(Down, match="the certificate holds only from "):
        await sslcert.check("127.0.0.1", port=await shows(begin=NOW + DAY), probe=probe)


async def test_a_certificate_for_another_name_is_down(sslcert, probe, shows):
    port = await shows("www.example.test", "*.shop.example.test")
    with pytest.raises(Down, match=r"is for www.example.test, \*.shop.example.test, not for 127.0.0.1"):
        await sslcert.check("127.0.0.1", port=port, probe=probe)
    for name in ("www.example.test", "WWW.Example.Test.", "eu.shop.example.test"):
        assert await sslcert.check("127.0.0.1", port=port, name=name, probe=probe)
    for name in ("shop.example.test", "a.b.shop.example.test", "example.test"):
        with pytest.raises(Down, match="not for"):
            await sslcert.check("127.0.0.1", port=port, name=name, probe=probe)


async def test_a_chain_that_nobody_trusts_is_down_where_it_matters(sslcert, probe, shows, ca):
    port = await shows()
    with pytest.raises(Down, match="TLS: certificate not accepted"):
        await sslcert.check("127.0.0.1", port=port, chain=True, probe=probe)
    assert await sslcert.check("127.0.0.1", port=port, ca=ca, probe=probe)


async def test_a_server_without_tls_is_down(sslcert, probe, start):
    async def plain(reader, writer):
        writer.write(b"220 hello\r\n")
        await reader.read()

    with pytest.raises(Down, match="TLS: "):
        await sslcert.check("127.0.0.1", port=await start(plain), probe=probe)


async def test_after_starttls(sslcert, probe, run, authority, start):
    ports = run(servers.dovecot, authority)
    for protocol in ("imap", "pop3"):
        assert "days left" in await sslcert.check(
            "127.0.0.1", port=ports[protocol], starttls=protocol, days=1, probe=probe
        )

    async def bare(reader, writer):
        writer.write(b"220 mail\r\n")
        await reader.readline()
        writer.write(b"250 hello\r\n")
        await reader.readline()
        writer.write(b"502 what\r\n")
        await asyncio.sleep(5)

    with pytest.raises(Down, match="STARTTLS: 502 what"):
        await sslcert.check("127.0.0.1", port=await start(bare), starttls="smtp", probe=probe)


async def test_only_over_ipv4(sslcert, probe):
    with pytest.raises(Unknown, match="::1 has no IPv4 address"):
        await sslcert.check("::1", four=True, probe=probe)


def test_a_protocol_that_it_does_not_speak_is_refused(sslcert):
    with pytest.raises(BadOption, match="it takes smtp, pop3, imap, ftp"):
        sslcert.verify({"starttls": "gopher"})
