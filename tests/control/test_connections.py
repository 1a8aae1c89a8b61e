"""No client, whatever it does, stops the others or the end of the daemon."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from mon.control.connections import Lines, LineServer


class Echo:
    """Answers each line with itself; ``slow`` takes a while, ``big`` says much, ``bye`` ends it."""

    def __init__(self) -> None:
        self.over = False

    async def answer(self, line: bytes) -> bytes:
        if line == b"slow":
            await asyncio.sleep(0.3)
        if line == b"big":
            return b"x" * 50_000_000
        self.over = line == b"bye"
        return b"<" + line + b">\n"

    def refuse(self, why: str) -> bytes:
        return f"no: {why}\n".encode()


class Port:
    """A line server on a free port."""

    def __init__(self, *, idle: float = 5.0, most: int = 10) -> None:
        self.lines = LineServer(lambda _: Echo(), idle=idle, most=most, longest=1000)
        self.listener = socket.create_server(("127.0.0.1", 0))

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.listener.getsockname()
        return await asyncio.open_connection(host, port)

    async def said(self, data: bytes, count: int = -1) -> bytes:
        """What comes back for ``data`` until the server closes, or ``count`` bytes."""
        reader, writer = await self.client()
        writer.write(data)
        async with asyncio.timeout(5):
            answer = await (reader.readexactly(count) if count >= 0 else reader.read())
        writer.close()
        return answer


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    port = Port()
    await port.lines.listen(port.listener)
    yield port
    await port.lines.close(0.1)


@pytest.fixture
async def hasty() -> AsyncIterator[Port]:
    """One with little patience and room for two."""
    port = Port(idle=0.5, most=2)
    await port.lines.listen(port.listener)
    yield port
    await port.lines.close(0.1)


async def test_each_line_of_one_packet_is_answered_in_order(port: Port) -> None:
    assert await port.said(b"a\nb\r\nbye\nnever\n") == b"<a><b><bye>".replace(b"><", b">\n<") + b"\n"


async def test_blank_lines_after_a_line_vanish_and_one_by_itself_does_not(port: Port) -> None:
    assert await port.said(b"a\n\n\r\nbye\n") == b"<a>\n<bye>\n"
    assert await port.said(b"\nbye\n") == b"<>\n<bye>\n"


def test_an_unfinished_line_behind_a_line_end_waits_for_its_own() -> None:
    lines = Lines(65536)
    assert list(lines.feed(b"\n" + b"x" * 65000)) == [b""]
    assert list(lines.feed(b"y\r")) == [b"x" * 65000 + b"y"]
    assert list(lines.feed(b"\nz\n")) == [b"z"]


async def test_who_is_being_answered_makes_no_room_for_others(hasty: Port) -> None:
    reader, writer = await hasty.client()
    writer.write(b"a\nslow\n")
    assert await reader.readline() == b"<a>\n"
    others = [await hasty.client() for _ in range(2)]
    assert await reader.readline() == b"<slow>\n"
    for _, each in [(reader, writer), *others]:
        each.close()


async def test_many_lines_of_one_packet_leave_others_their_turn(port: Port) -> None:
    _, flood = await port.client()
    flood.write(b"a\n" * 500 + b"slow\n")
    assert await port.said(b"bye\n") == b"<bye>\n"
    flood.close()


async def test_a_line_in_pieces_is_one_line(port: Port) -> None:
    reader, writer = await port.client()
    for piece in (b"ver", b"si", b"on\r", b"\n", b"bye\n"):
        writer.write(piece)
        await asyncio.sleep(0.02)
    assert await reader.read() == b"<version>\n<bye>\n"
    writer.close()


async def test_a_client_that_closes_its_side_still_gets_its_answer(port: Port) -> None:
    reader, writer = await port.client()
    writer.write(b"a\nunfinished")
    writer.write_eof()
    assert await reader.read() == b"<a>\n"
    writer.close()


async def test_ten_megabytes_without_a_newline_end_the_connection(port: Port) -> None:
    reader, writer = await port.client()
    writer.write(b"x" * 10_000_000)
    with pytest.raises(ConnectionError):  # it hangs up while we still write
        async with asyncio.timeout(5):
            while await reader.read(1000):
                pass
            while True:
                writer.write(b"x" * 100_000)
                await writer.drain()
    writer.close()


async def test_a_line_just_too_long_is_told_so(port: Port) -> None:
    assert await port.said(b"x" * 1001) == b"no: a line of more than 1000 bytes\n"


async def test_a_silent_client_is_let_go(hasty: Port) -> None:
    assert await hasty.said(b"half a line") == b""


async def test_a_client_that_reads_nothing_is_let_go_and_others_are_served(hasty: Port) -> None:
    _, slow = await hasty.client()
    slow.write(b"big\nbig\n")
    await asyncio.sleep(0.1)
    assert await hasty.said(b"bye\n") == b"<bye>\n"
    await asyncio.sleep(1.5)
    assert len(hasty.lines) == 0
    slow.close()


async def test_one_connection_too_many_ends_the_one_silent_longest(hasty: Port) -> None:
    first, first_writer = await hasty.client()
    await asyncio.sleep(0.05)
    _, second_writer = await hasty.client()
    await asyncio.sleep(0.05)
    assert await hasty.said(b"bye\n") == b"<bye>\n"
    assert await first.read() == b""
    for writer in (first_writer, second_writer):
        writer.close()


async def test_a_client_that_vanishes_leaves_nothing_behind(port: Port) -> None:
    _, writer = await port.client()
    writer.write(b"slow\nslow\n")
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(1.0)
    assert len(port.lines) == 0


async def test_closing_lets_a_reply_under_way_out_and_ends_the_idle(port: Port) -> None:
    idle, idle_writer = await port.client()
    busy, busy_writer = await port.client()
    busy_writer.write(b"slow\n")
    await asyncio.sleep(0.1)
    await port.lines.close(2.0)
    assert await busy.readline() == b"<slow>\n"
    assert await idle.read() == b""
    for writer in (idle_writer, busy_writer):
        writer.close()


async def test_closing_waits_no_longer_than_its_grace(port: Port) -> None:
    reader, writer = await port.client()
    writer.write(b"slow\nslow\nslow\nslow\nslow\n")
    await asyncio.sleep(0.1)
    await port.lines.close(0.05)
    assert len(port.lines) == 0
    assert await reader.read() == b""
    writer.close()
