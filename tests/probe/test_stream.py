"""The TCP and TLS engine against servers that answer, hang, drip, reset and refuse."""

import asyncio
import contextlib
import errno
import itertools
import os
import resource
import socket
import struct
import threading
import time

import pytest
import trustme
from serving import Servers

from mon.errors import Down, Unknown
from mon.model.result import Cause
from mon.probe import Probe, Tls
from mon.probe.stream import TURN


def never(_: bytearray) -> bool:
    return False


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def silent(reader, writer):
    await asyncio.sleep(60)


async def drip(reader, writer):
    while True:
        writer.write(b".")
        await asyncio.sleep(0.05)


async def reset(reader, writer):
    await reader.read(1)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def hello(reader, writer):
    await reader.read(1)
    writer.write(b"hello")


async def test_the_answer_ends_when_it_is_complete(probe, start):
    port = await start(echo)
    assert await probe.exchange("127.0.0.1", port, b"abc", lambda b: b.endswith(b"c"), timeout=5) == b"abc"


async def test_the_answer_ends_with_the_stream(probe, start):
    assert await probe.exchange("127.0.0.1", await start(hello), b"x", never, timeout=5) == b"hello"


async def test_the_answer_ends_at_the_limit(probe, start):
    data = await probe.exchange("127.0.0.1", await start(drip), b"", never, timeout=5, limit=3)
    assert data == b"..."


async def test_complete_sees_the_whole_answer_even_when_it_ends_at_once(probe, start):
    seen = []
    await probe.exchange("127.0.0.1", await start(hello), b"x", lambda b: seen.append(bytes(b)), timeout=5)
    assert seen[-1] == b"hello"


async def test_without_anything_to_wait_for_connecting_is_enough(probe, start):
    assert await probe.exchange("127.0.0.1", await start(silent), b"", lambda _: True, timeout=5) == b""


async def test_a_server_on_ipv6(probe, start):
    port = await start(hello, host="::1")
    assert await probe.exchange("::1", port, b"x", never, timeout=5) == b"hello"


async def test_more_than_the_socket_takes_at_once_is_written(probe, start):
    data = os.urandom(8 << 20)
    port = await start(echo)
    answer = await probe.exchange(
        "127.0.0.1", port, data, lambda b: len(b) >= 8 << 20, timeout=20, limit=9 << 20
    )
    assert answer == data


async def test_it_connects_from_the_address_it_is_told(probe, start):
    async def who(reader, writer):
        writer.write(writer.get_extra_info("peername")[0].encode())

    answer = await probe.exchange("127.0.0.1", await start(who), b"", never, timeout=5, bind="127.0.0.77")
    assert answer == b"127.0.0.77"


async def test_a_name_with_several_addresses_is_tried_until_one_accepts(start, refusing):
    port = await start(hello)
    probe = Probe()
    probe._resolver._look_up = lambda name: ("::1", "127.0.0.1")
    assert await probe.exchange("both.example", port, b"x", never, timeout=5) == b"hello"
    with pytest.raises(Down, match="refused"):
        await probe.exchange("both.example", refusing, b"x", never, timeout=5)
    await probe.close()


async def test_a_refused_connection_is_down(probe, refusing):
    with pytest.raises(Down, match="connection refused") as found:
        await probe.exchange("127.0.0.1", refusing, b"", never, timeout=5)
    assert found.value.cause is Cause.REFUSED


@pytest.mark.parametrize(
    ("serve", "said"),
    [(silent, "no answer within 0.3 s"), (drip, r"answer not complete after 0.3 s \(\d+ bytes\)")],
)
async def test_a_server_that_hangs_or_drips_is_down_in_time(probe, start, serve, said):
    with pytest.raises(Down, match=said) as found:
        await probe.exchange("127.0.0.1", await start(serve), b"x", never, timeout=0.3)
    assert found.value.cause is Cause.TIMEOUT


async def test_a_connection_that_is_not_accepted_in_time_is_down(probe):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        with pytest.raises(Down, match=r"no connection within 0\.3 s") as found:
            await probe.exchange("127.0.0.1", full.getsockname()[1], b"x", never, timeout=0.3)
    assert found.value.cause is Cause.TIMEOUT


async def test_a_reset_connection_is_down(probe, start):
    with pytest.raises(Down, match="connection reset") as found:
        await probe.exchange("127.0.0.1", await start(reset), b"x", never, timeout=5)
    assert found.value.cause is Cause.WRONG


def answering_and_resetting(answer, tls=None, port=0):
    """As a script under xinetd: it never reads what it is sent, so that its close is a reset."""
    listener = socket.create_server(("127.0.0.1", port))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with contextlib.suppress(OSError), tls.wrap_socket(client, True) if tls else client as line:
                    time.sleep(0.05)  # what is sent is there, unread
                    line.sendall(answer)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("answer", [b"hello", b"x" * 20_000])
