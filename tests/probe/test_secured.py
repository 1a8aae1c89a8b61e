"""TLS in turns: what a server sends is looked at a piece at a time, whatever it is."""

import contextlib
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme

from mon.errors import Down
from mon.probe import Probe, Tls
from mon.probe.secured import IDLE, TURN, Secured

OVERHEAD = 22
"""Bytes that a record of TLS 1.3 is longer than its data (RFC 8446, 5.2)."""

AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("web.example", "127.0.0.1")


def server_context(tickets: int = 0) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = tickets
    CERTIFICATE.configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


class Counting(socket.socket):
    """Counts the bytes that are read from it."""

    read = 0

    def recv(self, *given: Any) -> bytes:
        data = super().recv(*given)
        self.read += len(data)
        return data


class Pair:
    """Ours, and a server in memory whose bytes go over a real pair of sockets."""

    def __init__(
        self, server: ssl.SSLContext, client: ssl.SSLContext | None = None, name: str = "web.example"
    ):
        ours, self.theirs = socket.socketpair()
        self.sock = Counting(fileno=ours.detach())
        for each in (self.sock, self.theirs):
            each.setblocking(False)
        self._incoming, self._outgoing, self._unsent = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        self.server = server.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.laters = 0
        self.ours = Secured(self.sock, client or client_context(), name, None, self._later)

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
        self.theirs.close()

    def _later(self) -> None:
        self.laters += 1

    def carry(self) -> None:
        """What the server has to say, and what is said to it, as far as the sockets take it."""
        with contextlib.suppress(OSError):
            while data := self._unsent or self._outgoing.read():
                self._unsent = data
                self._unsent = data[self.theirs.send(data) :]
        with contextlib.suppress(BlockingIOError):
            self._incoming.write(self.theirs.recv(1 << 20))

    def served(self, step: Callable[[], object]) -> object:
        """The server does something, as soon as it can."""
        self.carry()
        with contextlib.suppress(ssl.SSLWantReadError):
            return step()
        return None

    def shake_hands(self) -> None:
        """Until both are through."""
        self._until(self.ours.shake_hands, self.server.do_handshake)
        self.served(self.server.do_handshake)

    def _until(self, ours: Callable[[], None], theirs: Callable[[], object]) -> None:
        while True:
            self.ours.resume()
            try:
                ours()
            except BlockingIOError:
                self.served(theirs)
                self.carry()
            else:
                return

    def heard(self) -> bytes:
        """All that the server said, in as many turns as that takes."""
        data, before = b"", -1
        while before != self.sock.read:
            self.carry()
            before = self.sock.read
            self.ours.resume()
            with contextlib.suppress(BlockingIOError):
                while piece := self.ours.recv():
                    data += piece
        return data


def test_a_turn_reads_so_many_bytes_of_records_that_carry_nothing() -> None:
    with Pair(server_context(tickets=1500)) as pair:
        pair.shake_hands()
        turns = []
        while not turns or turns[-1]:
            pair.carry()
            before = pair.sock.read
            pair.ours.resume()
            with pytest.raises(BlockingIOError):
                pair.ours.recv()
            turns.append(pair.sock.read - before)
        assert sum(turns) > 3 * TURN
        assert max(turns) <= TURN
        assert pair.laters == sum(size == TURN for size in turns)


def test_who_sends_nothing_else_is_not_listened_to_for_long() -> None:
    with Pair(server_context(tickets=6000)) as pair:
        pair.shake_hands()
        with pytest.raises(ssl.SSLError, match="records that carry no data"):
            pair.heard()
        assert pair.sock.read <= IDLE + 2 * TURN


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_data_in_the_smallest_records_is_read_to_the_end(version: ssl.TLSVersion) -> None:
    server = server_context()
    server.maximum_version = version
    server.set_ciphers("ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384")  # 85 bytes for one, in TLS 1.2
    with Pair(server) as pair:
        pair.shake_hands()
        for _ in range(60_000):
            pair.server.write(b"x")
        assert pair.heard() == b"x" * 60_000


def test_a_turn_that_ends_with_the_data_asks_for_one_more_only() -> None:
    with Pair(server_context()) as pair:
        pair.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * TURN)
        pair.shake_hands()
        whole = 16384 + OVERHEAD
        pair.server.write(b"x" * (3 * 16384))
        pair.server.write(b"x" * (TURN - 3 * whole - OVERHEAD))
        pair.carry()
        pair.ours.resume()
        for _ in range(4):
            pair.ours.recv()
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                pair.ours.recv()
            pair.ours.resume()
        assert pair.laters == 1


def test_what_the_socket_does_not_take_is_written_once_it_does() -> None:
    sent, got, left = os.urandom(3 << 20), b"", memoryview(b"")
    with Pair(server_context()) as pair:
        pair.shake_hands()
        left = memoryview(sent)
        while left or len(got) < len(sent):
            pair.ours.resume()
            with contextlib.suppress(BlockingIOError):
                while left:
                    left = left[pair.ours.send(left) :]
            pair.carry()
            with contextlib.suppress(ssl.SSLWantReadError):
                while True:
                    got += pair.server.read(1 << 16)
    assert got == sent


def test_an_answer_that_is_cut_ends_as_one_that_is_whole() -> None:
    """Whether it is complete is for who asked to say: many servers close without a word."""
    with Pair(server_context()) as pair:
        pair.shake_hands()
        pair.server.write(b"hello")
        pair.carry()
        pair.theirs.close()
        assert pair.ours.recv() == b"hello"
        assert pair.ours.recv() == pair.ours.recv() == b""


def test_a_server_is_told_why_its_certificate_is_not_accepted() -> None:
    with Pair(server_context(), ssl.create_default_context()) as pair:
        with pytest.raises(ssl.SSLCertVerificationError):
            pair.shake_hands()
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            pair.served(pair.server.do_handshake)


def test_without_a_name_no_certificate_is_accepted() -> None:
    with socket.socket() as sock, pytest.raises(ValueError, match="no name"):
        Secured(sock, client_context(), "", None, lambda: None)


def test_a_certificate_for_another_name_is_not_accepted() -> None:
    refused = pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch")
    with Pair(server_context(), name="mail.example") as pair, refused:
        pair.shake_hands()


async def test_a_server_that_sends_tickets_only_is_down(
    probe: Probe, start: Callable[..., Awaitable[int]]
) -> None:
    async def quiet(reader: Any, _: Any) -> None:
        await reader.read()

    port = await start(quiet, server_context(tickets=6000))
    with pytest.raises(Down, match="TLS: more than 1048576 bytes of records that carry no data"):
        await probe.exchange("127.0.0.1", port, b"x", lambda _: False, timeout=30, tls=Tls(verify=False))
