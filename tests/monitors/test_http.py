"""The http monitor against right, wrong and strange servers."""

import asyncio
import socket

import pytest

from mon.plugin import BadOption, Cause, Down

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nstill alive"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def length(said: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: " + said + b"\r\n\r\nx"


@pytest.fixture
def http(load):
    return load("http")


@pytest.fixture
def check(http, probe, start, page):
    """``await check(answer, **options)``: the monitor against a server that says ``answer``."""

    async def one(answer, *, then=0.0, **options):
        port = await start(page(answer, then=then))
        return await http.check("127.0.0.1", port=port, probe=probe, **{"timeout": 5, **options})

    return one


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (OK, 11),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 13),
        (b"HTTP/1.0 200 OK\n\nbare line ends", 14),
        (b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 0),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 0),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 0),
        (
            CHUNKED + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
            11,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 11),
        (b"HTTP/1.1 103 Early Hints\nLink: </x>\n\n" * 100 + OK, 11),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\nhello", 5),
        (CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0005 ; x\nhello\n0\n\n", 5),
        (CHUNKED + b"%016x\r\nhello\r\n%032x\r\n\r\n" % (5, 0), 5),
    ],
)
async def test_a_good_answer_is_ok(check, answer, size):
    assert (await check(answer)).endswith(f" ms, {size} bytes")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OK, "11 bytes"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "13 bytes"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "5 bytes"),
        (OK[:-1], "10 bytes: cut short"),
        (CHUNKED + b"5\r\nhello\r\n", "5 bytes: cut short"),
        (OK.replace(b"200", b"500"), "11 bytes: expected"),
        (b"", "connection reset"),
    ],
)
async def test_an_answer_before_a_reset_is_judged(http, probe, start, answer, said):
    async def serve(reader, writer):
        writer.write(answer)  # and what was asked is never read
        await asyncio.sleep(0.02)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, *[0] * 7)))
        writer.transport.abort()

    port = await start(serve)
    try:
        assert (await http.check("127.0.0.1", port=port, timeout=5, probe=probe)).endswith(said)
    except Down as finding:
        assert said in finding.detail


async def test_a_complete_answer_is_not_waited_on(check):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    for answer in (OK, chunked, b"HTTP/1.1 304 Not Modified\r\n\r\n"):
        assert await check(answer, then=30)


async def test_only_the_head_is_waited_for_with_head(check, page):
    assert await check(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", then=30, method="HEAD")
    assert page.asked[0].startswith(b"HEAD / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 500 Oh no\r\nContent-Length: 2\r\n\r\nxx",
            r"HTTP 500 Oh no in \d+ ms, 2 bytes: expected 200-399,401",
        ),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP 404 Not Found"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort", "5 bytes: cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", "0 bytes: cut short"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "not an HTTP answer: b'HTTP/1.1 200 OK"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", r"not an HTTP answer: b'SSH-2\.0"),
        (b"", "closed without an answer"),
        (b"HTTP/1.1 20x OK\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 200" + b" " * 32000 + b"\rX\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40000, "a head of more than 131072 bytes"),
        (b"HTTP/1.1 100 C\r\n\r\n" * 1200, "more than 100 interim answers"),
        (b"HTTP/1.1 100 C\r\n\r\nSSH-2.0", "not an HTTP answer: b'SSH-2.0'"),
        (length(b"9" * 4400), "Content-Length is not one number: b'9999"),
        (length(b"-5"), "Content-Length is not one number: b'-5'"),
        (length(b"5, 6"), "Content-Length is not one number: b'5, 6'"),
        (length(b"0x5"), "Content-Length is not one number: b'0x5'"),
        (length("٣".encode()), "Content-Length is not one number"),
        (CHUNKED + b"a" * 64000, "not the size of a chunk: b'aaaa"),
        (CHUNKED + b"5" + b";x=y" * 64000, "not the size of a chunk: b'5;x=y"),
        (CHUNKED + b"f" * 900 + b"\r\n", "not the size of a chunk: b'ffff"),
        (CHUNKED + b"-1\r\nx", "not the size of a chunk: b'-1"),
        (CHUNKED + b"\r\n\r\n", "not the size of a chunk"),
        (CHUNKED + b"1\r\nxyz\r\n0\r\n\r\n", "a chunk is longer than its size: b'yz"),
    ],
)
async def test_a_bad_answer_is_wrong_at_once(check, answer, said):
    with pytest.raises(Down, match=said) as found:
        await check(answer)
    assert found.value.cause is Cause.WRONG


async def test_garbage_is_not_waited_on(check):
    with pytest.raises(Down, match="not an HTTP answer"):
        await check(b"220 mail.example ESMTP\r\n", then=30)


async def test_silence_and_a_body_that_does_not_end_are_timeouts(check):
    for answer in (b"", OK[:-3], b"HTTP/1.0 200 OK\r\n\r\nuntil"):
        with pytest.raises(Down) as found:
            await check(answer, then=30, timeout=0.3)
        assert found.value.cause is Cause.TIMEOUT


async def test_a_page_is_read_up_to_a_limit(check, http):
    size = http.LIMIT + 100_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    assert "bytes" in await check(answer)


