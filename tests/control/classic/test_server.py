"""The port of the classic clients, over real TCP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mon.control.classic import authfile
from mon.control.classic.server import ClassicServer, permitted
from mon.errors import ControlError


class Client:
    """Says commands, reads replies up to the final line, as the classic clients do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, command: str) -> list[str]:
        self.writer.write(command.encode() + b"\n")
        return await self.reply()

    async def reply(self) -> list[str]:
        lines: list[str] = []
        while not (lines and lines[-1][:3].isdecimal() and lines[-1][3:4] == " "):
            async with asyncio.timeout(5):
                line = await self.reader.readline()
            if not line:
                return [*lines, "closed"]
            lines.append(line.decode().removesuffix("\n"))
        return lines


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Any]]:
    """Start a server for a daemon, and connect to it."""
    parts: list[Any] = []

    async def connect(daemon: Any, **more: Any) -> Client:
        server = ClassicServer(daemon, **more)
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        parts.extend((server, writer))
        return Client(reader, writer)

    yield connect
    for part in reversed(parts):
        if isinstance(part, ClassicServer):
            await part.close()
        else:
            part.close()


async def test_a_client_asks_and_quits(daemon: Any, connect: Callable[..., Any]) -> None:
    client = await connect(daemon)
    assert await client.say("list watch") == ["web http", "web ftp", "220 list watch completed"]
    assert await client.say("quit") == ["220 quitting"]
    assert await client.reply() == ["closed"]


async def test_each_command_of_one_packet_is_answered(daemon: Any, connect: Callable[..., Any]) -> None:
    client = await connect(daemon)
    assert await client.say("version\nlist state\nquit\nversion") == [
        "version 9745",
        "220 version completed",
    ]
    assert await client.reply() == ["scheduler running", "220 list state completed"]
    assert await client.reply() == ["220 quitting"]
    assert await client.reply() == ["closed"]


async def test_a_line_that_is_too_long_is_a_failure_with_its_digits(
    daemon: Any, connect: Callable[..., Any]
) -> None:
    client = await connect(daemon)
    assert await client.say("ack " + "x" * 70_000) == ["520 a line of more than 65536 bytes"]
    assert await client.reply() == ["closed"]


async def test_bytes_that_are_no_text_are_an_invalid_command(
    daemon: Any, connect: Callable[..., Any]
) -> None:
    client = await connect(daemon)
    client.writer.write(b"\xff\xfe\0\n")
    assert await client.reply() == ["520 invalid command"]


async def test_a_silent_client_is_closed_after_cltimeout(daemon: Any, connect: Callable[..., Any]) -> None:
    client = await connect(daemon, idle=0.3)
    assert await client.reply() == ["closed"]


async def test_a_client_that_is_not_allowed_is_closed_at_once(
    daemon: Any, connect: Callable[..., Any]
) -> None:
    client = await connect(daemon, allow=("10.0.0.1",))
    assert await client.reply() == ["closed"]


async def test_a_fault_of_ours_is_told_and_the_connection_goes_on(
    daemon: Any, connect: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(daemon)
    daemon.book.states.clear()
    assert await client.say("list opstatus") == ["520 command could not be executed"]
    assert await client.say("version") == ["version 9745", "220 version completed"]
    assert "KeyError" in caplog.text


async def test_auth_cf_rules_and_is_read_again(
    daemon: Any, connect: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "auth.cf"
    file.write_text("reload: all\n")
    client = await connect(daemon, auth_file=file)
    assert await client.say("list watch") == ["520 command could not be executed, unknown command"]
    file.write_text("reload: all\nlist: all\n")
    assert await client.say("reload auth") == ["220 reload completed"]
    assert (await client.say("list watch"))[-1] == "220 list watch completed"
    file.write_text("nonsense\n")
    assert await client.say("reload auth") == ["220 reload completed"]
    assert (await client.say("list watch"))[-1] == "220 list watch completed"
    assert "auth.cf:1: no colon" in caplog.text


async def test_a_user_logs_in_from_this_machine(
    new_daemon: Callable[[str], Any], connect: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "auth.cf").write_text("servertime: AUTH_ANY\n")
    daemon = new_daemon("authtype = trustlocal\nhostgroup g h\n\nwatch g\n    service s\n")
    client = await connect(daemon, auth_file=tmp_path / "auth.cf")
    assert await client.say("checkauth servertime") == ["520 command could not be executed"]
    assert await client.say("login ann secret") == ["220 login accepted"]
    assert await client.say("checkauth servertime") == ["220 command authorized"]


async def test_term_is_answered_and_ends_the_daemon(daemon: Any, connect: Callable[..., Any]) -> None:
    client = await connect(daemon)
    assert await client.say("term") == ["220 terminating server"]
    assert daemon.terminated


def test_without_auth_cf_the_server_is_not_made(daemon: Any, tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"auth.cf: No such file or directory: it says who may do what"):
        ClassicServer(daemon, auth_file=tmp_path / "auth.cf")


def test_hosts_in_auth_cf_may_be_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "auth.cf").write_text("trap section\nlocalhost * *\n* ann x\na..b * *\n")
    senders = authfile.load(tmp_path / "auth.cf").senders
    assert "127.0.0.1" in {sender.host for sender in senders}
    assert "*" in {sender.host for sender in senders}
    assert "no address for a..b" in caplog.text


async def test_a_port_in_use_is_an_error(daemon: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ControlError, match=rf"cannot listen at 127.0.0.1 port {port}: "):
            await ClassicServer(daemon).start("127.0.0.1", port)


async def test_it_listens_on_ipv6_as_well(daemon: Any) -> None:
    server = ClassicServer(daemon)
    port = await server.start("", 0)
    reader, writer = await asyncio.open_connection("::1", port)
    assert await Client(reader, writer).say("protid 9745") == ["220 protocol match"]
    writer.close()
    await server.close()


@pytest.mark.parametrize(
    ("patterns", "may"),
    [
        ((), True),
        (("127.0.0.1",), True),
        (("127.0.0.",), False),
        (("127.0.0.[0-9]",), True),
        ((r"127\.0\.0\.1",), True),
        (("127.*",), True),
        (("127x0x0x1", "10.0.0.1"), False),
        (("1270001",), False),
    ],
)
def test_clientallow_matches_whole_addresses_with_plain_dots(patterns: tuple[str, ...], may: bool) -> None:
    assert permitted("127.0.0.1", patterns) is may
