"""Our own commands over a real Unix socket."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mon.control import unix
from mon.control.asking import ask
from mon.control.unix import UnixServer
from mon.errors import ControlError


@pytest.fixture
async def path(daemon: Any, tmp_path: Path) -> AsyncIterator[Path]:
    """Where a server for ``daemon`` listens."""
    server = UnixServer(daemon, tmp_path / "mon.sock")
    await server.start()
    yield tmp_path / "mon.sock"
    await server.close()


async def asked(path: Path, command: str, **arguments: object) -> Any:
    return await asyncio.to_thread(ask, path, command, **arguments)


async def sent(path: Path, data: bytes) -> Any:
    """The answer to a raw line."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    answer = json.loads(await reader.readline())
    writer.close()
    return answer


async def test_status_tells_services_hosts_pools_and_the_outbox(daemon: Any, path: Path) -> None:
    daemon.result(("web", "http"), 1, "h1\nrefused\n")
    status = await asked(path, "status")
    http = next(row for row in status["services"] if row["service"] == "http")
    assert (http["opstatus"], http["summary"], http["next"]) == ("fail", "h1", 60)
    assert [host["verdict"] for host in http["hosts"]] == ["untested", "untested"]
    assert status["pools"][0]["virtual"] == "tcp 192.168.0.10:80"
    assert status["pending"] == 1
    assert status["stopped_since"] is None


async def test_pids_are_the_daemon_and_its_monitors(daemon: Any, path: Path) -> None:
    daemon.pids = {("web", "http"): 77, ("web", "ftp"): 0}
    monitors = [{"watch": "web", "service": "http", "pid": 77}]
    assert await asked(path, "pids") == {"server": os.getpid(), "monitors": monitors}


async def test_test_reports_what_the_monitor_said(path: Path) -> None:
    report = await asked(path, "test", watch="web", service="http")
    assert (report["result"]["status"], report["result"]["output"]) == (1, "h1\nrefused\n")


async def test_reload_says_how_it_went(path: Path) -> None:
    assert await asked(path, "reload") == {"ok": True, "lines": ["nothing changed"]}


async def test_check_now_starts_the_monitor(daemon: Any, path: Path) -> None:
    await asked(path, "check-now", watch="web", service="http")
    assert daemon.checked == [("web", "http")]


async def test_stop_answers_and_ends_the_daemon(daemon: Any, path: Path) -> None:
    assert await asked(path, "stop") == {"stopping": os.getpid()}
    assert daemon.terminated


async def test_alerts_are_listed(path: Path) -> None:
    assert (await asked(path, "alerts"))["alerts"] == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{}\n", "no such command: None (there are status, pools"),
        (b'{"command": ["status"]}\n', "no such command: ['status']"),
        (b"status\n", "not JSON"),
        (b"[" * 50_000 + b"\n", "not JSON"),
        (b"\xff\n", "not JSON"),
        (b"[1]\n", "not a JSON object"),
        (b'{"command": "test", "watch": 1}\n', "which service? give watch and service"),
        (b'{"command": "test", "watch": "x", "service": "y"}\n', "no service 'y' in watch 'x'"),
        (b"x" * 70_000, "a line of more than 65536 bytes"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_wrong(path: Path, line: bytes, error: str) -> None:
    assert error in (await sent(path, line))["error"]


async def test_a_fault_of_ours_is_told_and_logged(
    daemon: Any, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(daemon, "pools", broken)
    with pytest.raises(ControlError, match="internal error"):
        await asked(path, "pools")
    assert "RuntimeError: broken" in caplog.text
    assert await asked(path, "pids")


async def test_a_stranger_may_look_and_not_touch(
    daemon: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unix, "peer_uid", lambda _: 65534)
    assert await asked(path, "status")
    with pytest.raises(ControlError, match="only root and the daemon's own user"):
        await asked(path, "stop")
    assert not daemon.terminated


def test_the_kernel_says_who_is_asking() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert unix.peer_uid(here) == os.getuid()


async def test_the_socket_has_its_mode_and_goes_with_the_server(daemon: Any, tmp_path: Path) -> None:
    server = UnixServer(daemon, tmp_path / "s", mode=0o600)
    await server.start()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    await server.close()
    assert not (tmp_path / "s").exists()


async def test_a_socket_left_by_a_killed_daemon_is_taken_over(daemon: Any, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    server = UnixServer(daemon, tmp_path / "s")
    await server.start()
    assert await asked(tmp_path / "s", "pids")
    await server.close()


async def test_a_second_daemon_is_refused_and_leaves_the_first_its_socket(daemon: Any, path: Path) -> None:
    second = UnixServer(daemon, path)
    with pytest.raises(ControlError, match="another daemon is running"):
        await second.start()
    await second.close()
    assert await asked(path, "pids")


async def test_a_directory_that_is_not_there_is_an_error(daemon: Any, tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"cannot listen at .*No such file"):
        await UnixServer(daemon, tmp_path / "none" / "s").start()


async def test_a_file_in_place_of_the_socket_is_named_and_left(daemon: Any, tmp_path: Path) -> None:
    (tmp_path / "mon.sock").write_text("precious")
    with pytest.raises(ControlError, match="what lies there is no socket: remove it"):
        await UnixServer(daemon, tmp_path / "mon.sock").start()
    assert (tmp_path / "mon.sock").read_text() == "precious"


async def test_a_path_too_long_for_a_socket_works_all_the_same(daemon: Any, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = UnixServer(daemon, deep / "mon.sock")
    await server.start()
    assert await asked(deep / "mon.sock", "pids")
    await server.close()
    assert list(deep.iterdir()) == []


def test_without_a_daemon_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="the daemon is not running: nobody listens at"):
        ask(tmp_path / "mon.sock", "status")


def test_a_daemon_that_died_is_not_running(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    with pytest.raises(ControlError, match="not running"):
        ask(tmp_path / "s", "status")


async def test_a_daemon_that_hangs_up_is_an_error(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_unix_server(hang_up, tmp_path / "s"):
        with pytest.raises(ControlError, match="hung up without an answer"):
            await asked(tmp_path / "s", "status")


@pytest.mark.parametrize("instead", [False, True])
async def test_a_socket_that_was_removed_or_replaced_is_made_anew_and_conversations_go_on(
    daemon: Any, tmp_path: Path, instead: bool
) -> None:
    path = tmp_path / "mon.sock"
    server = UnixServer(daemon, path)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(path)
    os.unlink(path)
    if instead:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    assert await server.look() and not await server.look()
    assert (await asked(path, "pids"))["server"] == os.getpid()
    writer.write(b'{"command": "pids"}\n')
    assert b"server" in await reader.readline()
    writer.close()
    await server.close()
    assert path.name not in os.listdir(tmp_path)


async def test_the_socket_of_another_is_not_removed_at_the_end(daemon: Any, tmp_path: Path) -> None:
    path = tmp_path / "mon.sock"
    server = UnixServer(daemon, path)
    await server.start()
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        await server.close()
        assert path.name in os.listdir(tmp_path)
