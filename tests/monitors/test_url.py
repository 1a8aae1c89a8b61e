"""The url monitor: redirects, login, proxy, TLS."""

import asyncio
import base64
import contextlib
import socket
import ssl

import pytest

from mon.plugin import BadOption, Cause, Down, Tls, Unknown

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nstill alive"


@contextlib.contextmanager
def dropping(port):
    """127.0.0.9 with a full backlog: it answers no attempt to connect."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.9", port))
        full.listen(0)
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        yield


@pytest.fixture
def url(load):
    return load("url")


@pytest.fixture
def check(url, probe, start, page):
    async def one(answer, *, then=0.0, **options):
        port = await start(page(answer, then=then))
        return await url.check("127.0.0.1", port=port, probe=probe, **{"timeout": 5, **options})

    return one


async def test_a_page(check):
    said = await check(OK, match="still")
    assert said.startswith("HTTP 200 in ")
    assert said.endswith("11 bytes")


async def test_redirects_are_followed(url, probe, start):
    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        found = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(OK if b"GET /there" in head else found)

    port = await start(serve)
    assert (await url.check("127.0.0.1", port=port, probe=probe)).endswith("11 bytes, 1 redirect")
    assert (await url.check("127.0.0.1", port=port, redirects=0, probe=probe)).startswith("HTTP 302")


async def test_a_redirect_without_an_end_is_read_no_further_than_a_page(url, probe, start):
    sent = []

    async def serve(reader, writer):
        if b"GET /there" in await reader.readuntil(b"\r\n\r\n"):
            writer.write(OK)
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sum(sent) < 1 << 28:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent.append(65536)

    port = await start(serve)
    assert (await url.check("127.0.0.1", port=port, probe=probe)).endswith("11 bytes, 1 redirect")
    assert sum(sent) < 1 << 25  # a page, and what the sockets hold


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb", b"\0"),
    ],
)
async def test_a_connection_that_says_nothing_for_ever_ends_in_time(url, probe, start, begin, piece):
    ended = asyncio.Event()

    async def serve(reader, writer):
        writer.write(begin)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
        ended.set()

    port = await start(serve)
    with pytest.raises(Down, match="no whole answer"):
        await url.check("127.0.0.1", port=port, tls=piece == b"\0", insecure=True, timeout=0.5, probe=probe)
    await asyncio.wait_for(ended.wait(), 30)


async def test_redirects_in_a_circle_are_down(url, probe, start):
    async def circle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with pytest.raises(Down, match="more than 3 redirects"):
        await url.check("127.0.0.1", port=await start(circle), redirects=3, probe=probe)


async def test_the_host_header_stays_behind_at_a_redirect_to_another_host(url, probe, start, page):
    there = await start(page(OK), host="127.0.0.2")
    location = f"http://127.0.0.2:{there}/".encode()
    here = await start(page(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location))
    await url.check("127.0.0.1", port=here, name="www.example", probe=probe)
    assert b"Host: www.example" in page.asked[0]
    assert f"Host: 127.0.0.2:{there}".encode() in page.asked[1]


@pytest.fixture
async def site(start):
    """A good server on 127.0.0.1 and a broken one on 127.0.0.2, one port; / leads to ``location``."""
    asked = []

    class Site:
        location = "http://localhost:{port}/login"
        port = 0

    def serving(address, status):
        async def serve(reader, writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append((address, head))
            found = f"HTTP/1.1 302 Found\r\nLocation: {Site.location.format(port=Site.port)}\r\n"
            answer = found if " / " in head else f"HTTP/1.1 {status} So\r\n"
            writer.write(f"{answer}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

        return serve

    Site.port = await start(serving("127.0.0.1", 200))
    await start(serving("127.0.0.2", 500), host="127.0.0.2", port=Site.port)
    Site.asked = asked
    return Site


async def test_a_redirect_to_the_sites_own_name_stays_on_the_address(url, probe, site):
    with pytest.raises(Down, match="HTTP 500"):
        await url.check("127.0.0.2", port=site.port, name="localhost", probe=probe)
    assert {address for address, _ in site.asked} == {"127.0.0.2"}
    assert "1 redirect" in await url.check("127.0.0.1", port=site.port, name="LocalHost.", probe=probe)


@pytest.mark.parametrize("location", ["http://localhost/login", "//localhost/login", "/login"])
async def test_the_port_that_the_name_has_by_itself_is_the_one_under_test(url, probe, site, location):
    site.location = location
    with pytest.raises(Down, match="HTTP 500"):
        await url.check("127.0.0.2", port=site.port, name="localhost", probe=probe)
    assert len(site.asked) == 2
    assert "Host: localhost\r\n" in site.asked[1][1]


async def test_a_redirect_to_another_host_is_said(url, probe, site):
    for follow in ("", "anywhere"):
        said = await url.check("127.0.0.2", port=site.port, follow=follow, probe=probe)
        assert said.endswith("1 redirect, away to localhost")


async def test_a_redirect_to_another_host_is_down_where_that_is_no_answer(url, probe, site):
    with pytest.raises(Down, match="leads away to localhost, which is not the server under test") as found:
        await url.check("127.0.0.2", port=site.port, follow="here", probe=probe)
    assert found.value.cause is Cause.WRONG
    assert len(site.asked) == 1
    assert "302" in await url.check(
        "127.0.0.2", port=site.port, follow="here", redirects=0, status="302", probe=probe
    )


@pytest.mark.parametrize(
    "trick", ["http://127.0.0.9\\@localhost/x", "//127.0.0.9/x", "HTTP://127.0.0.9:80\\localhost"]
)
async def test_a_redirect_that_looks_like_home_is_none(url, probe, site, trick):
    site.location = trick
    with pytest.raises(Down, match=r"leads away|HTTP 500"):
        await url.check("127.0.0.2", port=site.port, name="localhost", follow="here", timeout=5, probe=probe)
    assert {address for address, _ in site.asked} == {"127.0.0.2"}


async def test_a_login_stays_with_the_sites_own_name(url, probe, site):
    await url.check("127.0.0.1", port=site.port, name="localhost", user="me", probe=probe)
    assert all("Authorization: Basic" in head for _, head in site.asked)


async def test_a_name_with_an_address_that_drops_packets(url, probe, start, page):
    port = await start(page(OK))
    probe._resolver._look_up = lambda name: ("127.0.0.9", "127.0.0.1")
    with dropping(port=port):
        assert await url.check("web.example", port=port, timeout=20, probe=probe)


@pytest.mark.parametrize(
    ("head", "body", "match"),
    [
        ("", "Größe".encode(), "Gr.ße"),
        ("", "Größe".encode("latin-1"), "(?i)GRÖßE"),
        ("Content-Type: text/html; charset=ISO-8859-15\r\n", b"5 \xa4", "[€]"),
    ],
)
async def test_a_match_is_over_letters(check, head, body, match):
    answer = f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert await check(answer, match=match)


async def test_names_in_other_scripts(url, probe, start, page):
    port = await start(page(OK))
    probe._resolver._look_up = lambda name: ("127.0.0.1",)
    await url.check("größe.example", port=port, url="/ä ö?ü", probe=probe)
    await url.check("127.0.0.1", port=port, name="größe.example", probe=probe)
    assert page.asked[0].startswith(b"GET /%C3%A4%20%C3%B6?%C3%BC HTTP/1.1")
    assert all(b"Host: xn--gre-6ka8i.example" in head for head in page.asked)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "13 bytes"),
        (OK, "11 bytes"),
        (OK[:-1], "connection reset"),
        (b"", "connection reset"),
    ],
)
async def test_an_answer_before_a_reset_is_judged(url, probe, start, answer, said):
    async def serve(reader, writer):
        writer.write(answer)  # and what was asked is never read
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, *[0] * 7)))
        writer.transport.abort()

    port = await start(serve)
    try:
        assert (await url.check("127.0.0.1", port=port, timeout=5, probe=probe)).endswith(said)
    except Down as finding:
        assert said in finding.detail


async def test_a_login_and_headers(check, page, tmp_path):
    (tmp_path / "password").write_text("secret\n")
    await check(OK, user="me", password_file=str(tmp_path / "password"), header=["X-A: b"], agent="probe/1")
    assert b"Authorization: Basic " + base64.b64encode(b"me:secret") in page.asked[0]
    assert b"X-A: b\r\n" in page.asked[0]
    assert b"User-Agent: probe/1\r\n" in page.asked[0]


async def test_a_password_that_cannot_be_read_is_our_own_trouble(check):
    with pytest.raises(Unknown, match="cannot read the password"):
        await check(OK, user="me", password_file="/nowhere")


async def test_a_proxy_is_asked(url, probe, start, page):
    port = await start(page(OK))
    await url.check("web.example", url="http://{host}/x", proxy=f"http://127.0.0.1:{port}", probe=probe)
    assert page.asked[0].startswith(b"GET http://web.example/x HTTP/1.1")


@pytest.mark.parametrize(
    ("answer", "said", "cause"),
    [
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "HTTP 500 .*: expected 200-399", Cause.WRONG),
        (OK.replace(b"still", b"hardl"), "no match for still", Cause.WRONG),
        (OK[:-3], "no proper answer", Cause.WRONG),
        (b"what?\r\n\r\n", "no proper answer", Cause.WRONG),
    ],
)
async def test_a_wrong_answer_is_down(check, answer, said, cause):
    with pytest.raises(Down, match=said) as found:
        await check(answer, match="still")
    assert found.value.cause is cause


async def test_a_server_that_hangs_is_down_in_time(check):
    for answer in (b"", OK[:-3]):
        with pytest.raises(Down, match="no whole answer within") as found:
            await check(answer, then=5, timeout=0.5)
        assert found.value.cause is Cause.TIMEOUT


async def test_a_refused_port_is_down(url, probe, refusing):
    with pytest.raises(Down, match="connection refused") as found:
        await url.check("127.0.0.1", port=refusing, probe=probe)
    assert found.value.cause is Cause.REFUSED


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")  # as the module itself says, outside pytest
async def test_https_with_one_context_for_all_checks(url, probe, start, page, www):
    port = await start(page(OK), www.context)
    check = {"port": port, "tls": True, "probe": probe}
    assert await url.check("127.0.0.1", insecure=True, **check)
    assert await url.check("127.0.0.1", name="www.example", ca=www.ca, **check)
    assert www.asked[-1] == "www.example"
    with pytest.raises(Down, match="certificate not accepted"):
        await url.check("127.0.0.1", ca=www.ca, **check)
    shared = probe.context(Tls(ca=www.ca))
    assert shared is probe.context(Tls(ca=www.ca, name="other"))
    assert (shared.check_hostname, shared.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_which_url_is_meant(url):
    assert url.whole("/x", "192.0.2.1", None, tls=False) == "http://192.0.2.1/x"
    assert url.whole("x", "2001:db8::1", 8443, tls=True) == "https://[2001:db8::1]:8443/x"
    assert url.whole("https://{host}:1/x", "::1", 80, tls=False) == "https://[::1]:1/x"


@pytest.mark.parametrize(
    "options", [{"status": "ok"}, {"match": "("}, {"follow": "me"}, {"header": ["no colon"]}, {"port": 0}]
)
def test_what_cannot_be_meant_is_refused(url, options):
    with pytest.raises(BadOption, match=": "):
        url.verify(options)
