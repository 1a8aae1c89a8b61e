"""Conversations in lines."""

import asyncio

import pytest

from mon.errors import Down
from mon.model.result import Cause


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
