"""Many datagrams with one call of the kernel."""

import os
import socket
import struct
import sys

import pytest

from mon.probe.slots import Slots

NAME = 16
"""Bytes of an IPv4 socket address."""


@pytest.fixture
def pair():
    """Two UDP sockets on loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.2", 0))
        two.setblocking(False)
        yield one, two


def name(host, port):
    return (
        socket.AF_INET.to_bytes(2, sys.byteorder)
        + port.to_bytes(2, "big")
        + socket.inet_aton(host)
        + bytes(8)
    )


def parts(slots, number):
    """Address and data of a slot."""
    slot = bytes(slots.memory[number * slots.size :][: slots.size])
    return socket.inet_ntoa(slot[4:8]), slot[NAME:]


def test_all_are_sent_and_all_are_received_in_one_call_each(pair):
    one, two = pair
    sending, receiving = Slots(3, NAME, 4), Slots(5, NAME, 6)
    to = name(*two.getsockname())
    sending.memory[:] = to + b"one " + to + b"two " + to + b"many"
    assert sending.send(one, 3) == 3
    assert receiving.receive(two) == 3
    assert [parts(receiving, number) for number in range(3)] == [
        ("127.0.0.1", data) for data in (b"one \0\0", b"two \0\0", b"many\0\0")
    ]


def test_a_short_message_shows_nothing_of_the_one_before_in_its_slot(pair):
    one, two = pair
    slots = Slots(1, NAME, 8)
    for sent, seen in ((b"longlong", b"longlong"), (b"sh", b"sh" + bytes(6)), (b"", bytes(8))):
        one.sendto(sent, two.getsockname())
        assert slots.receive(two) == 1
        assert parts(slots, 0) == ("127.0.0.1", seen)


def test_what_the_kernel_tells_of_a_message_is_behind_it(pair):
    one, two = pair
    two.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    slots = Slots(2, NAME, 4, socket.CMSG_SPACE(16))
    for _ in range(2):
        one.sendto(b"word", two.getsockname())
        assert slots.receive(two) == 1
        header = parts(slots, 0)[1][4:][: socket.CMSG_LEN(0)]
        assert int.from_bytes(header[: struct.calcsize("@N")], sys.byteorder) == socket.CMSG_LEN(16)


def test_nothing_there_is_a_blocking_io_error_and_does_not_wait(pair):
    with pytest.raises(BlockingIOError):
        Slots(2, NAME, 4).receive(pair[1])


def test_the_first_that_cannot_be_sent_is_an_error_a_later_one_ends_the_sending(pair):
    one, two = pair
    slots = Slots(2, NAME, 4)
    good, bad = name(*two.getsockname()) + b"good", name("127.0.0.2", 0) + b"bad "  # nobody has port 0
    slots.memory[:] = good + bad
    assert slots.send(one, 2) == 1
    slots.memory[:] = bad + good
    with pytest.raises(OSError, match=os.strerror(22)):
        slots.send(one, 2)