async def test_match_looks_at_head_and_body(check):
    chunked = (
        b"HTTP/1.1 200 OK\r\nX-Who: me\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsti\r\n2\r\nll\r\n0\r\n\r\n"
    )
    assert await check(chunked, match="X-Who: me.*still")
    with pytest.raises(Down, match="bytes: no match for alive"):
        await check(chunked, match="alive")


@pytest.mark.parametrize(
    ("head", "body", "match"),
    [
        (b"", "Größe".encode(), "Gr.ße$"),
        (b"", "Größe".encode(), "Gr[öo]ße"),
        (b"", "Größe".encode("latin-1"), r"(?i)gr\wßE"),
        (b"", "Größe".encode() + b" \xe9", "Größe é"),
        (b"Content-Type: text/plain; charset=windows-1252\r\n", b"5 \x80", "^.*5 €"),
        (b'CONTENT-TYPE: text/plain;charset="UTF-8"\r\n', "5 €".encode(), "[€]"),
        (b"Content-Type: text/plain; charset=punycode\r\n", "5 €".encode(), "[€]"),
        ("X-Grüße: ß\r\n".encode(), b"", "X-Gr.ße: .\r"),
        (b"Content-Type: text/html; charset=iso-8859-1\r\n", "Größe".encode(), "Gr.ße"),
        (b"", "Größe".encode(), r"Gr\xc3\xb6"),
    ],
)
async def test_a_match_is_over_letters(check, head, body, match):
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert await check(answer, match=match)


async def test_names_and_paths_in_other_scripts_go_out_in_ascii(http, probe, start, page):
    port = await start(page(OK))
    probe._resolver._look_up = lambda name: ("127.0.0.1",)
    await http.check("größe.example", port=port, url="/ä/100%/%C3%B6?ü={1}", probe=probe)
    await http.check("127.0.0.1", port=port, name="straße.example", probe=probe)
    assert page.asked[0].startswith(b"GET /%C3%A4/100%25/%C3%B6?%C3%BC=%7B1%7D HTTP/1.1\r\n")
    assert f"Host: xn--gre-6ka8i.example:{port}\r\n".encode() in page.asked[0]
    assert b"Host: xn--strae-oqa.example\r\n" in page.asked[1]


@pytest.mark.parametrize("version", [1, 2])
async def test_a_header_of_the_proxy_protocol_comes_first(check, page, version):
    await check(OK, proxy_protocol=version)
    assert page.asked[0].startswith(b"PROXY TCP4 127.0.0.1 " if version == 1 else b"\r\n\r\n")


async def test_match_alone_decides_as_in_the_classic_monitor(check):
    broken = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
    assert await check(broken, match="busy")
    with pytest.raises(Down, match="expected 200-399"):
        await check(broken, match="busy", status="200-399")


async def test_the_statuses_that_are_good_can_be_chosen(check):
    assert await check(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", status="200,503")
    with pytest.raises(Down, match="expected 204"):
        await check(OK, status="204")


async def test_the_request_says_what_the_options_say(check, page):
    await check(OK, url="/a b?c", agent="probe/1", name="www.example", method="POST")
    head, *lines = page.asked[0].decode().splitlines()
    assert head == "POST /a%20b?c HTTP/1.1"
    assert {"Host: www.example", "User-Agent: probe/1", "Connection: close"} <= set(lines)


def test_the_host_header_of_addresses(http):
    assert http.authority("192.0.2.1", 80, 80) == "192.0.2.1"
    assert http.authority("192.0.2.1", 8080, 80) == "192.0.2.1:8080"
    assert http.authority("fe80::1%eth0", 8080, 80) == "[fe80::1]:8080"


async def test_ipv6(http, probe, start, page):
    port = await start(page(OK), host="::1")
    assert await http.check("::1", port=port, probe=probe)
    assert f"Host: [::1]:{port}".encode() in page.asked[0]


async def test_a_refused_port_is_down(http, probe, refusing):
    with pytest.raises(Down, match="connection refused") as found:
        await http.check("127.0.0.1", port=refusing, probe=probe)
    assert found.value.cause is Cause.REFUSED


async def test_https_verifies_unless_told_otherwise(http, probe, start, page, www):
    port = await start(page(OK), www.context)
    check = {"port": port, "tls": True, "probe": probe}
    assert await http.check("127.0.0.1", insecure=True, **check)
    assert await http.check("127.0.0.1", name="www.example", ca=www.ca, **check)
    assert www.asked == [None, "www.example"]
    for wrong in ({"name": "mail.example", "ca": www.ca}, {"name": "www.example"}):
        with pytest.raises(Down, match="certificate not accepted"):
            await http.check("127.0.0.1", **wrong, **check)


@pytest.mark.parametrize(
    "options",
    [
        {"status": "2xx"},
        {"match": "("},
        {"port": 0},
        {"url": "/\r\nX: y"},
        {"name": "a\nb"},
        {"timeout": 0.0},
    ],
)
def test_what_cannot_be_meant_is_refused(http, options):
    with pytest.raises(BadOption, match=": "):
        http.verify(options)


def test_what_can_be_meant_is_accepted(http):
    http.verify({"status": "200-399,401", "match": "a+", "port": 8080, "url": "/x", "timeout": 0.5})


async def test_an_answer_in_single_bytes(http, probe, start):
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n":
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.001)

    port = await start(drip)
    assert (await http.check("127.0.0.1", port=port, match="hello", probe=probe)).endswith("5 bytes")
