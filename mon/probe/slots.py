"""Many datagrams with one call of the kernel: sendmmsg(2) and recvmmsg(2).

A message is 40 bytes and its way through the kernel is a few microseconds; a call of ``sendto`` and one of
``recvmsg`` add half as much again, most of it in making the objects that Python gives and takes.
"""

import ctypes
import os
import socket
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)


class IoVec(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", Header), ("length", ctypes.c_uint))


class Slots:
    """Room for ``count`` messages side by side in ``memory``, each of ``size`` bytes.

    A slot is the socket address, then the ``data``, then what the kernel tells of the message (``control``),
    so that one ``struct`` packs or unpacks it; the arguments are the bytes of each.
    """

    def __init__(self, count: int, name: int, data: int, control: int = 0) -> None:
        self.count, self.size = count, name + data + control
        self.memory = bytearray(count * self.size)
        self._kept: list[Any] = [(ctypes.c_char * len(self.memory)).from_buffer(self.memory)]
        self._start = ctypes.addressof(self._kept[0])
        starts = [self._start + number * self.size for number in range(count)]
        pieces = (IoVec * count)(*[IoVec(start + name, data) for start in starts])
        step, first = ctypes.sizeof(IoVec), ctypes.addressof(pieces)
        headers = [
            Header(start, name, first + number * step, 1, start + name + data, control)
            for number, start in enumerate(starts)
        ]
        messages = (Message * count)(*[Message(header) for header in headers])
        self._kept += [pieces, messages]
        self._messages = ctypes.addressof(messages)
        self._fresh = bytes(messages)  # the kernel writes lengths into them

    def send(self, sock: socket.socket, count: int) -> int:
        """Send the first ``count``; how many were taken.  Raises OSError if the first was not."""
        return _checked(LIBC.sendmmsg(sock.fileno(), ctypes.c_void_p(self._messages), count, 0))

    def receive(self, sock: socket.socket) -> int:
        """Fill the slots with what is there; how many.  Raises OSError (BlockingIOError if nothing is).

        What a message does not fill is zero: nothing of the one before is left in its slot.
        """
        ctypes.memset(self._start, 0, len(self.memory))
        ctypes.memmove(self._messages, self._fresh, len(self._fresh))
        flags = socket.MSG_DONTWAIT
        return _checked(
            LIBC.recvmmsg(sock.fileno(), ctypes.c_void_p(self._messages), self.count, flags, None)
        )


def _checked(count: int) -> int:
    if count < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return count
