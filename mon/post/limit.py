"""An end to one call of a library that blocks: its own timeouts are for each piece, not for the whole."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any


class Limit:
    """``seconds`` after the beginning, the connections that it was told of end, whatever they wait for."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._opened: list[socket.socket] = []
        self.struck = False

    def __enter__(self) -> "Limit":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for each in self._opened:
                each.close()
            self._opened.clear()

    def opened(self, sock: socket.socket) -> None:
        """A connection that was just made.

        Kept is a descriptor of our own: shaking hands for TLS takes the socket's away.
        """
        with self._lock:
            self._opened.append(sock.dup())
            if self.struck:
                self._end(sock)

    def body(self, raw: Any, most: int) -> bytes:
        """What comes in time of the body of an answer (urllib3's), and ``most`` bytes of it.

        Raises TimeoutError, or an exception of urllib3.
        """
        from urllib3.exceptions import ProtocolError  # whoever has an answer has loaded it

        found = bytearray()
        some = getattr(raw, "read1", raw.read)  # read1 returns what there is
        try:
            while len(found) < most and (part := some(65536, decode_content=True)):
                found += part
                if self.struck:
                    break
            if len(found) >= most:
                raw.close()  # what follows is not for the next request
        except ProtocolError as error:
            broken = error.args[1] if len(error.args) > 1 else None
            if not isinstance(broken, ConnectionError) or raw.chunked or raw.length_remaining is not None:
                raise  # else it ends with the connection, however that ends
        if self.struck:  # what looks like the end of it is our own doing
            raise TimeoutError
        return bytes(found)

    def _cut(self) -> None:
        with self._lock:
            self.struck = True
            for each in self._opened:
                self._end(each)

    @staticmethod
    def _end(sock: socket.socket) -> None:
        with suppress(OSError):  # it has ended already
            sock.shutdown(socket.SHUT_RDWR)