async def test_what_came_before_a_reset_is_the_answer(probe, server_context, secure, answer):
    with answering_and_resetting(answer, server_context if secure else None) as listener:
        port, tls = listener.getsockname()[1], Tls(verify=False) if secure else None
        for complete in (never, lambda received: len(received) >= len(answer)):
            assert await probe.exchange("127.0.0.1", port, b"x", complete, timeout=5, tls=tls) == answer
        listener.shutdown(socket.SHUT_RDWR)


async def test_nothing_before_a_reset_is_no_answer(probe):
    with answering_and_resetting(b"") as listener:
        with pytest.raises(Down, match="connection reset"):
            await probe.exchange("127.0.0.1", listener.getsockname()[1], b"x", never, timeout=5)
        listener.shutdown(socket.SHUT_RDWR)


async def test_a_tls_record_that_is_broken_spoils_what_came_before_it(probe, start, server_context):
    async def tampered(reader, writer):
        writer.write(b"hello")
        await writer.drain()
        writer.get_extra_info("socket")._sock.send(b"\x17\x03\x03\x00\x20" + bytes(32))
        await asyncio.sleep(0.1)

    port = await start(tampered, server_context)
    with pytest.raises(Down, match="TLS: "):
        await probe.exchange("127.0.0.1", port, b"x", never, timeout=5, tls=Tls(verify=False))


async def test_no_descriptors_is_our_own_trouble(probe, start):
    port = await start(hello)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        with pytest.raises(OSError, match="Too many"):
            while True:
                taken.append(socket.socket())
        with pytest.raises(Unknown, match="Too many open files"):
            await probe.exchange("127.0.0.1", port, b"x", never, timeout=5)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for sock in taken:
            sock.close()


@pytest.mark.parametrize(
    ("host", "bind", "said"),
    [
        ("127.0.0.1", "192.0.2.7", os.strerror(errno.EADDRNOTAVAIL)),
        ("127.0.0.1", "eth0", "not a numeric address"),
        ("fe80::1", "", "cannot connect"),
        ("fe80::1%nowhere", "", "no interface with this name"),
        ("127.0.0.1", "::1", "of the other family"),
    ],
)
async def test_what_our_own_machine_cannot_do_is_unknown(probe, host, bind, said):
    with pytest.raises(Unknown, match=said) as found:
        await probe.exchange(host, 9, b"", never, timeout=5, bind=bind)
    assert found.value.cause is Cause.NONE


async def test_a_name_that_does_not_resolve_is_unknown(probe):
    probe._resolver._look_up = lambda name: (_ for _ in ()).throw(OSError(-2, "Name or service not known"))
    with pytest.raises(Unknown, match=r"cannot resolve web\.example: Name or service not known"):
        await probe.exchange("web.example", 9, b"", never, timeout=5)


async def test_a_timeout_while_we_were_held_up_is_unknown(probe, start):
    port = await start(silent)
    check = asyncio.ensure_future(probe.exchange("127.0.0.1", port, b"", never, timeout=0.6))
    await asyncio.sleep(0.1)
    time.sleep(1.5)  # noqa: ASYNC251  (that is what is tested)
    with pytest.raises(Unknown, match="mon itself was held up"):
        await check


async def test_a_fault_of_the_check_is_raised_where_it_is_run(probe, start):
    port = await start(hello)
    with pytest.raises(TypeError):
        await probe.exchange("127.0.0.1", port, b"x", lambda _: None + 1, timeout=5)


async def test_an_answer_that_cannot_be_read_is_down(probe, start):
    port = await start(hello)
    for read in (int, lambda data: data[99], lambda data: struct.unpack("!Q", data), lambda _: 1 / 0, deep):
        with pytest.raises(Down, match="its answer cannot be read: "):
            await probe.exchange("127.0.0.1", port, b"x", read, timeout=5)


def deep(data):
    return deep(data)


async def test_a_flood_leaves_others_their_turn(probe, start):
    port = await start(flood)
    sizes = []
    await probe.exchange("127.0.0.1", port, b"x", lambda data: sizes.append(len(data)), timeout=5)
    assert max(after - before for before, after in itertools.pairwise(sizes)) <= 2 * TURN


async def flood(reader, writer):
    await reader.read(1)
    writer.write(b"x" * (1 << 20))


