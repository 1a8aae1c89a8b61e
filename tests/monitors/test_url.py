"""The url monitor: redirects, login, proxy, TLS."""

import base64
import ssl

import pytest
import trustme

from mon.plugin import BadOption, Cause, Down, Tls, Unknown

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nstill alive"


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
async def test_https_with_one_context_for_all_checks(url, probe, start, page, tmp_path):
    authority, file = trustme.CA(), str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.example").configure_cert(context)
    asked = []
    context.sni_callback = lambda sock, name, _: asked.append(name)
    port = await start(page(OK), context)
    check = {"port": port, "tls": True, "probe": probe}
    assert await url.check("127.0.0.1", insecure=True, **check)
    assert await url.check("127.0.0.1", name="www.example", ca=file, **check)
    assert asked[-1] == "www.example"
    with pytest.raises(Down, match="certificate not accepted"):
        await url.check("127.0.0.1", ca=file, **check)
    shared = probe.context(Tls(ca=file))
    assert shared is probe.context(Tls(ca=file, name="other"))
    assert (shared.check_hostname, shared.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_which_url_is_meant(url):
    assert url.whole("/x", "192.0.2.1", None, tls=False) == "http://192.0.2.1/x"
    assert url.whole("x", "2001:db8::1", 8443, tls=True) == "https://[2001:db8::1]:8443/x"
    assert url.whole("https://{host}:1/x", "::1", 80, tls=False) == "https://[::1]:1/x"


@pytest.mark.parametrize("options", [{"status": "ok"}, {"match": "("}, {"header": ["no colon"]}, {"port": 0}])
def test_what_cannot_be_meant_is_refused(url, options):
    with pytest.raises(BadOption, match=": "):
        url.verify(options)
