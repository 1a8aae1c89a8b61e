"""Conversations in lines."""

import asyncio
import ssl

import pytest
import trustme

from mon.errors import Down
from mon.model.result import Cause
from mon.probe import Tls


def saying(*pieces: bytes):
    async def serve(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    return serve


async def test_lines_come_one_by_one_however_they_are_cut(probe, start):
    port = await start(saying(b"220 a\r\n250 b\n", b"25", b"0 c\r", b"\n"))
    async with probe.talk("127.0.0.1", port, timeout=5) as talk:
        assert [await talk.read_line() for _ in range(3)] == ["220 a", "250 b", "250 c"]


async def test_bytes_that_are_no_text_are_shown(probe, start):
    async with probe.talk("127.0.0.1", await start(saying(b"\xff\r\n")), timeout=5) as talk:
        assert await talk.read_line() == "\\xff"


async def test_reading_up_to_a_mark_leaves_the_rest(probe, start):
    async with probe.talk("127.0.0.1", await start(saying(b"user: >", b"rest\n")), timeout=5) as talk:
        assert await talk.read_until(b": ") == b"user: "
        assert await talk.read_line() == ">rest"


async def test_what_is_written_arrives(probe, start):
    async def echo(reader, writer):
        writer.write(await reader.readline())

    async with probe.talk("127.0.0.1", await start(echo), timeout=5) as talk:
        await talk.write(b"NOOP\r\n")
        assert await talk.read_line() == "NOOP"


@pytest.mark.parametrize(("piece", "said"), [(b"", "connection closed"), (b"22", "closed after b'22'")])
async def test_a_server_that_hangs_up_is_down(probe, start, piece, said):
    async with probe.talk("127.0.0.1", await start(saying(piece)), timeout=5) as talk:
        with pytest.raises(Down, match=said) as found:
            await talk.read_line()
    assert found.value.cause is Cause.WRONG


async def test_one_deadline_covers_the_whole_conversation(probe, start):
    async def slow(reader, writer):
        while True:
            writer.write(b"more\n")
            await asyncio.sleep(0.1)

    with pytest.raises(Down) as found:
        async with probe.talk("127.0.0.1", await start(slow), timeout=0.35) as talk:
            while True:
                await talk.read_line()
    assert found.value.cause is Cause.TIMEOUT


async def test_a_flood_ends_at_the_limit(probe, start):
    async def flood(reader, writer):
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    with pytest.raises(Down, match="closed after"):
        async with probe.talk("127.0.0.1", await start(flood), timeout=5, limit=100_000) as talk:
            await talk.read_line()


async def test_counted_bytes_come_however_they_are_cut(probe, start):
    async with probe.talk("127.0.0.1", await start(saying(b"ab", b"cdef")), timeout=5) as talk:
        assert [await talk.read_exactly(count) for count in (3, 1, 2)] == [b"abc", b"d", b"ef"]
        with pytest.raises(Down, match="connection closed"):
            await talk.read_exactly(1)


async def test_whatever_comes_next(probe, start):
    async with probe.talk("127.0.0.1", await start(saying(b"abc")), timeout=5) as talk:
        assert await talk.read_some() == b"abc"
        assert await talk.read_some() == b""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"250 a\r\n", "250 a"),
        (b"250-a\r\n250-b\r\n 250 c\r\n250 d\r\n", "250-a\n250-b\n 250 c\n250 d"),
        (b"250-a\r\n250\r\n", "250-a\n250"),
        (b"250-\r\n250 \r\n", "250-\n250 "),
        (b"250-a\r\n2500 b\r\n251 c\r\n250\td\r\n", "250-a\n2500 b\n251 c\n250\td"),
        (b"250\r\n", "250"),
        (b"+OK a\r\n", "+OK a"),
        (b"+OK-a\r\n", "+OK-a"),
    ],
)
async def test_the_answer_to_a_command_has_one_line_or_several(probe, start, said, answer):
    async with probe.talk("127.0.0.1", await start(saying(said)), timeout=5) as talk:
        assert await talk.command("NOOP", "250", "+OK") == answer


async def test_a_bad_answer_names_the_command_and_not_what_follows_it(probe, start):
    async with probe.talk("127.0.0.1", await start(saying(b"530 no\r\n")), timeout=5) as talk:
        with pytest.raises(Down, match=r"^PASS: 530 no, expected 230$"):
            await talk.command("PASS secret", "230")


@pytest.fixture
def secured():
    """A server that goes over to TLS when asked, and the authority that it is signed by."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def serve(reader, writer):
        await reader.readline()
        writer.write(b"go\r\n")
        await writer.drain()
        await writer.start_tls(context)
        writer.write(await reader.readline())
        await writer.drain()

    return serve, authority


async def test_going_over_to_tls(probe, start, secured, tmp_path):
    serve, authority = secured
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with probe.talk("127.0.0.1", await start(serve), timeout=5) as talk:
        assert talk.certificate == b""
        assert await talk.command("STARTTLS", "go") == "go"
        await talk.start_tls(Tls(ca=str(tmp_path / "ca.pem")))
        assert talk.certificate.startswith(b"\x30")
        assert await talk.command("hello", "hello") == "hello"


async def test_going_over_to_tls_looks_at_the_certificate(probe, start, secured):
    async with probe.talk("127.0.0.1", await start(secured[0]), timeout=5) as talk:
        await talk.command("STARTTLS", "go")
        with pytest.raises(Down, match="TLS: certificate not accepted"):
            await talk.start_tls(Tls())
        with pytest.raises(Down, match="TLS: certificate not accepted"):  # nothing goes on in plain text
            await talk.write(b"secret\r\n")


@pytest.mark.parametrize(
    ("pieces", "said"),
    [((b"go\r\nand more\r\n",), "went on talking instead of TLS"), ((b"go\r\n", b"plain\r\n"), "TLS: ")],
)
async def test_a_server_that_goes_on_in_plain_text_is_down(probe, start, pieces, said):
    async with probe.talk("127.0.0.1", await start(saying(*pieces)), timeout=5) as talk:
        await talk.command("", "go")
        with pytest.raises(Down, match=said):
            await talk.start_tls(Tls(verify=False))
            await talk.read_line()


async def test_lines_that_are_there_already_leave_turns_to_others(probe, start):
    async def turning():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    turns: list[int] = []
    port = await start(saying(b"x\n" * 6400))
    async with probe.talk("127.0.0.1", port, timeout=30) as talk:
        await talk.read_line()
        others = asyncio.create_task(turning())
        before = len(turns)
        for _ in range(6399):
            await talk.read_line()
        others.cancel()
    assert len(turns) - before >= 50


async def test_an_answer_without_end_is_down(probe, start):
    port = await start(saying(b"220-x\r\n" * 170_000))
    async with probe.talk("127.0.0.1", port, timeout=30) as talk:
        with pytest.raises(Down, match="more than 1000 lines"):
            await talk.command("", "220")


async def test_what_cannot_be_read_is_down_with_what_was_odd(probe, start):
    with pytest.raises(Down, match="its answer cannot be read: invalid literal for int") as found:
        async with probe.talk("127.0.0.1", await start(saying(b"many\r\n")), timeout=5) as talk:
            int(await talk.read_line())
    assert found.value.cause is Cause.WRONG