async def test_nothing_stays_open(probe, start, refusing):
    port, quiet = await start(hello), await start(silent)
    await probe.exchange("127.0.0.1", port, b"x", never, timeout=5)
    await asyncio.sleep(0.05)
    before = len(os.listdir("/proc/self/fd"))
    for target in (refusing, quiet):
        with pytest.raises(Down):
            await probe.exchange("127.0.0.1", target, b"x", never, timeout=0.1)
    cancelled = asyncio.ensure_future(probe.exchange("127.0.0.1", quiet, b"x", never, timeout=5))
    await asyncio.sleep(0.05)
    cancelled.cancel()
    await asyncio.wait((cancelled,))
    server_ends = 2  # of the connections to the silent server
    assert len(os.listdir("/proc/self/fd")) <= before + server_ends


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server_context(authority):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("web.example", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority, tmp_path):
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


async def test_tls_with_a_trusted_certificate(probe, start, server_context, ca_file):
    port = await start(hello, server_context)
    for name in ("", "web.example"):
        tls = Tls(ca=ca_file, name=name)
        assert await probe.exchange("127.0.0.1", port, b"x", never, timeout=5, tls=tls) == b"hello"


async def test_a_long_answer_over_tls(probe, start, server_context):
    async def long(reader, writer):
        writer.write(b"x" * 500_000)

    port = await start(long, server_context)
    assert (
        len(await probe.exchange("127.0.0.1", port, b"", never, timeout=5, tls=Tls(verify=False))) == 500_000
    )


async def test_a_long_request_over_tls(probe, start, server_context):
    data = os.urandom(3 << 20)
    port = await start(echo, server_context)
    answer = await probe.exchange(
        "127.0.0.1", port, data, lambda b: len(b) >= 3 << 20, timeout=20, tls=Tls(verify=False), limit=4 << 20
    )
    assert answer == data


async def test_a_server_that_speaks_first_over_tls(probe, start, server_context):
    async def greet(reader, writer):
        writer.write(b"* OK\r\n")
        await asyncio.sleep(60)

    port = await start(greet, server_context)
    async with probe.talk("127.0.0.1", port, timeout=5, tls=Tls(verify=False)) as talk:
        assert await talk.read_line() == "* OK"


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        (Tls(), "TLS: certificate not accepted"),
        (Tls(name="mail.example", ca="CA"), "TLS: certificate not accepted: Hostname mismatch"),
    ],
)
async def test_a_certificate_that_is_not_good_is_down(probe, start, server_context, ca_file, tls, said):
    tls = Tls(tls.verify, tls.name, ca_file if tls.ca else "")
    port = await start(hello, server_context)
    with pytest.raises(Down, match=said) as found:
        await probe.exchange("127.0.0.1", port, b"x", never, timeout=5, tls=tls)
    assert found.value.cause is Cause.WRONG


async def test_a_server_without_tls_is_down(probe, start):
    with pytest.raises(Down, match="TLS: "):
        await probe.exchange("127.0.0.1", await start(hello), b"x", never, timeout=5, tls=Tls(verify=False))


async def test_a_server_that_hangs_in_the_handshake_is_down(probe, start):
    with pytest.raises(Down, match=r"no TLS handshake within 0\.3 s"):
        await probe.exchange(
            "127.0.0.1", await start(silent), b"x", never, timeout=0.3, tls=Tls(verify=False)
        )


async def test_a_session_is_resumed_where_that_is_wished(probe, start, server_context):
    resumed = []

    async def serve(reader, writer):
        resumed.append(writer.get_extra_info("ssl_object").session_reused)
        await hello(reader, writer)

    port = await start(serve, server_context)
    for tls in (Tls(verify=False), Tls(verify=False), *[Tls(verify=False, resume=True)] * 3):
        await probe.exchange("127.0.0.1", port, b"x", lambda b: b == b"hello", timeout=5, tls=tls)
    assert resumed == [False, False, False, True, True]


async def test_authorities_that_cannot_be_read_are_our_own_trouble(probe):
    with pytest.raises(Unknown, match="cannot read certificates of /nowhere"):
        await probe.exchange("127.0.0.1", 9, b"", never, timeout=5, tls=Tls(ca="/nowhere"))


# -- other loops -----------------------------------------------------------------------------------


def loops():
    try:
        import uvloop
    except ImportError:
        return [asyncio.SelectorEventLoop]
    return [asyncio.SelectorEventLoop, uvloop.new_event_loop]


@pytest.mark.parametrize("loop", loops())
def test_the_engine_on_every_loop_there_is(loop, refusing):
    async def main():
        servers = Servers()
        port = await servers.listen(hello)
        probe = Probe()
        answers = await asyncio.gather(
            *(probe.exchange("127.0.0.1", port, b"x", never, timeout=5) for _ in range(50)),
            *(probe.exchange("127.0.0.1", refusing, b"x", never, timeout=5) for _ in range(50)),
            return_exceptions=True,
        )
        await probe.close()
        await servers.close()
        return answers

    with asyncio.Runner(loop_factory=loop) as runner:
        answers = runner.run(main())
    assert answers[:50] == [b"hello"] * 50
    assert all(isinstance(answer, Down) for answer in answers[50:])
