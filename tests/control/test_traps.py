"""Traps: parsed, trusted or not, and handed to the engine in order."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.control.classic.access import Access, parse
from mon.control.classic.session import Gate
from mon.control.datagrams import Trap
from mon.control.datagrams import parse as parse_trap
from mon.control.traps import MOST_LINES, MOST_OF_ONE, MOST_WAITING, TrapPort, destination
from mon.errors import ControlError

CONFIG = """
watch remote
    service disk
        description disks

watch default
    service default
    service known
"""

TRUST = parse("command section\ntrap section\n127.0.0.1 * *\n")


def test_a_datagram_becomes_a_trap() -> None:
    data = b"pro='0.3807'\nusr=joe\ngrp='remote'\nsvc=disk\nsta=3\nsum='disk\\20full'\ndtl='a\\0ab'\ntyp=x\n"
    assert parse_trap(data) == Trap("remote", "disk", 3, "disk full", "a\nb", "joe")


def test_its_output_has_an_empty_line_before_the_detail() -> None:
    assert Trap("g", "s", 1, "a", "b").output == Trap("g", "s", 1, "a\n", "b").output == "a\n\nb"


@pytest.mark.parametrize(("text", "status"), [("", 0), ("0", 0), ("7", 7), ("bad", 1), ("9" * 99, 1)])
def test_a_status_is_like_that_of_a_monitor(text: str, status: int) -> None:
    assert parse_trap(f"pro=1\nsta={text}\n".encode()).status == status


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "protocol '' is older than 0.3807"),
        (b"pro=0.3806\nsta=1", "is older"),
        (b"pro=nan\nsta=1", "is older"),
        (b"pro=1\ngrp=x", "no status"),
    ],
)
def test_a_datagram_that_is_no_trap_says_why(data: bytes, why: str) -> None:
    with pytest.raises(ControlError, match=why):
        parse_trap(data)


@given(st.binary(max_size=300))
def test_no_datagram_breaks_the_parser(data: bytes) -> None:
    try:
        parse_trap(b"pro=1\nsta=1\n" + data)
    except ControlError:
        pass


@pytest.mark.parametrize(
    ("group", "service", "key", "intended"),
    [
        ("remote", "disk", ("remote", "disk"), ""),
        ("nowhere", "nothing", ("default", "default"), "nowhere:nothing"),
        ("other", "known", ("default", "known"), "other:known"),
        ("default", "default", ("default", "default"), ""),
        ("default", "nothing", ("default", "default"), ""),
    ],
)
def test_a_trap_for_an_unknown_group_goes_to_the_default(
    new_daemon: Callable[[str], Any], group: str, service: str, key: tuple[str, str], intended: str
) -> None:
    assert destination(Trap(group, service, 1), new_daemon(CONFIG).book) == (key, intended)


def test_a_known_group_with_an_unknown_service_has_no_default(new_daemon: Callable[[str], Any]) -> None:
    with pytest.raises(ControlError, match="unknown group or service remote/nothing"):
        destination(Trap("remote", "nothing", 1), new_daemon(CONFIG).book)


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ("", "unknown host"),
        ("127.0.0.1 * *", ""),
        ("* * *", ""),
        ("10.0.0.1 * *", "unknown host"),
        ("127.0.0.1 * *\n* ann x", "unknown user 'joe'"),
        ("127.0.0.1 joe abiQ6Ep3EYTHc", ""),
        ("127.0.0.1 joe abiQ6Ep3EYTHc\n127.0.0.1 joe $5$other", "the password of user 'joe' is wrong"),
        ("127.0.0.1 joe *", "the password of user 'joe' is wrong"),
        ("127.0.0.1 joe x", "the password of user 'joe' is wrong"),
        ("not three", "unknown host"),
    ],
)
async def test_auth_cf_says_who_may_send(section: str, why: str) -> None:
    gate = Gate(parse(f"trap section\n{section}\n"))
    try:
        await gate.admit("joe", "x", "127.0.0.1")
    except ControlError as error:
        assert str(error) == why
    else:
        assert why == ""
    gate.logins.close()


class Sent:
    """A port under test and a socket that sends to it."""

    def __init__(self, daemon: Any, access: Access | None) -> None:
        self.daemon = daemon
        self.port = TrapPort(daemon, Gate(access))
        self.number = 0

    async def send(self, *datagrams: bytes) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as line:
            for data in datagrams:
                line.sendto(data, ("127.0.0.1", self.number))
        await asyncio.sleep(0.2)


@pytest.fixture
async def sent(new_daemon: Callable[[str], Any]) -> AsyncIterator[Sent]:
    sent = Sent(new_daemon(CONFIG), TRUST)
    sent.number = await sent.port.start("127.0.0.1", 0)
    yield sent
    await sent.port.close()


async def test_a_trap_changes_the_status_of_its_service(sent: Sent) -> None:
    await sent.send(b"pro=1\ngrp=remote\nsvc=disk\nsta=3\nsum='disk\\20full'\n")
    state = sent.daemon.book.states["remote", "disk"]
    assert (state.exitval, state.last_summary) == (3, "disk full")
    assert [step.keys for step in sent.daemon.steps] == [(("remote", "disk"),)]


async def test_bad_datagrams_are_logged_and_good_ones_after_them_count(
    sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    good = b"pro=1\ngrp=remote\nsvc=disk\nsta=0\n"
    await sent.send(b"", b"\xff" * 9000, b"pro=1\nsta=1\ngrp=remote\nsvc=x\n", good)
    assert sent.daemon.book.states["remote", "disk"].exitval == 0
    assert "a trap from 127.0.0.1 is dropped: unknown group or service remote/x" in caplog.text


async def test_without_auth_cf_nobody_is_trusted(
    new_daemon: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    sent = Sent(new_daemon(CONFIG), None)
    sent.number = await sent.port.start("127.0.0.1", 0)
    await sent.send(b"pro=1\ngrp=remote\nsvc=disk\nsta=1\n")
    await sent.port.close()
    assert sent.daemon.book.states["remote", "disk"].exitval is None
    assert "there is no auth.cf" in caplog.text


async def test_a_port_in_use_is_an_error(sent: Sent) -> None:
    with pytest.raises(ControlError, match=f"cannot listen at 127.0.0.1 UDP port {sent.number}"):
        await TrapPort(sent.daemon, Gate(TRUST)).start("127.0.0.1", sent.number)


def test_a_flood_from_one_address_leaves_room_for_others(new_daemon: Callable[[str], Any]) -> None:
    port = TrapPort(new_daemon(CONFIG), Gate(TRUST))

    async def flooded() -> None:
        for number in range(5 * MOST_WAITING):
            port.datagram_received(b"x", ("192.0.2.1", number))
        port.datagram_received(b"x", ("192.0.2.2", 1))

    asyncio.run(flooded())
    assert port._waiting.qsize() == MOST_OF_ONE + 1
    assert port.dropped == 5 * MOST_WAITING - MOST_OF_ONE


async def test_large_traps_have_a_turn_of_the_loop_each(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, turns = 0, list[int]()

    async def take(data: bytes, address: str) -> None:
        turns.append(turn)

    monkeypatch.setattr(sent.port, "_take", take)
    for _ in range(50):
        sent.port.datagram_received(b"x" * 60_000, ("192.0.2.1", 1))
    while len(turns) < 50:
        turn += 1
        await asyncio.sleep(0)
    assert len(set(turns)) == 50


async def test_dropped_traps_are_told_some_and_counted_all(
    sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    await sent.send(*(b"no trap" for _ in range(200)))
    assert sent.port.dropped == 200
    assert len(caplog.messages) == MOST_LINES + 1
    assert f"{MOST_LINES} traps were dropped so far; the next ones are only counted" in caplog.text


def test_a_datagram_of_endless_lines_is_no_trap() -> None:
    with pytest.raises(ControlError, match="more than 100 lines"):
        parse_trap(b"pro=1\nsta=1\n" + b"a=\n" * 20_000)
