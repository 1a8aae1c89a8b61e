"""Connections for libraries that block."""

import asyncio
import contextlib
import threading

import pytest

from mon.errors import Down, Unknown
from mon.model.result import Cause


async def hello(reader, writer):
    writer.write(b"hello")
    await reader.read()


async def silent(reader, writer):
    await asyncio.sleep(60)


def read(sock):
    return sock.recv(100)


async def test_a_library_uses_the_socket(probe, start):
    assert await probe.lend("127.0.0.1", await start(hello), read, timeout=5) == b"hello"


async def test_one_that_hangs_is_broken_off_and_its_thread_is_free_again(probe, start):
    ended = threading.Event()

    def hangs(sock):
        sock.settimeout(None)
        assert sock.recv(100) == b""
        ended.set()

    with pytest.raises(Down, match=r"no whole answer within 0.3 s") as found:
        await probe.lend("127.0.0.1", await start(silent), hangs, timeout=0.3)
    assert found.value.cause is Cause.TIMEOUT
    assert await asyncio.get_running_loop().run_in_executor(None, ended.wait, 5)


async def test_one_that_is_told_too_much_is_broken_off(probe, start):
    async def endless(reader, writer):
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

    def reads(sock):
        while sock.recv(65536):
            pass
        raise ValueError("a library's own word for it")

    with pytest.raises(Down, match="an answer of more than 16777216 bytes"):
        await probe.lend("127.0.0.1", await start(endless), reads, timeout=60)


async def test_a_cancelled_call_is_broken_off_too(probe, start):
    ended, begun = threading.Event(), threading.Event()

    def hangs(sock):
        begun.set()
        sock.settimeout(None)
        sock.recv(100)
        ended.set()

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(probe.lend("127.0.0.1", await start(silent), hangs, timeout=30))
    assert await loop.run_in_executor(None, begun.wait, 5)
    task.cancel()
    assert await loop.run_in_executor(None, ended.wait, 5)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_port_that_refuses(probe, refusing):
    with pytest.raises(Down, match="connection refused") as found:
        await probe.lend("127.0.0.1", refusing, read, timeout=5)
    assert found.value.cause is Cause.REFUSED


async def test_the_sockets_error_under_a_librarys_is_the_finding(probe, start):
    def wraps(sock):
        try:
            raise ConnectionResetError(104, "reset")
        except OSError as error:
            raise RuntimeError("lost the server") from error

    with pytest.raises(Down, match="connection reset"):
        await probe.lend("127.0.0.1", await start(hello), wraps, timeout=5)


async def test_any_other_error_is_as_it_was(probe, start):
    def breaks(sock):
        raise KeyError("x")

    with pytest.raises(KeyError):
        await probe.lend("127.0.0.1", await start(hello), breaks, timeout=5)


async def test_a_name_that_does_not_resolve_is_unknown(probe):
    probe._resolver._look_up = lambda host: ()
    with pytest.raises(Unknown, match="resolve"):
        await probe.lend("db.invalid", 1, read, timeout=5)


@pytest.mark.parametrize("word", ["plain word", "@{}", "{}", "env:MON_TEST_WORD"])
async def test_passwords_are_words_or_where_they_are(probe, tmp_path, monkeypatch, word):
    file = tmp_path / "secret"
    file.write_text("plain word\nand what the file says besides\n")
    monkeypatch.setenv("MON_TEST_WORD", "plain word")
    assert await probe.secret(word.format(file), timeout=5) == "plain word"


async def test_a_password_that_cannot_be_read_is_our_own_trouble(probe):
    for word in ("@/nowhere", "/nowhere", "env:MON_NO_SUCH_WORD"):
        with pytest.raises(Unknown, match="cannot read the password"):
            await probe.secret(word, timeout=5)
