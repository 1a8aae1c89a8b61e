"""The ftp monitor against pyftpdlib, and against servers that misbehave."""

import asyncio
import threading
import warnings

import pytest

from mon.plugin import Cause, Down, Unknown

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyftpdlib imports asyncore
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer


@pytest.fixture
def ftp(load):
    return load("ftp")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The port of a real FTP server."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("watcher", "secret", str(tmp_path_factory.mktemp("ftp")))
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer, "auth_failed_timeout": 0})
    served = FTPServer(("127.0.0.1", 0), handler)
    going = threading.Event()
    going.set()

    def serve():
        while going.is_set():
            served.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve)
    thread.start()
    yield served.address[1]
    going.clear()
    thread.join()
    served.close_all()


def saying(*answers):
    async def serve(reader, writer):
        for answer in answers:
            writer.write(answer)
            await reader.readline()
        await asyncio.sleep(0.01)

    return serve


@pytest.fixture
def password(tmp_path):
    def file(text):
        (tmp_path / "password").write_text(text)
        return str(tmp_path / "password")

    return file


async def test_a_server_that_greets_and_takes_leave_is_ok(ftp, probe, server):
    assert (await ftp.check("127.0.0.1", port=server, probe=probe)).startswith("220 ")


async def test_a_login(ftp, probe, server, password):
    login = {"port": server, "user": "watcher", "probe": probe}
    assert await ftp.check("127.0.0.1", password_file=password("secret\n"), **login)
    with pytest.raises(Down, match=r"PASS: 530 .*expected 230 or 202"):
        await ftp.check("127.0.0.1", password_file=password("wrong\n"), **login)


async def test_a_password_that_cannot_be_read_is_our_own_trouble(ftp, probe, server):
    with pytest.raises(Unknown, match="cannot read the password"):
        await ftp.check("127.0.0.1", port=server, user="watcher", password_file="/nowhere", probe=probe)


async def test_a_greeting_of_several_lines(ftp, probe, start):
    port = await start(saying(b"220-Welcome\r\n 220 not yet\r\n220 ready\r\n", b"221-Bye\r\n221 bye\r\n"))
    assert await ftp.check("127.0.0.1", port=port, probe=probe) == "220 ready"


async def test_answers_that_end_in_the_bare_code(ftp, probe, start):
    answers = (b"220-Welcome\r\n220\r\n", b"331-\r\n331\r\n", b"230-a\r\n230\r\n", b"221-Bye\r\n221\r\n")
    port = await start(saying(*answers))
    assert await ftp.check("127.0.0.1", port=port, user="watcher", probe=probe) == "220-Welcome"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b"421 too many users\r\n"], "greeting: 421 too many users, expected 220"),
        ([b"220 ready\r\n", b"500 what\r\n"], "QUIT: 500 what, expected 221"),
        ([b"HTTP/1.1 400 Bad Request\r\n"], "greeting: HTTP/1.1 400"),
        ([b"220-never\r\n"], "no answer within 1 s"),
        ([], "connection closed"),
        ([b"\r\n"], "greeting: an empty line"),
    ],
)
async def test_a_wrong_answer_is_down(ftp, probe, start, answers, said):
    with pytest.raises(Down, match=said) as found:
        async with asyncio.timeout(10):
            await ftp.check("127.0.0.1", port=await start(saying(*answers)), timeout=1, probe=probe)
    assert found.value.cause in (Cause.WRONG, Cause.TIMEOUT)


async def test_a_server_that_does_not_greet_is_a_timeout(ftp, probe, start):
    with pytest.raises(Down, match="no answer within") as found:
        await ftp.check("127.0.0.1", port=await start(saying(b"")), timeout=0.3, probe=probe)
    assert found.value.cause is Cause.TIMEOUT
