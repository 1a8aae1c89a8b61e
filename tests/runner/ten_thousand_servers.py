"""Servers of every temper on one port of all 127.0.0.0/8: who was connected to decides how it behaves.

Run as a process: prints its port, and a port where nobody listens; ends with its stdin.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nstill alive\n"
WRONG = b"HTTP/1.1 500 Oops\r\nContent-Length: 12\r\nConnection: close\r\n\r\nstill alive\n"
OTHER = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nunder repair"
SLOW = 0.3

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(answer: bytes, *, after: float = 0.0) -> Behave:
    """Answers so once it was asked."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(after)
        writer.write(answer)

    return behave


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends with RST: SO_LINGER of no time (socket(7))."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Listens, and says nothing until the other end has had enough."""
    await reader.read(-1)


async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends at once, politely."""


TEMPERS: dict[str, Behave] = {
    "right": saying(RIGHT),
    "wrong": saying(WRONG),
    "other": saying(OTHER),
    "garbage": saying(b"\x00\xff\x15\x03 no HTTP at all\r\n\r\n"),
    "half": saying(b"HTTP/1.1 200"),
    "slow": saying(RIGHT, after=SLOW),
    "reset": reset,
    "gone": gone,
    "hang": hang,
}
"""How they behave; "refusing" is a port where nobody listens."""

SHARES = {"right": 61, "wrong": 7, "other": 4, "garbage": 4, "half": 4, "slow": 4, "reset": 4, "gone": 4,
          "hang": 2, "refusing": 6}  # fmt: skip
PATTERN = [name for name, share in SHARES.items() for _ in range(share)]
"""Of each hundred neighbours."""


def address(number: int) -> str:
    """Target ``number``, of 127.16.0.0/12."""
    return f"127.{16 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def temper(number: int) -> str:
    """How target ``number`` behaves: the pattern, shuffled a little from hundred to hundred."""
    return PATTERN[(number * 37 + number // 100) % 100]


def number_of(ip: str) -> int:
    """The other way round."""
    _, b, c, d = map(int, ip.split("."))
    return (b - 16) * 62500 + c * 250 + d - 1


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Behave as the target that was meant does."""
    ip = writer.get_extra_info("sockname")[0]
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await TEMPERS[temper(number_of(ip))](reader, writer)
    writer.close()


async def main() -> None:
    """Serve until stdin ends."""
    server = await asyncio.start_server(connected, "0.0.0.0", 0, backlog=4096)
    with socket.socket() as closed:
        closed.bind(("0.0.0.0", 0))  # bound and not listening: nobody else gets it, and it refuses
        print(server.sockets[0].getsockname()[1], closed.getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
